"""What the queue's server may do to it: set its clock, lose its memory, run out of it."""

import time

import pytest
from redis.exceptions import OutOfMemoryError, ResponseError
from support import wait_until

from wats_broker.messages import Bury, Done, Later, Offer
from wats_broker.names import Keys
from wats_broker.queue import Lease, QueueLimits, UploadQueue
from wats_broker.states import ReportState

LIMITS = QueueLimits(max_size=10, width=2, term_s=20.0)


class ServerClock:
    """The fake server's own clock."""

    def __init__(self, monkeypatch):
        self.shown = time.time()
        monkeypatch.setattr(time, "time", lambda: self.shown)

    def is_set(self, seconds):
        """Somebody sets the clock, forward or back."""
        self.shown += seconds

    def passes(self, seconds, queue):
        """Time passes, and somebody asks every second, as every upload worker does."""
        for _ in range(seconds):
            self.shown += 1
            queue.wake()


@pytest.fixture
def server_clock(monkeypatch):
    return ServerClock(monkeypatch)


@pytest.fixture
def queue(redis):
    return UploadQueue(redis, Keys(), limits=LIMITS)


@pytest.fixture
def timed(fake_redis, server_clock):
    """A queue on a server whose clock we can set."""
    return UploadQueue(fake_redis, Keys(), limits=LIMITS)


def offer(queue, *report_ids):
    return queue.offer("file", [Offer(report_id) for report_id in report_ids])


def lend(queue):
    lease = queue.lease("p")
    assert isinstance(lease, Lease), lease
    return lease


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_setting_the_clock_ends_no_lease(timed, server_clock, seconds):
    """Otherwise everything in flight would be sent a second time, over the width."""
    offer(timed, "r0", "r1", "r2")
    lease = lend(timed)
    lend(timed)

    server_clock.is_set(seconds)

    assert timed.lease("p").reason == "width"
    assert timed.renew(lease)


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_setting_the_clock_keeps_no_slot_and_no_report_waiting(timed, server_clock, seconds):
    """A dead holder's lease, a retry and a gate end when they would have ended."""
    offer(timed, "r0", "r1")
    lend(timed)
    timed.settle(lend(timed), Later(10, "503"))
    timed.gate(10, "429")

    server_clock.is_set(seconds)
    server_clock.passes(22, timed)

    assert lend(timed).report_id == "r0"
    assert timed.census().gated_s == 0
    assert timed.where(["r1"]) == [ReportState.DELAYED] or timed.census().ready == 1


def test_a_server_that_was_away_ends_no_lease(timed, server_clock):
    """Nobody could renew while it was away, and nobody else could lease."""
    offer(timed, "r0")
    lease = lend(timed)

    server_clock.is_set(60)

    assert timed.lease("p").reason == "empty"
    assert timed.renew(lease)


def test_people_are_told_the_time_of_day(timed, server_clock):
    """The steady clock is for terms; what a person reads comes from the clock on the wall."""
    offer(timed, "r0")
    server_clock.is_set(3600)
    timed.settle(lend(timed), Bury("400"))

    assert timed.buried()[0].at == pytest.approx(server_clock.shown, abs=1)


def test_a_server_that_lost_its_memory_lends_nothing_for_a_term(queue, redis):
    """Requests may be under way that it knows nothing of; the width holds all the same."""
    offer(queue, "r0", "r1")
    lend(queue)
    redis.flushall()
    offer(queue, "r0", "r1")

    idle = queue.lease("p")

    assert idle.reason == "gated"
    assert idle.again_ms == pytest.approx(20_000, abs=500)
    assert "lost its memory" in queue.census().gate_reason


def test_a_process_that_was_never_lent_anything_knows_of_the_loss_too(queue, redis):
    """Whoever looks whether drains are needed learns how far the numbers have come."""
    other = UploadQueue(redis, Keys(), limits=LIMITS)
    offer(queue, "r0", "r1")
    lend(queue)
    other.wake()
    redis.flushall()
    offer(queue, "r0", "r1")

    assert other.lease("p").reason == "gated"


def test_a_loss_is_noticed_though_much_has_happened_since(queue, redis):
    """Reconciling brings a thousand reports back before any uploader asks for one."""
    offer(queue, "r0")
    lend(queue)
    redis.flushall()
    offer(queue, *(f"r{n}" for n in range(1000)))

    assert queue.lease("p").reason == "gated"


def test_a_server_that_went_back_a_little_has_lost_something_too(queue, redis):
    """The last second before a power cut: its life is the same, and its numbers have shrunk."""
    offer(queue, "r0", "r1")
    lend(queue)
    redis.set(Keys().queue("sequence"), 1)

    assert queue.lease("p").reason == "gated"


def test_a_person_who_opens_the_lane_does_not_end_that_wait(queue, redis):
    """Nobody can know that no request is under way."""
    offer(queue, "r0")
    lend(queue)
    redis.flushall()
    offer(queue, "r0")
    queue.lease("p")

    queue.resume()

    assert queue.lease("p").reason == "gated"


def test_a_new_line_lends_at_once(queue):
    """An empty server is nothing special for a worker that has never been lent anything."""
    offer(queue, "r0")

    lend(queue)


def milliseconds(redis):
    """The broker's own time."""
    seconds, micros = redis.time()
    return seconds * 1000 + micros // 1000


def test_a_token_from_before_is_worth_nothing(queue, redis):
    """The holder of a forgotten lease can't touch the one that came after it, though tokens are counted anew."""
    offer(queue, "r0")
    stale = lend(queue)
    redis.flushall()
    # Tokens begin at the millisecond; no server forgets everything and is told all of it again within one.
    forgotten = milliseconds(redis)
    wait_until(lambda: milliseconds(redis) > forgotten, what="a millisecond to pass")
    offer(queue, "r0")
    lend(UploadQueue(redis, Keys(), limits=LIMITS))

    assert not queue.renew(stale)
    assert not queue.settle(stale, Later(0, "late")).ours
    assert queue.census().leased == 1


def test_what_is_sent_while_memory_is_lost_counts(queue, redis):
    """Its holder says so when the server answers; nobody sends it again."""
    offer(queue, "r0")
    lease = lend(queue)
    redis.flushall()

    queue.settle(lease, Done())

    assert offer(queue, "r0").known == ("r0",)


@pytest.fixture
def full(real_redis):
    """A queue with one report lent and two more, on a real server that then runs out of memory."""
    queue = UploadQueue(real_redis, Keys(), limits=LIMITS)
    offer(queue, "r0", "r1", "r2")
    queue.lease("p")
    queue.reserve("before")
    real_redis.config_set("maxmemory", 1)
    yield queue
    real_redis.config_set("maxmemory", 0)


def test_a_full_server_takes_nothing_new(full):
    """The file stays in its folder, and its reports on the spool."""
    with pytest.raises((OutOfMemoryError, ResponseError), match="maxmemory"):
        full.reserve("another")
    with pytest.raises((OutOfMemoryError, ResponseError), match="maxmemory"):
        offer(full, "r9")


def test_a_full_server_still_lets_reports_go(full):
    """Only deliveries make room again."""
    lease = lend(full)
    assert full.renew(lease)
    full.settle(lease, Later(0, "503"))
    full.settle(lend(full), Done())
    full.release("before")
    full.wake()
    full.gate(1, "503")

    census = full.census()
    assert (census.delivered, census.leased, census.reserved) == (1, 1, 0)
