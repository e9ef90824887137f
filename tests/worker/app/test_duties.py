"""What has to be done now and then is done by one process."""

import threading

import pytest
from redis import Redis
from support import Clock, wait_until

from wats_broker.fleet import DutyLease
from wats_broker.names import Keys
from wats_worker.app.duties import Duties, Duty


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def done():
    return []


@pytest.fixture
def make(redis, clock, done):
    def make(holder):
        duty = Duty("purging", 600, lambda go_on: done.append((holder, go_on())))
        return Duties(DutyLease(redis, Keys()), holder, [duty], clock=clock)

    return make


def test_only_one_of_two_does_it(make, done):
    """The other one stands by."""
    one, other = make("one"), make("other")

    assert (one.look(), other.look()) == (["purging"], [])
    assert done == [("one", True)]


def test_it_is_done_again_when_its_time_has_come(make, clock, done):
    """Not before."""
    one = make("one")
    one.look()
    clock.pass_(599)
    assert one.look() == []
    clock.pass_(1)

    assert one.look() == ["purging"]


def test_the_next_one_goes_on_when_it_stops(make, done):
    """At once, and with everything."""
    one, other = make("one"), make("other")
    one.look()
    one.stop()

    assert other.look() == ["purging"]


def test_who_has_lost_the_post_stops_at_the_next_step(make, redis, done):
    """A process that was asleep must not go on beside its successor."""
    one, other = make("one"), make("other")
    one.look()
    redis.delete(Keys().duties())
    other.look()

    assert one.look() == []


def test_without_the_broker_only_that_is_done_which_keeps_order_by_itself(clock, done):
    """What keeps the broker from working may be what it mends."""
    away = Redis.from_url("unix:///nowhere/broker.sock")
    duties = [
        Duty("sealing", 600, done.append),
        Duty("purging", 600, lambda go_on: done.append(go_on()), alone=True),
    ]

    assert Duties(DutyLease(away, Keys()), "one", duties, clock=clock).look() == ["purging"]
    assert done == [True]


def test_a_duty_that_fails_keeps_nobody_from_another(fake_redis):
    """The disk may be full; the next one is tried all the same, in a thread of its own."""
    came = threading.Event()

    def fails(_):
        raise OSError(28, "No space left on device")

    duties = Duties(
        DutyLease(fake_redis, Keys()),
        "one",
        [Duty("sealing", 600, fails), Duty("purging", 600, lambda _: came.set())],
    )
    duties.start()
    try:
        wait_until(came.is_set, what="the second duty", timeout=60)
    finally:
        duties.stop()
