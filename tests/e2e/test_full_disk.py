"""A disk that is full to the last byte: the archive makes room by itself, and nothing undelivered is touched."""

import os
import re
import secrets
import shutil
import subprocess
from contextlib import suppress

import pytest
from running import RunningLine, wstf
from support import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

FILES = 30
MIN_FREE = 6 * 2**20


@pytest.fixture
def disk(tmp_path):
    """A disk on which everything of a line lies: broker, spool, archive, trail, even its log."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=250m", "tmpfs", folder], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def line(disk, server):
    line = RunningLine(disk, server, toml="[archive]\nmin_free_mb = 6\n")
    line.start()
    yield line
    assert line.stop() == 0


def large(serial):
    """A unit with steps of random names, which no compression makes small."""
    names = iter(lambda: f"Voltage {secrets.token_urlsafe(60)}", None)
    return re.sub(rb"Voltage \d+", lambda _: next(names).encode(), wstf(serial, steps=3000))


def fill(file):
    """Take all that is left of a disk."""
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(2**16))


def test_the_archive_makes_room_and_what_is_not_delivered_stays(line, disk):
    """Not even the broker can write when it begins. Bytes go until there is as much room as is wanted."""
    for n in range(FILES):
        line.drop(f"unit{n:02}.txt", large(f"SN{n:02}"))
    line.wait_for(FILES)
    line.wait_for_rest()
    wait_until((disk / "archive/.reserve").exists, what="some room to be kept in hand", timeout=60)
    line.server.stop()
    line.drop("late.txt", wstf("SN-LATE"))
    wait_until(lambda: line.line.queue.census().depth == 1, what="a report to wait", timeout=60)

    fill(disk / "filler")
    wait_until(lambda: shutil.disk_usage(disk).free >= MIN_FREE, what=f"room; see {line.log}", timeout=120)
    line.server.start()
    line.wait_for(FILES + 1)
    line.wait_for_rest()

    files, _ = line.line.catalogue.kept.count()
    assert 0 < files < FILES
    assert line.ask("archive", "verify")["findings"] == []
    assert len(line.delivered()) == FILES + 1
    assert {report["receiveCount"] for report in line.delivered()} == {1}
