"""A folder that can only be listed: what is finished is given, as it is, and nothing is touched."""

import os
import time

import pytest
from pollers.polling import Asked, content

from wats_worker.pollers import listing
from wats_worker.pollers.base import NotYet, Unreachable


@pytest.fixture
def share(tmp_path):
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


def write(folder, name, text="PASS", *, age_s=3600):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def ask(share, cursor=None, **options):
    return Asked(listing, {"folder": str(share), **options}, cursor)


def test_finished_files_are_given_the_oldest_first(share):
    """With what is in them; they stay where they are."""
    write(share, "b.csv", "two", age_s=100)
    write(share, "a.csv", "three", age_s=90)
    write(share, "c.csv", "one", age_s=200)

    asked = ask(share)

    assert asked.names == ["c.csv", "b.csv", "a.csv"]
    assert asked.files == {"c.csv": b"one", "b.csv": b"two", "a.csv": b"three"}
    assert len(list(share.iterdir())) == 3


def test_a_file_has_one_key_as_long_as_nobody_writes_to_it(share):
    """Another content or another time is another item; a share that is mounted anew is not."""
    path = write(share, "a.csv", "one", age_s=500)
    first = ask(share).keys
    path.rename(share / "b.csv")
    (share / "b.csv").rename(path)

    assert ask(share).keys == first
    write(share, "a.csv", "two", age_s=400)
    assert ask(share).keys != first


def test_names_of_all_kinds_are_told_apart(share):
    """A path, not a name, is what stands for a file; names need not be UTF-8."""
    write(share, os.fsdecode(b"caf\xe9.csv"))
    write(share, "sub/a.csv")
    write(share, "a.csv")

    asked = ask(share, recursive=True)

    assert sorted(asked.names) == ["a.csv", "a.csv", "caf\udce9.csv"]
    assert len(set(asked.keys)) == 3


def test_patterns_choose(share):
    """As in a watched source, unfinished and hidden names among those that are never taken."""
    for name in ("a.CSV", "a_debug.csv", "a.txt", ".hidden.csv", "a.csv.part", "sub/b.csv"):
        write(share, name)

    assert ask(share, include=["*.csv"], exclude=["*_debug*"]).names == ["a.CSV"]
    assert sorted(ask(share, include=["*.csv"], recursive=True).names) == ["a.CSV", "a_debug.csv", "b.csv"]


def test_a_fresh_file_waits_until_it_has_been_quiet(share):
    """It is taken by its age, or when the next poll finds it as this one did."""
    write(share, "a.csv", age_s=5)

    first = ask(share)
    second = ask(share, first.end)

    assert first.names == []
    assert second.names == ["a.csv"]
    assert second.end == {}


def test_a_file_that_grows_is_not_given(share):
    """However often it is looked at, as long as it looks different each time."""
    cursor = None
    for n in range(3):
        write(share, "a.csv", "x" * n, age_s=5)
        asked = ask(share, cursor)
        cursor = asked.end

        assert asked.names == []


def test_a_share_whose_clock_is_ahead_hides_nothing(share):
    """Its files are from times to come, and are taken at the second look."""
    write(share, "a.csv", age_s=-7200)

    assert ask(share, ask(share).end).names == ["a.csv"]


def test_an_empty_file_is_given_more_time(share):
    """Testers make a file before they have something to write."""
    write(share, "a.csv", "", age_s=100)

    assert ask(share).names == []
    assert ask(share, quiet_s=10).names == ["a.csv"]


def test_old_files_can_be_left_alone(share):
    """Nobody wants five years of history on the first day."""
    write(share, "old.csv", age_s=3 * 86400)
    write(share, "new.csv", age_s=3600)

    assert ask(share, days=2).names == ["new.csv"]


def test_a_file_that_is_written_to_while_it_is_read_is_not_given(share):
    """The end of the reading shows it."""
    path = write(share, "a.csv", "x" * 100_000)
    (item,) = ask(share).items

    with item.content() as opened:
        opened.read(10)
        with path.open("a") as tester:
            tester.write("more")
        with pytest.raises(NotYet):
            opened.read()


@pytest.mark.parametrize("what", ["gone", "changed", "link"])
def test_a_file_that_became_something_else_is_not_given(share, tmp_path, what):
    """Between the listing and the reading anybody may do anything in the folder."""
    path = write(share, "a.csv")
    (item,) = ask(share).items
    path.unlink()
    if what == "changed":
        write(share, "a.csv", "other")
    if what == "link":
        (tmp_path / "secret").write_text("PASS")
        path.symlink_to(tmp_path / "secret")

    with pytest.raises(NotYet):
        content(item)


def test_links_and_pipes_are_no_files(share, tmp_path):
    """Nor are folders that are links."""
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere", "secret.csv")
    (share / "linked").symlink_to(tmp_path / "elsewhere")
    (share / "link.csv").symlink_to(tmp_path / "elsewhere/secret.csv")
    os.mkfifo(share / "pipe.csv")

    assert ask(share, recursive=True).names == []


def test_a_share_that_is_away_is_told_with_its_fix(share):
    """It is not an empty one."""
    with pytest.raises(Unreachable, match="can't be listed: No such file") as away:
        ask(share / "not mounted")
    assert "mount it" in away.value.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_a_folder_that_can_t_be_entered_hides_no_other(share):
    """What can be seen is given first, then somebody is told."""
    write(share, "a.csv")
    (share / "shut").mkdir(mode=0)
    asked = listing.poll(listing.Options(folder=share, recursive=True), None)

    assert next(asked).name == "a.csv"
    with pytest.raises(Unreachable, match=r"1 of its folders can't be listed, such as shut"):
        next(asked)


def test_folders_within_folders_have_an_end(share):
    """A loop of mounts, or a joke."""
    deep = share.joinpath(*["d"] * 45)
    deep.mkdir(parents=True)
    write(deep, "a.csv")

    with pytest.raises(Unreachable, match="more than 40 folders deep"):
        ask(share, recursive=True)
