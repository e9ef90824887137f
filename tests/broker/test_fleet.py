"""Heartbeats and watch leases."""

from wats_broker.fleet import BeatLease, Fleet, WatchLease, Worker
from wats_broker.names import Keys


def worker(name="host-upload-7", stage="upload"):
    return Worker(name, stage, "host", 7, "0.1.0", "1.0", 1.0, "waiting")


def test_who_beats_lives_and_who_leaves_is_gone(redis):
    """The fleet is what was heard of lately."""
    fleet = Fleet(redis, Keys())
    fleet.beat(worker())
    fleet.beat(worker("host-convert-8", "convert"))
    assert [one.stage for one in fleet.alive()] == ["convert", "upload"]

    fleet.gone("host-convert-8")

    assert fleet.alive() == [worker()]


def test_the_silent_are_forgotten(redis):
    """A killed process leaves by expiry, and no key stays behind."""
    fleet = Fleet(redis, Keys())
    fleet.beat(worker())
    redis.delete(Keys().worker("host-upload-7"))

    assert fleet.alive() == []
    assert redis.smembers(Keys().fleet()) == set()


def test_a_source_is_not_kept_by_a_clock_that_was_set_back(redis):
    """Its watcher died, and more than a term seems to be left."""
    lease = WatchLease(redis, Keys())
    lease.acquire("ict", "one", term_s=30)

    redis.pexpire(Keys().watch_lease("ict"), 3_600_000)

    assert lease.acquire("ict", "two", term_s=30) == "two"


def test_a_source_has_one_watcher(redis):
    """Two watchers don't fight over a folder; the next one enters when the first leaves."""
    lease = WatchLease(redis, Keys())
    assert lease.acquire("ict", "one", term_s=30) == "one"
    assert lease.acquire("ict", "two", term_s=30) == "one"
    assert lease.acquire("aoi", "two", term_s=30) == "two"
    assert redis.pttl(Keys().watch_lease("ict")) > 0

    lease.release("ict", "two")  # not his
    assert lease.acquire("ict", "two", term_s=30) == "one"
    lease.release("ict", "one")

    assert lease.acquire("ict", "two", term_s=30) == "two"


def test_one_clock_ticks(redis):
    """The others stand by until it leaves or falls silent."""
    lease = BeatLease(redis, Keys())
    assert lease.acquire("one", term_s=30) == "one"
    assert lease.acquire("two", term_s=30) == "one"
    assert redis.pttl(Keys().beat()) > 0

    lease.release("one")

    assert lease.acquire("two", term_s=30) == "two"
