"""Who writes to a file is known where the kernel tells, and asking harms nobody."""

import fcntl
import os
import subprocess
import sys
import threading

import pytest

from wats_worker.spool import open_files
from wats_worker.spool.files import READ_SAFELY
from wats_worker.spool.open_files import Use

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "board.csv"
    path.write_text("PASS")
    return path


@pytest.fixture
def descriptor(path):
    descriptor = os.open(path, READ_SAFELY)
    yield descriptor
    os.close(descriptor)


def test_a_file_nobody_writes_to_is_free(descriptor, path):
    """Readers do not count."""
    with path.open("rb"):
        assert open_files.look(descriptor) is Use.FREE


def test_a_writer_is_seen(descriptor, path):
    """Also one who has written nothing yet."""
    with path.open("ab"):
        assert open_files.look(descriptor) is Use.WRITTEN

    assert open_files.look(descriptor) is Use.FREE


def test_an_exclusive_flock_is_seen(descriptor, path):
    """The old way to say that one is not finished."""
    with path.open("rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_EX)
        assert open_files.look(descriptor) is Use.WRITTEN


LOCK = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_an_exclusive_posix_lock_is_seen_without_leases(path):
    """Some file systems have no leases but know locks."""
    descriptor = os.open(path, os.O_RDWR)  # the kernel gives no lease on this one
    holder = subprocess.Popen(
        [sys.executable, "-c", LOCK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        holder.stdout.readline()
        locked = open_files._is_locked(descriptor)
        holder.stdin.close()

    assert locked
    assert not open_files._is_locked(descriptor)
    os.close(descriptor)


def test_a_writer_waits_while_we_hold_the_file(descriptor, path):
    """And is let in at the end of the block; the kernel's signal about him ends nobody."""
    wrote = threading.Event()

    def write() -> None:
        subprocess.run([sys.executable, "-c", f"open({str(path)!r}, 'ab').write(b'more')"], check=True)
        wrote.set()

    writer = threading.Thread(target=write)
    with open_files.guard(descriptor) as use:
        writer.start()
        early = wrote.wait(0.5)
        during = path.read_text()
    writer.join()

    assert use is Use.FREE
    assert not early
    assert during == "PASS"
    assert path.read_text() == "PASSmore"
