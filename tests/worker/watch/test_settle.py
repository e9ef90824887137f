"""When is a file finished? Decided from what looks have seen, without disk or clock."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wats_worker.spool.files import Stamp
from wats_worker.watch.settle import Moment, Rules, Sighting, observe, settled_at

QUIET = Rules(quiet_s=1.0)
STAMP = Stamp(device=1, inode=7, size=100, mtime_ns=10**18, ctime_ns=10**18)
#: The wall clock at the file's ctime.
BORN = 1e9


def at(seconds):
    """So many seconds after the file's ctime, by both clocks."""
    return Moment(wall=BORN + seconds, steady=5000 + seconds)


def seen(*looks):
    """What is known after looks at (seconds, stamp)."""
    observed = None
    for seconds, stamp in looks:
        observed = observe(observed, Sighting("a.csv", stamp), at(seconds))
    return observed


def test_a_quiet_file_settles_after_the_quiet_time():
    """Counted from the first look that saw it as it is."""
    observed = seen((0.2, STAMP), (0.7, STAMP))

    assert settled_at(observed, now=at(0.7), rules=QUIET) == at(1.2).steady


@pytest.mark.parametrize(
    "change", [{"size": 101}, {"mtime_ns": 1}, {"ctime_ns": 1}, {"inode": 8}, {"device": 2}]
)
def test_any_change_begins_the_quiet_time_anew(change):
    """Also one that keeps the size: a file written in place, or put in the place of another."""
    observed = seen((0, STAMP), (0.9, replace(STAMP, **change)))

    assert settled_at(observed, now=at(1), rules=QUIET) == at(1.9).steady


def test_an_old_file_is_settled_at_first_sight():
    """It was quiet before we came, by our own clock."""
    observed = observe(None, Sighting("a.csv", STAMP, our_clock=True), at(30))

    assert settled_at(observed, now=at(30), rules=QUIET) <= at(30).steady


def test_an_old_file_of_another_clock_has_to_be_watched():
    """A file server whose clock is late makes every new file look old."""
    observed = observe(None, Sighting("a.csv", STAMP, our_clock=False), at(30))

    assert settled_at(observed, now=at(30), rules=QUIET) == at(31).steady


def test_a_file_from_the_future_has_to_be_watched():
    """The clock was set back, or is not ours after all."""
    observed = observe(None, Sighting("a.csv", STAMP, our_clock=True), at(-100))

    assert settled_at(observed, now=at(-100), rules=QUIET) == at(-99).steady


def test_setting_the_wall_clock_does_not_settle_anything():
    """What was observed is measured on a clock that nobody sets."""
    observed = observe(None, Sighting("a.csv", STAMP), at(0))
    jumped = Moment(wall=BORN + 3600, steady=at(0.1).steady)

    assert settled_at(observed, now=jumped, rules=QUIET) == at(1).steady


def test_a_file_with_a_writer_has_to_be_quiet_once_more():
    """However old its times are: he has it open."""
    observed = observe(None, Sighting("a.csv", STAMP, our_clock=True), at(30)).written(at(30), QUIET)
    observed = observe(observed, Sighting("a.csv", STAMP, our_clock=True), at(30.5))

    assert settled_at(observed, now=at(30.5), rules=QUIET) == at(31).steady


def test_without_quiet_time_a_writer_is_still_not_asked_without_pause():
    """Nothing polls hot."""
    observed = seen((0, STAMP)).written(at(0), Rules(quiet_s=0))

    assert settled_at(observed, now=at(0), rules=Rules(quiet_s=0)) == at(0.25).steady


def test_an_empty_file_waits_longer():
    """Most often somebody is about to fill it."""
    observed = seen((0, replace(STAMP, size=0)))

    assert settled_at(observed, now=at(0), rules=QUIET) == at(5).steady


def test_a_marked_file_is_finished_at_once():
    """That is what the marker is for."""
    marked = Sighting("a.csv", STAMP, marked_ns=STAMP.mtime_ns)
    rules = Rules(quiet_s=60, marker=True)

    assert settled_at(observe(None, marked, at(0)), now=at(0), rules=rules) == at(0).steady


@pytest.mark.parametrize("marked_ns", [None, STAMP.mtime_ns - 1])
def test_no_time_replaces_a_marker(marked_ns):
    """Neither a missing one nor one that an earlier file has left."""
    sighting = Sighting("a.csv", STAMP, marked_ns=marked_ns)

    assert settled_at(observe(None, sighting, at(0)), now=at(9999), rules=Rules(marker=True)) is None


@given(
    gaps=st.lists(st.floats(min_value=0.01, max_value=0.9), min_size=1, max_size=20),
    look_s=st.floats(min_value=0.05, max_value=3.0),
    quiet_s=st.floats(min_value=1.0, max_value=5.0),
)
def test_a_file_that_grows_faster_than_the_quiet_time_never_settles(gaps, look_s, quiet_s):
    """Whatever the rhythm of the writer and of the looks: a half file is never taken."""
    writes, when = [], 0.0
    for gap in gaps:
        writes.append(when)
        when += gap
    observed, now = None, 0.0
    while now < writes[-1]:
        written = [moment for moment in writes if moment <= now]
        ctime_ns = int((BORN + written[-1]) * 1e9)
        stamp = replace(STAMP, size=len(written), mtime_ns=ctime_ns, ctime_ns=ctime_ns)
        observed = observe(observed, Sighting("a.csv", stamp, our_clock=True), at(now))

        assert settled_at(observed, now=at(now), rules=Rules(quiet_s=quiet_s)) > at(now).steady

        now += look_s
