"""A file is read as it was sighted, or not at all."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Claimable
from wats_worker.watch.identity import Identifier, NotYet, Odd
from wats_worker.watch.settle import Sighting


def identifier(folder, **changes):
    return Identifier(**({"source": "ict", "folder": folder, "pool": "convert", "priority": 5} | changes))


def sighting(folder, name):
    return Sighting(name, Stamp.of((folder / name).lstat()))


def test_the_source_is_part_of_the_identity(tmp_path):
    """The same bytes from two sources may be converted differently."""
    (tmp_path / "a.csv").write_text("PASS")
    ids = {
        identifier(tmp_path, source=source).identify(sighting(tmp_path, "a.csv")).file_id
        for source in ("ict", "fct")
    }

    assert len(ids) == 2


def test_the_name_is_not_part_of_the_identity(tmp_path):
    """A file renamed and dropped again is the same file."""
    (tmp_path / "a.csv").write_text("PASS")
    (tmp_path / "b.csv").write_text("PASS")

    first, second = (identifier(tmp_path).identify(sighting(tmp_path, name)) for name in ("a.csv", "b.csv"))

    assert first.file_id == second.file_id


def test_a_file_that_changed_since_it_was_sighted_is_not_read(tmp_path):
    """It has to settle again."""
    (tmp_path / "a.csv").write_text("PASS")
    before = sighting(tmp_path, "a.csv")
    (tmp_path / "a.csv").write_text("FAIL")

    assert identifier(tmp_path).identify(before) == NotYet()


def test_a_file_that_grows_while_it_is_read_is_not_taken(tmp_path):
    """The last look at its times tells."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 3_000_000)

    def grow() -> bool:
        with path.open("ab") as writer:
            writer.write(b"more")
        return False

    assert identifier(tmp_path, give_up=grow).identify(sighting(tmp_path, "a.csv")) == NotYet()


def test_reading_ends_when_the_process_ends(tmp_path):
    """Even in the middle of a large file."""
    (tmp_path / "a.csv").write_bytes(b"x" * 3_000_000)

    found = identifier(tmp_path, give_up=lambda: True).identify(sighting(tmp_path, "a.csv"))

    assert found == NotYet()


def test_a_pipe_in_place_of_the_file_blocks_nobody(tmp_path):
    """Whoever swaps it in between must not make us wait for ever."""
    (tmp_path / "a.csv").write_text("PASS")
    before = sighting(tmp_path, "a.csv")
    (tmp_path / "a.csv").unlink()
    os.mkfifo(tmp_path / "a.csv")

    assert identifier(tmp_path).identify(before) == NotYet()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_we_may_not_read_is_odd():
    """With the system's own words."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a.csv").write_text("PASS")
        (folder / "a.csv").chmod(stat.S_IWUSR)
        before = sighting(folder, "a.csv")
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            found = identifier(folder).identify(before)
            os._exit(found == Odd("can't be read: Permission denied"))
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_of_somebody_else_is_read_without_knowing_its_writers():
    """The kernel tells only the owner who has a file open; quiet time alone decides then."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a.csv").write_text("PASS")
        (folder / "a.csv").chmod(0o644)
        before = sighting(folder, "a.csv")
        child = os.fork()
        if child == 0:
            os.setuid(65534)
            found = identifier(folder).identify(before)
            os._exit(isinstance(found, Claimable))
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 1
