"""Files come into the spool whole, once, and with everything that is known about them."""

import fcntl
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from worker.claimables import claimable
from worker.folders import names_in

from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.model import Outcome, Place
from wats_worker.spool.store import DiskSpool


def outcomes(claimed):
    return [result.outcome for result in claimed]


def test_a_claimed_file_has_left_its_folder_and_lies_in_the_spool(spool, folder, drop):
    """One rename takes the file away and puts it beside its card."""
    file = drop("line 3/board.csv", b"PASS")

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.CLAIMED]
    assert not (folder / "line 3/board.csv").exists()
    assert spool.source(file.file_id).read_bytes() == b"PASS"
    assert spool.place(file.file_id) is Place.WAITING
    meta = spool.meta(file.file_id)
    assert (meta.name, meta.source, meta.size, meta.sha256) == ("line 3/board.csv", "ict", 4, file.sha256)
    assert meta.path == str(folder / "line 3/board.csv")


def test_a_whole_batch_is_claimed_at_once(spool, drop):
    """The answers come in the order of the question."""
    files = [drop(f"{number}.csv", str(number).encode()) for number in range(64)]

    claimed = spool.claim(files, keep=False)

    assert [result.file for result in claimed] == files
    assert set(outcomes(claimed)) == {Outcome.CLAIMED}
    assert sorted(spool.waiting()) == sorted(file.file_id for file in files)


def test_the_spool_is_closed_to_other_users(spool):
    """Logs may carry what is nobody's business."""
    assert spool.root.stat().st_mode & 0o777 == 0o700


def test_a_file_changed_after_it_was_hashed_stays(spool, folder, drop):
    """It has to be looked at again; half of it must not go on."""
    file = drop()
    with (folder / "board.csv").open("ab") as late:
        late.write(b" and more")

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]
    assert (folder / "board.csv").read_bytes() == b"PASS and more"
    assert list(spool.waiting()) == []


def test_a_file_replaced_by_another_of_its_size_stays(spool, folder, drop):
    """A writer that renames a new file over the old one is seen by the inode."""
    file = drop()
    other = folder / "other"
    other.write_bytes(b"FAIL")
    os.utime(other, ns=(file.stamp.mtime_ns, file.stamp.mtime_ns))
    other.rename(folder / "board.csv")

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]
    assert (folder / "board.csv").read_bytes() == b"FAIL"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")
def test_a_file_that_somebody_writes_to_stays(spool, folder, drop):
    """However long the writer is silent."""
    file = drop()

    with (folder / "board.csv").open("ab"):
        claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]
    assert outcomes(spool.claim([file], keep=False)) == [Outcome.CLAIMED]


def test_a_file_that_somebody_has_locked_stays(spool, folder, drop):
    """Some loggers say by a lock that they are not finished."""
    file = drop()

    with (folder / "board.csv").open("rb") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]


def test_a_file_that_is_gone_is_no_error(spool, folder, drop):
    """Another watcher, or a person, was quicker."""
    here, gone = drop("here.csv", b"1"), drop("gone.csv", b"2")
    (folder / "gone.csv").unlink()

    claimed = spool.claim([gone, here], keep=False)

    assert outcomes(claimed) == [Outcome.GONE, Outcome.CLAIMED]


@pytest.fixture
def swap(folder, tmp_path):
    """A spool in whose claims something happens to the file at the last moment before it is taken."""

    def make(happen):
        return DiskSpool(tmp_path / "spool", step=lambda step: happen() if step == "take" else None)

    return make


def test_a_file_swapped_at_the_last_moment_goes_back(swap, folder, drop):
    """It may be half of something else, so it has to settle like any other file."""
    file = drop()

    def happen():
        (folder / "other").write_bytes(b"half")
        (folder / "other").rename(folder / "board.csv")

    spool = swap(happen)

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]
    assert (folder / "board.csv").read_bytes() == b"half"
    assert list(spool.waiting()) == []


def test_a_link_swapped_in_at_the_last_moment_goes_back(swap, folder, drop):
    """It was renamed, not followed."""
    file = drop()

    def happen():
        (folder / "board.csv").unlink()
        (folder / "board.csv").symlink_to("/etc/hostname")

    claimed = swap(happen).claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]
    assert (folder / "board.csv").is_symlink()


def test_a_copy_is_compared_with_what_was_hashed(spool, folder, drop):
    """Times can be set; the hash can't."""
    file = replace(drop(), sha256="0" * 64)

    assert outcomes(spool.claim([file], keep=True)) == [Outcome.BUSY]
    assert list(spool.waiting()) == []


def test_an_original_stays_when_its_copy_found_no_place(tmp_path, other_disk):
    """The copy goes, not the file."""
    (other_disk / "far.csv").write_bytes(b"PASS")
    file = claimable(other_disk, "far.csv")
    files = tmp_path / "spool/files"

    def break_spool(step):
        if step == "place":
            files.rmdir()
            files.touch()

    claimed = DiskSpool(tmp_path / "spool", step=break_spool).claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.BUSY]
    assert (other_disk / "far.csv").read_bytes() == b"PASS"


def test_a_link_in_place_of_the_file_is_not_followed(spool, folder, drop, tmp_path):
    """What was a file when it was hashed may be a link to somebody's secrets now."""
    file = drop()
    secret = tmp_path / "secret"
    secret.write_bytes(b"PASS")
    (folder / "board.csv").unlink()
    (folder / "board.csv").symlink_to(secret)

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.REFUSED]
    assert "link" in claimed[0].reason
    assert secret.exists()


def test_a_link_in_place_of_a_sub_folder_is_not_followed(spool, folder, drop, tmp_path):
    """Nobody can make us move files out of a folder we do not watch."""
    file = drop("sub/board.csv")
    (folder / "sub").rename(tmp_path / "elsewhere")
    (folder / "sub").symlink_to(tmp_path / "elsewhere")

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) != [Outcome.CLAIMED]
    assert (tmp_path / "elsewhere/board.csv").exists()


def test_the_same_bytes_again_are_known(spool, drop, folder):
    """The second copy leaves the watch folder and is given to the caller to dispose of."""
    first, second = drop("a.csv"), drop("b.csv")

    claimed = spool.claim([first, second], keep=False)

    assert outcomes(claimed) == [Outcome.CLAIMED, Outcome.KNOWN]
    assert not (folder / "b.csv").exists()
    assert claimed[1].copy.read_bytes() == b"PASS"
    assert len(list(spool.waiting())) == 1


def test_the_same_bytes_are_known_after_they_are_archived(spool, take, drop):
    """The archive remembers what every other memory may have lost."""
    file_id = take()
    spool.save_reports(file_id, {})
    spool.finish(file_id)
    spool.leave(file_id)

    claimed = DiskSpool(spool.root, remembered={file_id}.__contains__).claim([drop("again.csv")], keep=False)

    assert outcomes(claimed) == [Outcome.KNOWN]
    assert spool.place(file_id) is None


def test_a_kept_file_stays_and_is_copied(spool, folder, drop):
    """For shares that belong to others."""
    file = drop()

    claimed = spool.claim([file], keep=True)

    assert outcomes(claimed) == [Outcome.CLAIMED]
    assert (folder / "board.csv").read_bytes() == b"PASS"
    assert spool.source(file.file_id).read_bytes() == b"PASS"
    assert spool.meta(file.file_id).kept


def test_names_that_are_not_utf8_come_in_and_can_be_read(spool, folder):
    """The card carries a quoted form, and the true name can be had from it."""
    name = os.fsdecode(b"caf\xe9\n.csv")
    (folder / name).write_bytes(b"PASS")
    file = claimable(folder, name)

    spool.claim([file], keep=False)

    meta = spool.meta(file.file_id)
    assert meta.name == "caf%E9%0A.csv"
    assert meta.native_name == name


def test_another_file_system_is_copied_verified_and_removed(spool, other_disk):
    """A rename does not reach across; the original goes when the copy is durable."""
    (other_disk / "far.csv").write_bytes(b"x" * 3_000_000)
    file = claimable(other_disk, "far.csv")

    claimed = spool.claim([file], keep=False)

    assert outcomes(claimed) == [Outcome.CLAIMED]
    assert not (other_disk / "far.csv").exists()
    assert spool.source(file.file_id).stat().st_size == 3_000_000
    assert spool.source(file.file_id).stat().st_mtime_ns == file.stamp.mtime_ns


@pytest.mark.parametrize("writes", ["a new file", "more of it"])
def test_what_comes_after_the_copy_is_not_removed_with_the_original(tmp_path, other_disk, writes):
    """Whoever writes under its name at the last moment finds his file again."""
    path = other_disk / "far.csv"
    path.write_bytes(b"PASS")
    file = claimable(other_disk, "far.csv")

    def happen(step):
        if step == "remove-original" and writes == "a new file":
            (other_disk / "other").write_bytes(b"FAIL")
            (other_disk / "other").rename(path)
        elif step == "remove-original":
            path.write_bytes(b"PASS and more")

    DiskSpool(tmp_path / "spool", step=happen).claim([file], keep=False)

    assert names_in(other_disk) == ["far.csv"]
    assert path.read_bytes() in {b"FAIL", b"PASS and more"}


FULL_DISK = """
import resource, sys, pickle
from pathlib import Path
from wats_worker.spool.store import DiskSpool
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.errors import SpoolUnusable
root, files = pickle.loads(bytes.fromhex(sys.argv[1]))
spool = DiskSpool(root)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    spool.claim(files, keep=False)
except SpoolUnusable as problem:
    print(problem)
"""


def test_a_full_disk_claims_nothing(tmp_path, folder, drop):
    """Every file is still in the watch folder, nothing half-made is left, and later it works."""
    files = [drop("a.csv", b"1"), drop("b.csv", b"2")]
    order = pickle.dumps((tmp_path / "spool", files)).hex()

    said = subprocess.run(
        [sys.executable, "-c", FULL_DISK, order], check=True, capture_output=True, text=True, cwd=Path.cwd()
    )

    assert "can't be written" in said.stdout
    assert names_in(folder) == ["a.csv", "b.csv"]
    spool = DiskSpool(tmp_path / "spool")
    assert spool.recover() == []
    assert outcomes(spool.claim(files, keep=False)) == [Outcome.CLAIMED] * 2
    spool.close()
    assert names_in(tmp_path / "spool/incoming") == []


def test_a_disk_that_fills_up_half_way_keeps_what_is_claimed(tmp_path, drop, folder):
    """What was taken goes on, the rest stays, and the next attempt says why."""
    files = [drop(f"{number}.csv", str(number).encode()) for number in range(3)]
    steps = iter(["fetch"])

    def fill(step):
        if step == "fetch" and next(steps, None) is None:
            raise OSError(28, "No space left on device")

    spool = DiskSpool(tmp_path / "spool", step=fill)

    claimed = spool.claim(files, keep=False)

    assert outcomes(claimed) == [Outcome.CLAIMED, Outcome.BUSY, Outcome.BUSY]
    with pytest.raises(SpoolUnusable, match="No space left"):
        spool.claim(files[1:], keep=False)
    assert names_in(folder) == ["1.csv", "2.csv"]
