"""What a tick of the clock means: a message for a source, or nothing; and whose clock it is that ticks."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from redis.exceptions import RedisError

from wats_broker.dispatch import Dispatch
from wats_broker.fleet import BeatLease
from wats_broker.names import Stage
from wats_broker.polls import Polls, PollState, Ticked
from wats_worker.poll.pace import may_be_lost, wants_tick

log = logging.getLogger(__name__)

#: How long the clock is ours without a sign of life.
_TERM_S: Final = 15.0


class Ticks:
    """The ticks of one process, which stands by while another one's clock ticks.

    Args:
        sources: The names of the scheduled sources.
        holder: Name of this process.
        now: Seconds since 1970 by the server's clock.
        paused: Says why a source is not to be polled just now; empty if it is.
        clock: Steady time. Only for testing.
    """

    def __init__(
        self,
        sources: Sequence[str],
        *,
        polls: Polls,
        dispatch: Dispatch,
        lease: BeatLease,
        holder: str,
        now: Callable[[], float],
        paused: Callable[[str], str] = lambda _: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._polls = polls
        self._dispatch = dispatch
        self._lease = lease
        self._holder = holder
        self._now = now
        self._paused = paused
        self._clock = clock
        self._asked = float("-inf")
        self._ticking = ""  # whose clock ticks

    @property
    def standing_by_for(self) -> str:
        """Whose clock ticks, if it is not ours."""
        return "" if self._ticking == self._holder else self._ticking

    def are_ours(self) -> bool:
        """Whether it is our clock that ticks."""
        now = self._clock()
        if now - self._asked >= _TERM_S / 3:
            ticking = self._lease.acquire(self._holder, term_s=_TERM_S)
            if ticking != self._ticking:
                ours = ticking == self._holder
                log.info("beat_begins" if ours else "beat_stands_by", extra={"ticking": ticking})
            self._asked, self._ticking = now, ticking
        return self._ticking == self._holder

    def let_go(self) -> None:
        """Let the next clock tick at once."""
        with suppress(RedisError):  # else it waits for the term
            self._lease.release(self._holder)

    def ages(self) -> dict[str, float]:
        """How many seconds ago each source was ticked last, for those that ever were."""
        now = self._now()
        return {
            state.source: max(0.0, now - state.ticked_at)
            for state in self._polls.states(self._sources)
            if state.ticked_at
        }

    def tick(self, source: str, *, next_s: float) -> None:
        """It is time for a source; the next time is so many seconds away."""
        self._tick(source, next_at=self._now() + next_s)

    def repair(self) -> None:
        """Tick besides the schedule: for sources that want it, and in place of messages that were lost."""
        now = self._now()
        states = self._polls.states(self._sources)
        for state in states:
            if wants_tick(state, now=now):
                self._tick(state.source)
        overdue = [state for state in states if may_be_lost(state, now=now)]
        if overdue and not self._dispatch.backlog(Stage.POLL):
            for state in overdue:
                self._repeat(state)

    def _repeat(self, state: PollState) -> None:
        log.info("tick_repeated", extra={"source": state.source})
        self._tick(state.source, lost=True)

    def _tick(self, source: str, *, next_at: float | None = None, lost: bool = False) -> None:
        if reason := self._paused(source):
            log.debug("tick_dropped", extra={"source": source, "reason": reason})
            return
        verdict, due = self._polls.tick(source, next_at=next_at, lost=lost)
        if verdict is Ticked.DUE:
            self._dispatch.poll(source, due)
        else:
            log.debug("tick_dropped", extra={"source": source, "reason": verdict.value})
