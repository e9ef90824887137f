"""A claim may be killed at any step: afterwards every file is there, once."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from worker.claimables import claimable, unit
from worker.folders import names_in

from wats_worker.spool.model import Outcome
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.store import DiskSpool

STEPS = ["prepare", "flush-cards", "fetch", "take", "place", "flush-names"]

CLAIM_AND_DIE = """
import os, pickle, sys
from wats_worker.spool.store import DiskSpool
root, files, step, count, keep = pickle.loads(bytes.fromhex(sys.argv[1]))
seen = []
def die(at):
    seen.append(at)
    if seen.count(step) == count:
        os._exit(9)
DiskSpool(root, step=die).claim(files, keep=keep)
sys.exit("lived on")
"""


def claim_and_die(root, files, step, *, count=1, keep=False):
    order = pickle.dumps((root, files, step, count, keep)).hex()
    dead = subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, order], check=False, cwd=Path.cwd())
    assert dead.returncode == 9


def everything(root):
    """All bytes in the spool, by file."""
    return sorted(path.read_bytes() for path in root.glob("files/*/source"))


@pytest.mark.parametrize("step", STEPS)
def test_a_claim_killed_at_any_step_loses_and_doubles_nothing(tmp_path, drop, folder, step):
    """After a restart the spool and the watch folder together hold every file exactly once."""
    files = [drop(f"{number}.csv", str(number).encode()) for number in range(3)]

    claim_and_die(
        tmp_path / "spool", files, step, count=1 if step in {"prepare", "flush-cards", "flush-names"} else 2
    )

    spool = DiskSpool(tmp_path / "spool")
    spool.recover()
    left = [path.read_bytes() for path in folder.iterdir()]
    assert sorted(everything(spool.root) + left) == [b"0", b"1", b"2"]
    assert {spool.meta(file_id).file_id for file_id in spool.waiting()} == set(spool.waiting())
    spool.claim([file for file in files if (folder / file.name).exists()], keep=False)
    assert everything(spool.root) == [b"0", b"1", b"2"]
    spool.close()
    assert names_in(tmp_path / "spool/incoming") == []


@pytest.mark.parametrize("step", ["prepare", "flush-cards", "fetch", "place", "flush-names"])
def test_a_kept_file_killed_at_any_step_is_copied_once(tmp_path, drop, folder, step):
    """A torn copy is thrown away, since the original is where it was."""
    file = drop()

    claim_and_die(tmp_path / "spool", [file], step, keep=True)

    spool = DiskSpool(tmp_path / "spool")
    spool.recover()
    again = spool.claim([file], keep=True)
    assert again[0].outcome in {Outcome.CLAIMED, Outcome.KNOWN}
    assert everything(spool.root) == [b"PASS"]
    assert (folder / "board.csv").exists()
    spool.close()
    assert names_in(tmp_path / "spool/incoming") == []


@pytest.mark.parametrize("step", ["place", "flush-names", "remove-original"])
def test_a_copy_across_file_systems_killed_at_any_step_is_claimed_once(tmp_path, other_disk, step):
    """The original is removed last; if it is left over, its bytes are known."""
    (other_disk / "far.csv").write_bytes(b"PASS")
    file = claimable(other_disk, "far.csv")

    claim_and_die(tmp_path / "spool", [file], step)

    spool = DiskSpool(tmp_path / "spool")
    spool.recover()
    assert (other_disk / "far.csv").exists()
    again = spool.claim([file], keep=False)
    spool.dispose(again[0], PostAction.ARCHIVE, tmp_path / "Done")
    assert everything(spool.root) == [b"PASS"]
    assert not (other_disk / "far.csv").exists()


def test_a_living_process_keeps_its_half_made_folders(spool, drop, tmp_path):
    """Recovery by a second process does not touch a claim that is under way."""
    other = DiskSpool(tmp_path / "spool")
    found = []

    def look(step):
        if step == "place":
            found.extend(other.recover())

    slow = DiskSpool(tmp_path / "spool", step=look)
    claimed = slow.claim([drop()], keep=False)

    assert found == []
    assert claimed[0].outcome is Outcome.CLAIMED


def test_bytes_whose_card_is_lost_are_shown_to_a_person(tmp_path, drop):
    """They exist nowhere else, so they are neither thrown away nor guessed about."""
    claim_and_die(tmp_path / "spool", [drop()], "place")
    (card,) = (tmp_path / "spool/incoming").glob("*/*/*/meta.json")
    card.write_bytes(b"")
    spool = DiskSpool(tmp_path / "spool")

    spool.recover()

    (file_id,) = spool.quarantined()
    assert spool.source(file_id).read_bytes() == b"PASS"
    assert "were lost" in spool.reason(file_id)["reason"]


def test_bytes_changed_while_nobody_looked_get_the_id_they_should_have(tmp_path, drop):
    """A writer that kept the file open through the claim and the crash makes it another file."""
    file = drop()
    claim_and_die(tmp_path / "spool", [file], "place")
    (bytes_,) = (tmp_path / "spool/incoming").glob("*/*/*/source")
    bytes_.write_bytes(b"PASS and more")
    spool = DiskSpool(tmp_path / "spool")

    (recovered,) = spool.recover()

    assert recovered != file.file_id
    assert spool.meta(recovered).size == len(b"PASS and more")


def test_a_second_copy_left_by_a_crash_is_dropped(tmp_path, drop, take):
    """Its bytes are in the spool already."""
    file_id = take("a.csv")
    claim_and_die(tmp_path / "spool", [drop("b.csv")], "place")
    spool = DiskSpool(tmp_path / "spool")

    assert spool.recover() == []
    assert list(spool.waiting()) == [file_id]


@pytest.mark.parametrize(
    "step", ["prepare", "flush-cards", "fetch", "place", "flush-names", "remove-original", "remove-members"]
)
def test_a_unit_of_several_files_killed_at_any_step_is_claimed_once(tmp_path, folder, step):
    """What is left of it in the folder never looks like another unit."""
    (folder / "X").mkdir()
    for name in ("X.txt", "X/a.csv", "X/b.csv"):
        (folder / name).write_text(name)
    file = unit(folder, "X.txt", "X")

    claim_and_die(tmp_path / "spool", [file], step)

    spool = DiskSpool(tmp_path / "spool")
    spool.recover()
    assert spool.finish_removals("ict") == {}
    if names_in(folder):
        again = spool.claim([unit(folder, "X.txt", "X")], keep=False)
        spool.dispose(again[0], PostAction.ARCHIVE, tmp_path / "Done")
    assert list(spool.waiting()) == [file.file_id]
    assert names_in(folder) == []
    spool.recover()
    spool.close()
    assert names_in(tmp_path / "spool/incoming") == []


@pytest.mark.parametrize("left", [("X.txt", "X/b.csv"), ("X/b.csv",), (), ("X.txt", "X/.{}.wats-part")])
def test_the_removal_of_a_unit_goes_on_where_it_broke_off(tmp_path, folder, left):
    """Whichever of its files were gone by then, and the one on its way out."""
    (folder / "X").mkdir()
    for name in ("X.txt", "X/a.csv", "X/b.csv"):
        (folder / name).write_text(name)
    file = unit(folder, "X.txt", "X")
    claim_and_die(tmp_path / "spool", [file], "remove-members")
    kept = [name.format(file.file_id) for name in left]
    if kept[-1:] and kept[-1].endswith("-part"):
        (folder / "X/a.csv").rename(folder / kept[-1])
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if str(path.relative_to(folder)) not in kept:
            path.unlink()

    spool = DiskSpool(tmp_path / "spool")

    assert spool.finish_removals("ict") == {}
    assert names_in(folder) == []
    assert names_in(spool.root / "removals") == []
    spool.close()


def test_a_removal_waits_for_its_share(tmp_path, folder):
    """Where nothing is mounted everything seems to be gone, and is not."""
    (folder / "X").mkdir()
    for name in ("X.txt", "X/a.csv"):
        (folder / name).write_text(name)
    claim_and_die(tmp_path / "spool", [unit(folder, "X.txt", "X")], "remove-members")
    spool = DiskSpool(tmp_path / "spool")
    folder.rename(tmp_path / "unmounted")

    away = spool.finish_removals("ict")

    assert "can't be reached" in away["X"]
    (tmp_path / "unmounted").rename(folder)
    assert spool.finish_removals("ict") == {}
    assert names_in(folder) == []
    spool.close()
