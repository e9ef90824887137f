"""Events are passed on as long as there are any, and their absence is said once."""

import threading

import pytest
from support import wait_until

from wats_worker.watch.hints import Hints


@pytest.fixture
def heard():
    return threading.Event()


@pytest.fixture
def hints(heard):
    hints = Hints("ict", heard.set)
    yield hints
    hints.stop()


def inodes(*folders):
    return {folder: folder.stat().st_ino for folder in folders}


def test_an_event_calls_back(hints, heard, tmp_path):
    """In any of the folders."""
    sub = tmp_path / "sub"
    sub.mkdir()
    hints.follow(inodes(tmp_path, sub))

    def touched():
        (sub / "board.csv").write_text("PASS")
        return heard.is_set()

    wait_until(touched, what="the call")


def test_following_the_same_folders_again_costs_nothing(hints, tmp_path):
    """It is asked at every look."""
    assert hints.follow(inodes(tmp_path))
    assert not hints.follow(inodes(tmp_path))


def test_a_folder_made_anew_is_followed_anew(hints, heard, tmp_path):
    """The old watch is on a folder that nobody sees any more."""
    folder = tmp_path / "in"
    folder.mkdir()
    hints.follow(inodes(folder))
    folder.rename(tmp_path / "old")
    folder.mkdir()

    assert hints.follow(inodes(folder))

    def touched():
        (folder / "board.csv").write_text("PASS")
        return heard.is_set()

    wait_until(touched, what="the call")


def test_a_folder_without_events_is_said_and_no_more(hints, tmp_path, caplog):
    """The periodic look does the work then."""
    hints.follow({tmp_path / "gone": 1})

    wait_until(lambda: "events_unavailable" in caplog.text, what="the warning")
