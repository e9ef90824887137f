"""Scheduled sources: when each was asked last, who asks it now, and which ticks came to nothing.

    tick ──► due ──message──► begin ──► polling ──► finish ──┐
      ▲       └── lost: ticked again      └── renew          │
      └───────────── the schedule, or sooner: ``again`` ◄────┘

A tick is dropped while its source is being polled, while it rests after a failure, and while an earlier tick
still waits for a worker. What a message says is decided anew when it arrives, so two clocks that tick at the
same time, or messages that come twice, make one poll. All of this is state: lost, it costs a poll too many.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts

#: A source that nobody has ticked or polled for so long is not scheduled any more.
_KEEP_S: Final = 40 * 86400


class Ticked(StrEnum):
    """What becomes of a tick."""

    DUE = "due"  #: a message is to be sent
    RUNNING = "running"  #: its source is being polled
    RESTING = "resting"  #: its source failed, or had no room, a moment ago
    WAITING = "waiting"  #: an earlier tick has not found a worker yet


class Begun(StrEnum):
    """The answer to a worker who wants to poll a source."""

    BEGUN = "begun"
    RUNNING = "running"  #: somebody else does
    LATE = "late"  #: somebody has begun to since the tick


class Outcome(StrEnum):
    """How a poll ended."""

    DONE = "done"
    FULL = "full"  #: there was no room for more
    UNFINISHED = "unfinished"  #: its time was over before its source had given everything
    STOPPED = "stopped"  #: the worker went home
    FAILED = "failed"


@dataclass(frozen=True)
class PollState:
    """Where one scheduled source stands. Times are seconds since 1970, server clock; 0 is never."""

    source: str
    ticked_at: float = 0.0  #: last tick of the schedule
    next_at: float = 0.0  #: the one after
    due_at: float = 0.0  #: the tick that waits for a worker
    began_at: float = 0.0
    ended_at: float = 0.0
    held_until: float = 0.0  #: end of the term of whoever polls it
    again_at: float = 0.0  #: it wants to be polled before the next tick
    outcome: Outcome | None = None
    reason: str = ""
    taken: int = 0  #: items of the last poll
    total: int = 0
    failures: int = 0  #: in a row
    dropped: int = 0  #: ticks since the last poll began

    @classmethod
    def read(cls, source: str, fields: Mapping[str, str]) -> Self:
        """Make a state of what Redis holds."""

        def seconds(name: str) -> float:
            return float(fields.get(name, 0)) / 1000

        return cls(
            source=source,
            ticked_at=seconds("ticked"),
            next_at=seconds("next"),
            due_at=seconds("due"),
            began_at=seconds("began"),
            ended_at=seconds("ended"),
            held_until=seconds("until"),
            again_at=seconds("again"),
            outcome=Outcome(fields["outcome"]) if "outcome" in fields else None,
            reason=fields.get("reason", ""),
            taken=int(fields.get("taken", 0)),
            total=int(fields.get("total", 0)),
            failures=int(fields.get("failures", 0)),
            dropped=int(fields.get("dropped", 0)),
        )


class Polls:
    """The scheduled sources of one factory.

    Args:
        redis: Client with ``decode_responses=True``.
        keys: The factory's key layout.
        clock: Source of the time in seconds. Only for testing; else the server's clock counts.
    """

    def __init__(self, redis: Client, keys: Keys, *, clock: Callable[[], float] | None = None) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = Scripts(redis, "polls", keys.poll)
        self._clock = clock

    def tick(
        self, source: str, *, next_at: float | None = None, lost: bool = False, asked: bool = False
    ) -> tuple[Ticked, int]:
        """It is time for a source, or somebody says so.

        Args:
            source: Its name.
            next_at: When its schedule ticks next; None for a tick besides the schedule.
            lost: The message of the tick before this one is thought to be lost.
            asked: A person wants it, rest or no rest.

        Returns:
            What becomes of the tick, and its time, which goes into the message.
        """
        verdict, at = self._run(
            "tick",
            source,
            planned="" if next_at is None else "1",
            lost="1" if lost else "",
            asked="1" if asked else "",
            next_ms=round((next_at or 0) * 1000),
            keep_ms=_KEEP_S * 1000,
        )
        return Ticked(verdict), int(at)

    def begin(self, source: str, *, due: int, holder: str, term_s: float) -> tuple[Begun, int]:
        """Ask to poll a source for a term; whoever polls renews.

        Args:
            source: Its name.
            due: The tick's time, from its message.
            holder: Name of whoever asks, which no other poll has.
            term_s: A silent holder loses the source after so long.

        Returns:
            The answer, and how many polls in a row have failed before this one.
        """
        verdict, failures = self._run(
            "begin", source, due=due, holder=holder, term_ms=round(term_s * 1000), keep_ms=_KEEP_S * 1000
        )
        return Begun(verdict), int(failures)

    def renew(self, source: str, *, holder: str, term_s: float) -> bool:
        """Keep a source for another term. False: somebody else polls it now."""
        return bool(self._run("renew", source, holder=holder, term_ms=round(term_s * 1000)))

    def finish(
        self,
        source: str,
        *,
        holder: str,
        outcome: Outcome,
        taken: int = 0,
        reason: str = "",
        again_s: float | None = None,
    ) -> bool:
        """Say how a poll ended. False: somebody else polls the source now.

        Args:
            source: Its name.
            holder: Who polled.
            outcome: How it ended.
            taken: How many items came by it.
            reason: For people, where it did not end well.
            again_s: It wants to be polled again after so long, whatever the schedule; until then it rests.
        """
        reply = self._run(
            "finish",
            source,
            holder=holder,
            outcome=outcome,
            reason=reason,
            taken=taken,
            again_ms="" if again_s is None else max(1, round(again_s * 1000)),
            keep_ms=_KEEP_S * 1000,
        )
        return bool(reply)

    def states(self, sources: Sequence[str]) -> list[PollState]:
        """Where these sources stand, in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for source in sources:
            pipeline.hgetall(self._keys.poll(source))
        replies = pipeline.execute()
        return [PollState.read(source, fields) for source, fields in zip(sources, replies, strict=True)]

    def _run(self, script: str, source: str, **given: str | float) -> Any:
        now = "" if self._clock is None else str(int(self._clock() * 1000))
        return self._scripts.run(script, key=lambda _: self._keys.poll(source), now=now, **given)
