"""Watch folders as they are in factories: what a doctor has to find in them, as root and as somebody who is not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wats_worker.app import shares
from wats_worker.app.shares import Trial, is_read_only, obstacles, trial

AS_SOMEBODY = """
import os, sys
from pathlib import Path
from wats_worker.app.shares import obstacles, trial
os.setgid(12345); os.setuid(12345)
for path, lacking in obstacles(Path(sys.argv[1]), recursive=True, takes=True):
    print(path.name, lacking)
print(trial(Path(sys.argv[1])).problem)
"""


def test_a_folder_that_can_be_worked_with(tmp_path):
    """A file comes and goes, and nothing of it is left."""
    assert trial(tmp_path) == Trial()
    assert list(tmp_path.iterdir()) == []
    assert not is_read_only(tmp_path)


def test_a_share_that_refuses_what_its_rights_allow(tmp_path, monkeypatch):
    """Its server knows us by another name: making a file goes, taking one does not, and no file is left."""

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)

    assert trial(tmp_path).problem == "Permission denied"
    assert list(tmp_path.iterdir()) == []


def test_a_share_with_a_clock_of_its_own(tmp_path, monkeypatch):
    """An hour is told, rounding is not."""
    now = time.time()
    monkeypatch.setattr(shares.time, "time", lambda: now - 3600)
    assert trial(tmp_path).ahead_s == pytest.approx(3600, abs=60)

    monkeypatch.undo()

    assert trial(tmp_path).ahead_s == 0.0


def test_a_share_to_which_capitals_are_no_difference(tmp_path, monkeypatch):
    """As on SMB: what was made in small letters is there in capitals."""
    there = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: there(self.with_name(self.name.lower())))

    assert trial(tmp_path).folds_case


def test_files_of_others_are_named(tmp_path):
    """Whoever is not root sees what it may not read, and in which folders it may not take anything."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    share = Path("/tmp") / f"wats-shares-{os.getpid()}"
    share.mkdir(mode=0o777)
    share.chmod(0o777)
    try:
        for name, mode in (("open.log", 0o644), ("shut.log", 0o600)):
            (share / name).touch()
            (share / name).chmod(mode)
        (share / "station").mkdir()
        (share / "station").chmod(0o755)
        (share / "station" / "unit.log").touch()
        (share / "station" / "unit.log").chmod(0o644)
        told = subprocess.run(
            [sys.executable, "-c", AS_SOMEBODY, share], capture_output=True, text=True, check=True
        ).stdout.splitlines()
    finally:
        for path in sorted(share.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        share.rmdir()

    assert sorted(told) == ["", "shut.log read", "station write to"]


def test_root_finds_no_obstacle(tmp_path):
    """Hidden files are passed over, as the watcher does, and folders below only count where they are watched."""
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "below").mkdir()
    (tmp_path / "a.log").touch()

    assert list(obstacles(tmp_path, recursive=True, takes=True)) == []
    assert list(obstacles(tmp_path, recursive=False, takes=True)) == []
