"""Who goes first while there is not room for all."""

import pytest
from support import Clock

from wats_worker.intake.turns import Turns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def turns(clock):
    return Turns(clock)


def ask(turns, source, priority, *, room):
    """One question for room, as ``Intake`` asks it; whether the source got some."""
    if turns.may_go(source, priority) and room:
        turns.served(source)
        return True
    turns.waits(source, priority)
    return False


def test_the_urgent_go_first(turns):
    """What gets free is theirs, for as long as they ask for it."""
    ask(turns, "urgent", 0, room=False)
    assert not ask(turns, "ordinary", 5, room=True)

    assert ask(turns, "urgent", 0, room=True)

    assert ask(turns, "ordinary", 5, room=True)


def test_who_is_gone_holds_nobody_up(turns, clock):
    """A source whose folder went away asks no more."""
    ask(turns, "urgent", 0, room=False)
    clock.pass_(16)

    assert ask(turns, "ordinary", 5, room=True)


def test_nobody_waits_for_ever(turns, clock):
    """Beside an urgent source that always has more, a step of priority costs a minute; then many go, not one."""
    got = {"urgent": 0, "ordinary": 0}
    first = None
    for second in range(20 * 60):
        # The urgent source always has another file, and takes a room every other second. The rest is the other's.
        left = not ask(turns, "urgent", 3, room=second % 2)
        ask(turns, "urgent", 3, room=False)
        if ask(turns, "ordinary", 5, room=left):
            got["ordinary"] += 1
            first = first or second
        got["urgent"] += not left
        clock.pass_(1)

    assert first == pytest.approx(120, abs=2)
    assert got["ordinary"] >= 3 * 64
    assert got["urgent"] == 10 * 60
