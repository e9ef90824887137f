"""Drains: what they do, when they go home, and whom they wake."""

import threading

import pytest

from wats_broker.names import Keys
from wats_worker.upload.drain import Drain, DrainResult

NEVER = threading.Event()


@pytest.fixture
def drain(line):
    return Drain(queue=line.queue, deliver=line.deliver, wake=line.woken.extend)


def test_a_drain_empties_the_queue_and_goes_home(line, loopback, drain):
    """And says what it did."""
    line.put(reports=7)

    result = drain.run("p", stop=NEVER, budget_s=30)

    assert result == DrainResult(delivered=7, later=0, buried=0, ended="empty")
    assert len(loopback.requests) == 7


def test_a_drain_counts_what_it_could_not_deliver(line, loopback, drain):
    """Buried and postponed reports are part of its story."""
    line.put(reports=3)
    line.breaker.passed()
    loopback.script = lambda number, _: [loopback.stored(), loopback.reply(400), loopback.reply(500)][
        number - 1
    ]

    result = drain.run("p", stop=NEVER, budget_s=30)

    assert result == DrainResult(delivered=1, later=1, buried=1, ended="empty")


def test_a_drain_whose_time_is_up_lets_others_take_its_place(line, drain):
    """Other work may wait for its thread; what is left is for whom it wakes."""
    line.put(reports=3)

    result = drain.run("p", stop=NEVER, budget_s=0)

    assert result == DrainResult(0, 0, 0, "budget")
    assert len(line.woken) == 3


def test_a_stopped_drain_finishes_what_it_holds_and_no_more(line, loopback, drain):
    """A worker that shuts down leaves no lease behind."""
    line.put(reports=3)
    stop = threading.Event()

    def stop_now(*_):
        stop.set()
        return loopback.stored()

    loopback.script = stop_now

    result = drain.run("p", stop=stop, budget_s=30)

    assert result == DrainResult(1, 0, 0, "stopped")
    assert line.queue.census().leased == 0


@pytest.mark.parametrize("shut", ["width", "paused"])
def test_a_drain_that_is_not_needed_goes_home_at_once(line, drain, shut):
    """Others are at work, or nobody may be."""
    line.put(reports=9)
    if shut == "width":
        for _ in range(5):
            line.lend()
    else:
        line.queue.pause("by hand")

    assert drain.run("p", stop=NEVER, budget_s=30).ended == shut


def test_a_drain_waits_for_a_gate_that_opens_soon(line, drain, loopback):
    """So that nobody has to be woken; the report that met the trouble comes right after."""
    line.clock = None
    line.start()
    drain = Drain(queue=line.queue, deliver=line.deliver, wake=line.woken.extend)
    line.put(reports=1)
    loopback.script = lambda number, _: loopback.reply(503) if number == 1 else loopback.stored()

    result = drain.run("p", stop=NEVER, budget_s=30)

    assert result == DrainResult(delivered=1, later=1, buried=0, ended="empty")


def test_a_drain_does_not_sit_out_a_long_gate(line, drain):
    """Its thread has other things to do; the sweeper wakes another."""
    line.put()
    line.queue.gate(60, "too many requests")

    result = drain.run("p", stop=NEVER, budget_s=1)

    assert result.ended == "gated"


def test_a_drain_that_fails_is_not_counted_as_live(line):
    """Or another would be missing until its term is over."""
    line.put()

    def fail(_lease):
        raise ZeroDivisionError

    drain = Drain(queue=line.queue, deliver=fail, wake=line.woken.extend)
    with pytest.raises(ZeroDivisionError):
        drain.run("p", stop=NEVER, budget_s=30)

    assert line.redis.zcard(Keys().queue("drains")) == 0
