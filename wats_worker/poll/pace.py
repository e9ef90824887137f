"""When to poll again besides the schedule. Pure."""

from typing import Final

from wats_broker.polls import Outcome, PollState

#: Seconds that a source without room for more rests.
_FULL_S: Final = 5.0
#: A failing source rests for ever longer, up to this.
_FIRST_S: Final = 10.0
_LONGEST_S: Final = 900.0
#: Seconds from a tick to a worker after which its message may be lost, if none waits any more.
_LOST_S: Final = 15.0


def rest_s(outcome: Outcome, failures: int) -> float | None:
    """How long a source rests before it is polled again, whatever its schedule; None leaves it to that.

    Args:
        outcome: How the poll ended.
        failures: How many in a row had failed before.

    >>> [rest_s(Outcome.FAILED, failures) for failures in (0, 1, 2, 9)]
    [10.0, 20.0, 40.0, 900.0]
    >>> rest_s(Outcome.DONE, 0), rest_s(Outcome.UNFINISHED, 0)
    (None, 0.0)
    """
    match outcome:
        case Outcome.FAILED:
            return min(_FIRST_S * 2.0 ** min(failures, 16), _LONGEST_S)
        case Outcome.FULL:
            return _FULL_S
        case Outcome.UNFINISHED | Outcome.STOPPED:
            return 0.0
        case Outcome.DONE:
            return None


def wants_tick(state: PollState, *, now: float) -> bool:
    """Whether a source is to be ticked now, besides its schedule: its rest is over, or its worker died.

    >>> wants_tick(PollState("mes", again_at=100.0), now=99.0)
    False
    >>> wants_tick(PollState("mes", again_at=100.0), now=100.0)
    True
    >>> wants_tick(PollState("mes", began_at=50.0, held_until=80.0), now=100.0)
    True
    """
    if state.due_at:
        return False
    return 0 < state.again_at <= now or 0 < state.held_until <= now


def may_be_lost(state: PollState, *, now: float) -> bool:
    """Whether the message of a tick may be lost. It is, unless one waits in the queue.

    >>> may_be_lost(PollState("mes", due_at=100.0), now=110.0)
    False
    >>> may_be_lost(PollState("mes", due_at=100.0), now=120.0)
    True
    """
    return bool(state.due_at) and abs(now - state.due_at) > _LOST_S
