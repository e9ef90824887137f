"""A look sees what is there, follows nothing, and believes nothing."""

import os

import pytest

from wats_worker.intake.wanted import Wanted
from wats_worker.watch import look
from wats_worker.watch.look import FolderAway, Looker


def looker(folder, **changes):
    parts = {
        "folder": folder,
        "wanted": Wanted(),
        "recursive": True,
        "keep_out": frozenset({folder / "Done"}),
        "our_clock": lambda _: True,
        "passed": lambda *_: False,
    }
    return Looker(**(parts | changes))


def names(seen):
    return [sighting.name for sighting in seen.files]


def write(folder, name, *, mtime=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    if mtime is not None:
        os.utime(path, (mtime, mtime))


def test_files_come_oldest_first(tmp_path):
    """Whatever their names are."""
    for mtime, name in enumerate(["c", "a", "b"]):
        write(tmp_path, name, mtime=1000 + mtime)

    assert names(looker(tmp_path).look()) == ["c", "a", "b"]


def test_a_name_of_dots_is_a_name(tmp_path):
    """Only what begins with one dot is hidden; a file that is passed over without a word would be lost."""
    for name in (".hidden.xml", "..xml", "...%2f..%2fetc%2fpasswd.xml"):
        write(tmp_path, name)

    assert sorted(names(looker(tmp_path).look())) == ["...%2f..%2fetc%2fpasswd.xml", "..xml"]


def test_only_the_oldest_are_remembered(tmp_path, monkeypatch):
    """The rest is counted: a million files must not fill our memory."""
    monkeypatch.setattr(look, "MOST", 3)
    for number in range(10):
        write(tmp_path, f"{number}", mtime=1000 - number)

    seen = looker(tmp_path).look()

    assert names(seen) == ["9", "8", "7"]
    assert seen.count == 10


def test_what_is_passed_over_stands_in_nobodys_way(tmp_path, monkeypatch):
    """Files that were refused, or are known, do not use up what a look remembers."""
    monkeypatch.setattr(look, "MOST", 2)
    for number in range(10):
        write(tmp_path, f"{number}", mtime=1000 + number)

    seen = looker(tmp_path, passed=lambda name, _: int(name) < 8).look()

    assert names(seen) == ["8", "9"]
    assert len(seen.passed) == 8


def test_files_without_marker_stand_in_nobodys_way(tmp_path, monkeypatch):
    """No waiting makes them finished."""
    monkeypatch.setattr(look, "MOST", 1)
    for number in range(5):
        write(tmp_path, f"{number}", mtime=1000 + number)
    write(tmp_path, "4.done")

    assert names(looker(tmp_path, wanted=Wanted(marker=".done")).look()) == ["4"]


def test_a_link_to_a_folder_is_told_and_not_followed(tmp_path):
    """Not even to another folder that is watched."""
    write(tmp_path, "real/a.csv")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    seen = looker(tmp_path).look()

    assert names(seen) == ["real/a.csv"]
    assert seen.odd == {"link": "a link; links are not followed"}


def test_a_circle_of_folders_ends(tmp_path):
    """Very deep trees are told instead of walked."""
    write(tmp_path, "/".join("d" * 45) + "/a.csv")

    seen = looker(tmp_path).look()

    assert names(seen) == []
    assert list(seen.odd.values()) == ["lies more than 40 folders deep"]


def test_folders_that_are_not_ours_are_left_alone(tmp_path):
    """The done folder, and those of the system."""
    for name in ["Done/a", ".snapshot/a", "lost+found/a", "sub/Done/a"]:
        write(tmp_path, name)

    assert names(looker(tmp_path).look()) == ["sub/Done/a"]


def test_a_folder_that_is_away_is_said_so(tmp_path):
    """Rather than taken for an empty one."""
    with pytest.raises(FolderAway, match="No such file"):
        looker(tmp_path / "gone").look()


def test_the_watch_folder_itself_may_be_a_link(tmp_path):
    """That is the operator's word."""
    write(tmp_path, "real/a.csv")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert names(looker(tmp_path / "link").look()) == ["a.csv"]
