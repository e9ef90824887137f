"""Never more requests in a minute than the server allows, over all hosts, on fakeredis and on a real server alike."""

import pytest
from support import Clock

from wats_broker.messages import Done, Later, Offer
from wats_broker.names import Keys
from wats_broker.queue import Idle, Lease, QueueLimits, UploadQueue


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_queue(redis, clock):
    """Each call makes another worker's view of the same lane, with plenty of work in it."""

    def make(per_minute):
        limits = QueueLimits(max_size=0, width=100, per_minute=per_minute)
        queue = UploadQueue(redis, Keys(), limits=limits, clock=clock)
        queue.offer("file", [Offer(f"r{n}") for n in range(400)])
        return queue

    return make


def send(queue):
    """Make one request if there is a turn for it; whether there was."""
    lease = queue.lease("p")
    if isinstance(lease, Lease):
        queue.settle(lease, Done())
        return True
    assert lease.reason == "rate"
    return False


def test_no_minute_has_more_requests_than_allowed(make_queue, clock):
    """Two hosts ask as often as they can for three minutes; no stretch of a minute has more than 100."""
    hosts = [make_queue(100), make_queue(100)]
    sent = []
    for step in range(1800):
        sent += [clock.now for _ in range(3) if send(hosts[step % 2])]
        clock.pass_(0.1)

    busiest = max(sum(at <= other < at + 60 for other in sent) for at in sent)
    assert 95 <= busiest <= 100


def test_the_rate_is_used_up(make_queue, clock):
    """A limit is not a brake: what is allowed is done, all the time."""
    queue = make_queue(100)
    sent = 0
    for _ in range(1200):
        sent += send(queue)
        clock.pass_(0.1)

    assert 190 <= sent <= 200


def test_after_a_pause_only_a_few_go_at_once(make_queue, clock):
    """A lane that was idle all night must not greet the server with a minute's worth of requests."""
    queue = make_queue(100)
    clock.pass_(8 * 3600)

    at_once = 0
    while send(queue):
        at_once += 1

    assert at_once == 5


def test_who_has_to_wait_is_told_how_long(make_queue, clock):
    """So nobody asks in vain, and nobody has to be woken."""
    queue = make_queue(100)
    while send(queue):
        pass
    idle = queue.lease("p")
    assert idle == Idle("rate", 632)  # 95 turns are spread over the minute

    clock.pass_(idle.again_ms / 1000)

    assert send(queue)


def test_retries_count_like_first_attempts(make_queue):
    """The server counts requests, not reports."""
    queue = make_queue(100)
    for _ in range(5):
        queue.settle(queue.lease("p"), Later(0, "503"))

    assert queue.lease("p").reason == "rate"


def test_drains_are_not_woken_for_a_turn_that_is_far_away(make_queue, clock):
    """At two requests a minute a permit every second would only make noise."""
    queue = make_queue(2)
    assert send(queue)
    clock.pass_(10)
    assert queue.wake() == ()

    clock.pass_(50)

    assert queue.wake()


def test_what_is_remembered_of_the_rate_expires(make_queue, redis):
    """The key goes when the turns are used up."""
    send(make_queue(100))

    assert 0 < redis.pttl(Keys().queue("pace")) <= 60_000
