"""Which ticks of scheduled sources come to a poll, and who may make it."""

import pytest
from support import Clock

from wats_broker.names import Keys
from wats_broker.polls import Begun, Outcome, Polls, PollState, Ticked


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def polls(redis, clock):
    return Polls(redis, Keys(), clock=clock)


def begin(polls, due, holder="one"):
    return polls.begin("mes", due=due, holder=holder, term_s=30)[0]


def state(polls) -> PollState:
    return polls.states(["mes"])[0]


def test_a_tick_becomes_a_poll(polls, clock):
    """Due, begun, finished; and it is told how it went."""
    verdict, due = polls.tick("mes", next_at=clock() + 300)
    clock.pass_(1)

    assert (verdict, begin(polls, due)) == (Ticked.DUE, Begun.BEGUN)
    assert polls.finish("mes", holder="one", outcome=Outcome.DONE, taken=7)
    found = state(polls)
    assert (found.outcome, found.taken, found.total, found.due_at) == (Outcome.DONE, 7, 7, 0)
    assert found.ticked_at == clock() - 1
    assert found.next_at == clock() + 299


def test_a_source_nobody_ticked_is_unknown_and_not_an_error(polls):
    """Its state is all zeroes."""
    assert state(polls) == PollState("mes")


def test_ticks_don_t_pile_up_while_no_worker_comes(polls, clock):
    """The first waits for all; the others are counted."""
    verdicts = []
    for _ in range(4):
        verdicts.append(polls.tick("mes", next_at=0)[0])
        clock.pass_(1)

    assert verdicts == [Ticked.DUE, Ticked.WAITING, Ticked.WAITING, Ticked.WAITING]
    assert state(polls).dropped == 3


def test_a_tick_whose_message_is_lost_is_ticked_again(polls, clock):
    """Both messages may come after all: the later one is late."""
    _, first = polls.tick("mes", next_at=0)
    clock.pass_(20)
    verdict, second = polls.tick("mes", lost=True)

    assert verdict is Ticked.DUE
    assert begin(polls, second) is Begun.BEGUN
    polls.finish("mes", holder="one", outcome=Outcome.DONE)
    assert begin(polls, first, "two") is Begun.LATE


def test_two_clocks_make_one_poll(polls, clock):
    """Their ticks differ by a moment; the poll that began after both answers both."""
    _, first = polls.tick("mes", next_at=0)
    clock.pass_(0.01)
    _, second = polls.tick("mes", asked=True)
    clock.pass_(0.01)

    assert begin(polls, first, "one") is Begun.BEGUN
    assert begin(polls, second, "two") is Begun.RUNNING
    polls.finish("mes", holder="one", outcome=Outcome.DONE)
    assert begin(polls, second, "two") is Begun.LATE


def test_a_tick_within_the_millisecond_of_a_poll_is_later_than_it(polls):
    """A poll that finds no room ends so soon that the next tick may have its very time."""
    first = polls.tick("mes", asked=True)[1]
    assert begin(polls, first) is Begun.BEGUN
    polls.finish("mes", holder="one", outcome=Outcome.FULL, again_s=5)

    _, second = polls.tick("mes", asked=True)

    assert begin(polls, second, "two") is Begun.BEGUN


def test_a_tick_during_a_poll_is_dropped(polls, clock):
    """And the one after it is not."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    clock.pass_(5)
    assert polls.tick("mes", next_at=0)[0] is Ticked.RUNNING
    polls.finish("mes", holder="one", outcome=Outcome.DONE)

    assert polls.tick("mes", next_at=0)[0] is Ticked.DUE


def test_a_dropped_message_leaves_no_tick_behind(polls, clock):
    """Else every later tick would wait for it. This one was ticked while the source's worker seemed to be dead."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    clock.pass_(31)
    _, again = polls.tick("mes", next_at=0)
    assert polls.renew("mes", holder="one", term_s=30)
    assert begin(polls, again, "two") is Begun.RUNNING
    polls.finish("mes", holder="one", outcome=Outcome.DONE)
    clock.pass_(1)

    assert polls.tick("mes", next_at=0)[0] is Ticked.DUE


def test_a_dead_worker_loses_the_source_by_its_term(polls, clock):
    """One that renews keeps it; its word after that counts for nothing."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    clock.pass_(25)
    assert polls.renew("mes", holder="one", term_s=30)
    clock.pass_(25)
    _, other = polls.tick("mes", asked=True)
    assert begin(polls, due, "two") is Begun.RUNNING

    clock.pass_(6)
    _, other = polls.tick("mes", next_at=0)

    assert begin(polls, other, "two") is Begun.BEGUN
    assert not polls.renew("mes", holder="one", term_s=30)
    assert not polls.finish("mes", holder="one", outcome=Outcome.DONE, taken=5)
    assert state(polls).total == 0


def test_failures_are_counted_until_one_poll_ends_well(polls, clock):
    """Whoever begins learns how many there were. A full queue says nothing about the source."""
    counts = []
    for outcome in (Outcome.FAILED, Outcome.FULL, Outcome.FAILED, Outcome.DONE, Outcome.FAILED):
        _, due = polls.tick("mes", next_at=0)
        clock.pass_(1)
        counts.append(polls.begin("mes", due=due, holder="one", term_s=30)[1])
        polls.finish("mes", holder="one", outcome=outcome, reason="away")
        clock.pass_(1)

    assert counts == [0, 1, 1, 2, 0]
    assert (state(polls).failures, state(polls).reason) == (1, "away")


def test_a_source_rests_unless_a_person_asks(polls, clock):
    """A tick of the schedule is dropped; afterwards the rest is over."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    polls.finish("mes", holder="one", outcome=Outcome.FAILED, again_s=40)
    clock.pass_(39)

    assert state(polls).again_at == clock() + 1
    assert polls.tick("mes", next_at=0)[0] is Ticked.RESTING
    assert polls.tick("mes", asked=True)[0] is Ticked.DUE


def test_a_rest_ends(polls, clock):
    """By itself."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    polls.finish("mes", holder="one", outcome=Outcome.FULL, again_s=5)
    clock.pass_(6)

    assert polls.tick("mes")[0] is Ticked.DUE
    assert state(polls).again_at == 0


@pytest.mark.parametrize("outcome", [None, Outcome.FAILED, Outcome.DONE])
def test_a_clock_that_is_set_back_stops_no_source(polls, clock, outcome):
    """While it was polled, while it rested, or after a poll that now seems to lie in the future."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    if outcome is not None:
        polls.finish("mes", holder="one", outcome=outcome, again_s=40 if outcome is Outcome.FAILED else None)

    clock.pass_(-3600)
    verdict, due = polls.tick("mes", next_at=0)

    assert verdict is Ticked.DUE
    assert begin(polls, due, "two") is Begun.BEGUN


def test_nothing_is_kept_for_ever(polls, redis):
    """A source that is taken out of the configuration is forgotten."""
    _, due = polls.tick("mes", next_at=0)
    begin(polls, due)
    polls.finish("mes", holder="one", outcome=Outcome.DONE)

    assert redis.pttl(Keys().poll("mes")) > 0
    assert redis.dbsize() == 1
