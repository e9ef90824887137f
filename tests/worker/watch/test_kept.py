"""What was taken from a share is remembered, in bounded space, over restarts."""

import os

from wats_worker.spool.files import Stamp
from wats_worker.watch import kept as module
from wats_worker.watch.kept import Kept

STAMP = Stamp(device=1, inode=2, size=3, mtime_ns=4, ctime_ns=5)


def test_fingerprints_survive_a_restart(tmp_path):
    """Also of names that are not UTF-8."""
    name = os.fsdecode(b"caf\xe9.csv")
    Kept(tmp_path / "ict.jsonl").add([(name, STAMP, "f" * 32)])

    kept = Kept(tmp_path / "ict.jsonl")

    assert kept.knows(name, STAMP)
    assert not kept.knows(name, Stamp(device=1, inode=2, size=3, mtime_ns=9, ctime_ns=5))
    assert not kept.knows("other.csv", STAMP)


def test_a_torn_line_costs_no_more_than_itself(tmp_path):
    """A crash in the middle of a write."""
    path = tmp_path / "ict.jsonl"
    Kept(path).add([("a.csv", STAMP, "f" * 32)])
    with path.open("ab") as file:
        file.write(b'["b.csv", 3')

    kept = Kept(path)
    kept.add([("c.csv", STAMP, "f" * 32)])

    again = Kept(path)
    assert again.knows("a.csv", STAMP)
    assert again.knows("c.csv", STAMP)


def test_files_that_are_gone_are_forgotten_when_the_list_has_doubled(tmp_path, monkeypatch):
    """So the list stays as long as the share is full."""
    monkeypatch.setattr(module, "_SMALL", 10)
    path = tmp_path / "ict.jsonl"
    kept = Kept(path)
    kept.add((f"{number}.csv", STAMP, "f" * 32) for number in range(20))
    present = {f"{number}.csv" for number in range(9)}

    kept.compact(present | {"10.csv"})
    full = len(path.read_bytes().splitlines())
    kept.compact(present)

    assert full == 20
    assert len(path.read_bytes().splitlines()) == 9
    assert Kept(path).knows("8.csv", STAMP)
    assert not Kept(path).knows("10.csv", STAMP)
