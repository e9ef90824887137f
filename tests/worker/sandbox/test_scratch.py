"""Folders made to be hard to remove."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wats_worker.sandbox.scratch import Scratch, empty, sweep, weigh


def opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY)


def nest(folder: Path, depth: int) -> None:
    """Folders so deep that their path can't be spelled out."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deep", dir_fd=here)
        deeper = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)


def test_everything_is_removed(tmp_path):
    """Deep, wide, linked, oddly named; what a link points to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "stays").touch()
    folder = tmp_path / "scratch"
    folder.mkdir()
    nest(folder, 1100)
    for number in range(50):
        (folder / f"wide{number}" / "x").mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"\xff\n-rf")).touch()
    descriptor = opened(folder)
    empty(descriptor)
    os.close(descriptor)

    assert list(folder.iterdir()) == []
    assert (outside / "stays").exists()


def test_weighing_counts_folders_and_sizes(tmp_path):
    """What is nested beyond reason is as heavy as can be."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(100_000))
    light = weigh(opened(tmp_path))
    nest(tmp_path, 100)
    heavy = weigh(opened(tmp_path))

    assert light[1] == 3
    assert 100_000 <= light[0] < 300_000
    assert heavy[1] > 1 << 30


def test_only_the_dead_are_swept(tmp_path):
    """A folder goes when the process that held its lock is gone, not before."""
    living = Scratch(tmp_path)
    code = f"from pathlib import Path; from wats_worker.sandbox.scratch import Scratch; Scratch(Path({str(tmp_path)!r}))"
    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=True
    )
    before = len(list(tmp_path.iterdir()))
    sweep(tmp_path)

    assert before == 2
    assert list(tmp_path.iterdir()) == [living.path]
    living.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_is_not_swept(tmp_path):
    """Somebody may have named a folder that holds other things as well."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "2026.jpg").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")

    Scratch(tmp_path).close()

    assert (tmp_path / "photos" / "2026.jpg").exists()
    assert (tmp_path / "notes.txt").exists()


def test_owners_that_begin_together_keep_their_folders(tmp_path):
    """Each sweeps before it makes its own, and may meet one that is made but not locked yet."""

    def begin(_: int) -> list[bool]:
        there = []
        for _ in range(100):
            scratch = Scratch(tmp_path)
            there.append(scratch.path.is_dir())
            scratch.close()
        return there

    with ThreadPoolExecutor(8) as pool:
        begun = [one for ones in pool.map(begin, range(8)) for one in ones]

    assert (len(begun), all(begun)) == (800, True)
    assert list(tmp_path.iterdir()) == []
