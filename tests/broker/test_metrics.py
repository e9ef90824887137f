"""The factory's counters and histograms, on fakeredis and on a real server alike."""

import re
from importlib.resources import files

import pytest
from support import Clock

from wats_broker.journal import Journal
from wats_broker.messages import Done, FileSeen, Offer
from wats_broker.metrics import BOUNDS_S, WHOSE, Histogram, Metrics, counted, observed
from wats_broker.names import Keys
from wats_broker.queue import Lease, UploadQueue
from wats_broker.states import FileState

FILE = "a" * 32


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(redis, clock):
    return Journal(redis, Keys(), clock=clock)


@pytest.fixture
def metrics(redis):
    return Metrics(redis, Keys())


def convert(journal, file_id=FILE, *, source="ict", converter="stdf", tallies=()):
    journal.seen(FileSeen(file_id, source, "unit.log", 10))
    journal.take(file_id, worker="w", term_s=15)
    journal.record(
        file_id,
        "file_converted",
        state=FileState.CONVERTED,
        fields={"converter": converter},
        tallies=tallies,
    )


def test_a_file_is_counted_in_every_state_it_comes_into(journal, metrics):
    """With its source, and with its converter as soon as it has one. Happening twice counts once."""
    convert(journal)
    journal.record(FILE, "file_converted", state=FileState.CONVERTED)

    assert metrics.read().counter("files") == {
        ("ict", "none", "seen"): 1,
        ("ict", "none", "converting"): 1,
        ("ict", "stdf", "converted"): 1,
    }
    assert metrics.read().counter("claims") == {("ict", "new"): 1}


def test_how_long_a_file_was_in_a_state_is_told_by_the_servers_clock(journal, metrics, clock):
    """Waiting for a worker and being converted are two things."""
    journal.seen(FileSeen(FILE, "ict", "unit.log", 10, waited_s=0.2))
    clock.pass_(3)
    journal.take(FILE, worker="w", term_s=15)
    clock.pass_(0.04)
    journal.record(FILE, "file_converted", state=FileState.CONVERTED)

    stages = metrics.read().histogram("stage")

    assert stages["seen", "converting"].counts == {5.0: 1}
    assert stages["seen", "converting"].sum_s == pytest.approx(3, abs=0.01)
    assert stages["converting", "converted"].counts == {0.05: 1}
    assert metrics.read().histogram("claim")[()].counts == {0.25: 1}


def test_a_report_is_timed_from_the_offer_until_it_is_stored(redis, metrics, clock):
    """The queue knows without the journal; settling twice counts once."""
    queue = UploadQueue(redis, Keys(), clock=clock)
    queue.offer(FILE, [Offer("r1")])
    lease = queue.lease("p")
    assert isinstance(lease, Lease)
    clock.pass_(2)
    queue.settle(lease, Done())
    queue.settle(lease, Done())

    assert metrics.read().histogram("delivery")[()].counts == {2.5: 1}


def test_tallies_are_counted_with_their_event(journal, metrics):
    """What only Python knows travels in the script that runs anyway; the script knows whose it is."""
    convert(
        journal,
        tallies=[counted("reports", "ict", "stdf", "made", by=3), observed("jail", "stdf", seconds=99)],
    )
    journal.record(FILE, "report_delivered", tallies=[counted("reports", WHOSE, "delivered")])

    readings = metrics.read()

    assert readings.counter("reports") == {("ict", "stdf", "made"): 3, ("ict", "stdf", "delivered"): 1}
    assert readings.histogram("jail")["stdf",].counts == {300.0: 1}
    assert readings.histogram("jail")["stdf",].sum_s == 99


def test_an_event_that_was_told_before_is_not_counted_again(journal, metrics):
    """Celery delivers twice; the second time a file becomes what it is, nothing is tallied."""
    for _ in range(2):
        convert(journal, tallies=[counted("reports", "ict", "stdf", "made")])

    assert metrics.read().counter("reports") == {("ict", "stdf", "made"): 1}


def test_a_replayed_file_has_no_converter_until_it_is_converted(journal, metrics):
    """What converted it the last time may not be what does it now."""
    journal.seen(FileSeen(FILE, "ict", "unit.log", 10))
    journal.record(FILE, "file_quarantined", state=FileState.QUARANTINED, fields={"converter": "csv"})
    journal.seen(FileSeen(FILE, "ict", "unit.log", 10))

    assert metrics.read().counter("files")["ict", "csv", "quarantined"] == 1
    assert metrics.read().counter("files")["ict", "none", "seen"] == 2


def test_names_without_end_end_in_one(journal, metrics, redis):
    """However many sources somebody makes up, what is kept is bounded; nothing is lost from the sums."""
    redis.hset(Keys().journal("metrics"), mapping={f"filler|{n}": 1 for n in range(20_000)})

    for n in range(3):
        convert(journal, f"{n:032}", source=f"s{n}", converter=f"c{n}")

    assert redis.hlen(Keys().journal("metrics")) <= 20_010
    assert metrics.read().counter("files") == {("other", "other", "other"): 9}


def test_both_sides_know_the_same_buckets():
    """A bound that only one of them had would be counted and never shown."""
    text = files("wats_broker").joinpath("lua", "parts", "metrics.lua").read_text()
    bounds = re.search(r"local bounds = \{([^}]*)\}", text)[1]

    assert [int(bound) / 1_000_000 for bound in bounds.split(",")] == list(BOUNDS_S)


def test_a_histogram_is_told_with_all_its_buckets():
    """A bucket that is absent until it is needed would be a jump for whoever computes rates."""
    found = Histogram({0.001: 2, float("inf"): 1}).cumulated()

    assert [bound for bound, _ in found] == [*BOUNDS_S, float("inf")]
    assert (found[0][1], found[-2][1], found[-1][1]) == (2, 2, 3)


@pytest.mark.parametrize("label", ["a b", "a|b", "a#b", "a~b"])
def test_a_label_can_not_break_a_tally(journal, metrics, label):
    """Whatever stands in it, it is one label."""
    convert(journal, tallies=[counted("retries", "upload", label)])

    assert metrics.read().counter("retries") == {("upload", "a-b"): 1}
