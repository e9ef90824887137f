"""One clock ticks for all hosts, and what it ticks comes to a poll, sooner or later."""

import pytest
from support import Clock

from wats_broker.fleet import BeatLease
from wats_broker.names import Keys, Stage
from wats_broker.polls import Outcome, Polls
from wats_worker.poll.ticks import Ticks


class Clocks:
    """Two processes that could tick, and the time."""

    def __init__(self, line) -> None:
        self.line = line
        self.time = Clock()
        self.polls = Polls(line.redis, Keys(), clock=self.time)

    def ticks(self, holder: str) -> Ticks:
        return Ticks(
            ["mes", "aoi"],
            polls=self.polls,
            dispatch=self.line.dispatch,
            lease=BeatLease(self.line.redis, Keys()),
            holder=holder,
            now=self.time,
            clock=self.time,
        )

    def messages(self) -> int:
        return self.line.dispatch.backlog(Stage.POLL)

    def lose_messages(self) -> None:
        self.line.redis.delete(*self.line.redis.scan_iter("wats:celery:*"))


@pytest.fixture
def clocks(plant):
    return Clocks(plant.line)


def test_one_ticks_and_the_other_stands_by(clocks):
    """Until the first goes home."""
    one, two = clocks.ticks("one"), clocks.ticks("two")
    assert (one.are_ours(), two.are_ours(), two.standing_by_for) == (True, False, "one")

    one.let_go()
    clocks.time.pass_(6)

    assert (two.are_ours(), one.are_ours()) == (True, False)


def test_a_tick_sends_a_message_and_the_next_one_does_not(clocks):
    """As long as that one waits for a worker."""
    ticks = clocks.ticks("one")

    ticks.tick("mes", next_s=300)
    clocks.time.pass_(300)
    ticks.tick("mes", next_s=300)

    assert clocks.messages() == 1
    assert ticks.ages() == {"mes": 0}


def test_a_lost_message_is_sent_again_and_a_waiting_one_is_not(clocks):
    """An empty queue tells them apart."""
    ticks = clocks.ticks("one")
    ticks.tick("mes", next_s=300)
    clocks.time.pass_(20)
    ticks.repair()
    assert clocks.messages() == 1

    clocks.lose_messages()
    ticks.repair()

    assert clocks.messages() == 1


@pytest.mark.parametrize("outcome", [Outcome.FAILED, None])
def test_a_failed_poll_and_a_dead_worker_don_t_wait_for_the_schedule(clocks, outcome):
    """A source that is asked once a day is asked again soon."""
    ticks = clocks.ticks("one")
    _, due = clocks.polls.tick("mes", next_at=0)
    clocks.polls.begin("mes", due=due, holder="worker", term_s=30)
    if outcome is not None:
        clocks.polls.finish("mes", holder="worker", outcome=outcome, again_s=20)
    clocks.time.pass_(10)
    ticks.repair()
    assert clocks.messages() == 0

    clocks.time.pass_(30)
    ticks.repair()
    ticks.repair()

    assert clocks.messages() == 1


def test_a_paused_source_is_not_ticked(clocks):
    """Neither by the schedule nor by whoever repairs it; the others are."""
    ticks = Ticks(
        ["mes", "aoi"],
        polls=clocks.polls,
        dispatch=clocks.line.dispatch,
        lease=BeatLease(clocks.line.redis, Keys()),
        holder="one",
        now=clocks.time,
        paused=lambda name: {"mes": "calibration"}.get(name, ""),
        clock=clocks.time,
    )

    ticks.tick("mes", next_s=60)
    ticks.tick("aoi", next_s=60)
    ticks.repair()

    assert clocks.messages() == 1
    assert [bool(state.ticked_at) for state in clocks.polls.states(["mes", "aoi"])] == [False, True]
