"""The bounded upload queue: reserve · offer · lease · renew · settle · census.

    reserve ──► offer ──► ready ──► lease ──► settle ──► delivered
                  │         ▲        │  │        ├─────► delayed ──► ready
                  ▼         │        │  │        └─────► buried ──► (requeue) ready
                 held ──────┘        │  └ renew
                                     └ term over: ready again

``ready + leased + delayed + reserved`` never exceeds ``max_size``; what finds no room is *held* and enters in
its order as room appears. The live leases are the limit on requests in flight over all hosts: nothing has
to be given back by a worker that is gone. Every act is one Lua script whose cost doesn't depend on depth.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from wats_broker.messages import Bury, Done, Later, Offer, Verdict
from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts
from wats_broker.states import ReportState

#: Reports per script call: enough to be one act for any sane file, small enough never to block the server.
_CHUNK: Final = 500


@dataclass(frozen=True)
class QueueLimits:
    """How large, how wide, how long."""

    max_size: int = 10_000  #: reports and reservations together; 0 = unlimited
    width: int = 5  #: leases at a time over all hosts, which is requests in flight to one server
    per_minute: int = 0  #: requests in any minute over all hosts; 0 = unlimited
    term_s: float = 20.0  #: of a lease; renewed while its upload runs
    reservation_s: float = 3600.0  #: a file that has not come back by then has lost its room
    max_lost: int = 10  #: leases one report may outlive before a person has to look at it
    remember_s: float = 30 * 86400.0  #: how long delivered ids are known
    remember_count: int = 500_000  #: and how many of them


@dataclass(frozen=True)
class Offered:
    """What became of the reports of one file."""

    ready: int
    held: int
    known: tuple[str, ...]  #: ids that are queued or delivered already
    permits: tuple[str, ...]  #: a drain is to be sent for each


@dataclass(frozen=True)
class Lease:
    """A report lent for a term."""

    report_id: str
    file_id: str
    token: int  #: fences off a holder whose term is over
    attempts: int  #: made before this one
    first_offered: float  #: seconds since 1970, server clock


@dataclass(frozen=True)
class Idle:
    """Nothing was lent, and why."""

    reason: str  #: ``empty``, ``width``, ``rate``, ``paused`` or ``gated``
    again_ms: int | None  #: when it is worth asking again, if that is known


@dataclass(frozen=True)
class Settled:
    """What settling did."""

    ours: bool  #: False when the lease had gone to somebody else; a Done is honoured all the same
    permits: tuple[str, ...] = ()  #: a drain is to be sent for each


@dataclass(frozen=True)
class Buried:
    """A report that waits for a person."""

    report_id: str
    file_id: str
    reason: str
    answer: str
    attempts: int
    at: float  #: seconds since 1970


@dataclass(frozen=True)
class Held:
    """A report that waits for room in the queue."""

    report_id: str
    file_id: str
    priority: int
    attempts: int
    size: int  #: bytes
    offered_at: float  #: seconds by the queue's own clock, which is only good for comparing


@dataclass(frozen=True)
class Census:
    """How full everything is, at one moment."""

    ready: int
    leased: int
    delayed: int
    reserved: int
    held: int
    buried: int
    delivered: int  #: ids remembered
    max_size: int
    paused: str | None
    gated_s: float
    gate_reason: str | None
    probing: bool  #: nobody knows yet whether the server is well again
    #: Since the report was offered that has waited longest; it is another one at any moment.
    oldest_s: float = field(compare=False)

    @property
    def depth(self) -> int:
        """What the bound is held against."""
        return self.ready + self.leased + self.delayed + self.reserved


class UploadQueue:
    """The queue in front of one server.

    Args:
        redis: Client with ``decode_responses=True``.
        keys: The factory's key layout.
        limits: Bound, width and terms.
        clock: Source of the time in seconds. Only for testing; else the server's clock counts.
    """

    def __init__(
        self,
        redis: Client,
        keys: Keys,
        *,
        limits: QueueLimits | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.limits = limits or QueueLimits()
        self._redis = redis
        self._key = keys.queue
        self._scripts = Scripts(redis, "queue", keys.queue)
        self._clock = clock
        # What the server has told this process: which life it leads, and how far its numbers have come.
        self._met, self._known = "", 0

    def _now(self) -> str:
        return "" if self._clock is None else str(int(self._clock() * 1000))

    def reserve(self, file_id: str) -> bool:
        """Keep room for one report of a file before it is dispatched; False when the queue is full.

        Asking again for the same file renews its term. The room is the file's until its reports are
        offered, it is released, or the term is over.
        """
        return self.reserve_all([file_id]) == 1

    def reserve_all(self, file_ids: Sequence[str]) -> int:
        """The same for many files in their order, in one act; how many of them have room, from the first."""
        reply = self._scripts.run(
            "reserve",
            *file_ids,
            now=self._now(),
            term_ms=_ms(self.limits.reservation_s),
            max_size=self.limits.max_size,
        )
        return int(reply)

    def release(self, file_id: str) -> None:
        """Give a file's room back."""
        self._scripts.run("release", now=self._now(), file_id=file_id, max_size=self.limits.max_size)

    def reservations(self, *, older_than_s: float) -> list[str]:
        """The files that have had room for longer than this, at most a thousand; for a sweeper."""
        reply = self._scripts.run(
            "rooms",
            now=self._now(),
            term_ms=_ms(self.limits.reservation_s),
            age_ms=_ms(older_than_s),
        )
        return list(reply)

    def offer(self, file_id: str, reports: Sequence[Offer]) -> Offered:
        """Bring a file's reports in; offering them again changes nothing.

        The bytes must be safe on the spool before. The reservation is used up by the first report; further
        ones take room that nobody has reserved, or are held.
        """
        ready, held, known, permits = 0, 0, [], []
        for start in range(0, max(len(reports), 1), _CHUNK):
            flat = [x for r in reports[start : start + _CHUNK] for x in (r.report_id, r.priority, r.size)]
            reply = self._scripts.run(
                "offer",
                *flat,
                now=self._now(),
                file_id=file_id,
                max_size=self.limits.max_size,
                width=self.limits.width,
                per_minute=self.limits.per_minute,
            )
            ready, held = ready + reply[0], held + reply[1]
            known += reply[2]
            permits += reply[3]
        return Offered(ready, held, tuple(known), tuple(permits))

    def lease(self, permit: str) -> Lease | Idle:
        """Lend the next report for a term, unless the lane is full, shut, empty or too fast.

        Args:
            permit: The drain's permit; leasing keeps it alive.
        """
        kind, *rest = self._scripts.run(
            "lease",
            now=self._now(),
            permit=permit,
            width=self.limits.width,
            per_minute=self.limits.per_minute,
            term_ms=_ms(self.limits.term_s),
            max_size=self.limits.max_size,
            max_lost=self.limits.max_lost,
            met=self._met,
            known=self._known,
        )
        if kind != "lent":
            return Idle(kind, None if rest[0] < 0 else rest[0])
        report_id, token, item, self._met = rest
        self._known = max(self._known, token)
        file_id, _, attempts, _, offered, _, _ = item.split(" ")
        return Lease(report_id, file_id, token, int(attempts), int(offered) / 1000)

    def renew(self, lease: Lease) -> bool:
        """Keep a lease for another term. False: it is not ours any more, so nothing may be sent under it."""
        reply = self._scripts.run(
            "renew",
            now=self._now(),
            id=lease.report_id,
            token=lease.token,
            term_ms=_ms(self.limits.term_s),
        )
        return bool(reply)

    def settle(self, lease: Lease, verdict: Verdict) -> Settled:
        """End a lease with what became of the report."""
        common: dict[str, Any] = {"now": self._now(), "id": lease.report_id, "token": lease.token}
        match verdict:
            case Done():
                ours, permits = self._scripts.run(
                    "done",
                    **common,
                    max_size=self.limits.max_size,
                    width=self.limits.width,
                    per_minute=self.limits.per_minute,
                    keep_ms=_ms(self.limits.remember_s),
                    keep_count=self.limits.remember_count,
                )
                return Settled(bool(ours), tuple(permits))
            case Later():
                counts = int(verdict.counts)
                return Settled(
                    bool(self._scripts.run("later", **common, delay_ms=_ms(verdict.delay_s), counts=counts))
                )
            case Bury():
                info = {
                    "file_id": lease.file_id,
                    "attempts": lease.attempts + 1,
                    "reason": verdict.reason,
                    "answer": verdict.answer,
                }
                ours = self._scripts.run(
                    "bury", **common, max_size=self.limits.max_size, info=json.dumps(info)
                )
                return Settled(bool(ours))

    def wake(self) -> tuple[str, ...]:
        """Permits for drains that ought to run and do not. Cheap; to be asked about once a second."""
        permits, self._met, largest = self._scripts.run(
            "wake",
            now=self._now(),
            width=self.limits.width,
            per_minute=self.limits.per_minute,
            max_size=self.limits.max_size,
            term_ms=_ms(self.limits.term_s),
            met=self._met,
            known=self._known,
        )
        self._known = max(self._known, largest)
        return tuple(permits)

    def linger(self, seconds: float) -> bool:
        """Wait at the empty queue for new reports. True when it is worth asking for a lease again.

        Holds a connection of the pool for as long as it waits.
        """
        return self._redis.blpop([self._key("bell")], timeout=seconds) is not None

    def drain_ends(self, permit: str) -> None:
        """A drain goes home."""
        self._redis.zrem(self._key("drains"), permit)

    def pause(self, reason: str) -> bool:
        """Shut the lane until a person opens it. True for the caller who found it open."""
        return bool(self._redis.hsetnx(self._key("lane"), "paused", reason))

    def resume(self) -> None:
        """Open the lane, a gate included."""
        self._redis.hdel(self._key("lane"), "paused", "gate_until", "gate_reason")

    def gate(self, seconds: float, reason: str) -> None:
        """Shut the lane for everybody for a while; then one report goes ahead alone, as a probe."""
        self._scripts.run("gate", now=self._now(), ms=_ms(seconds), reason=reason)

    def census(self) -> Census:
        """Count everything at one moment, in constant time."""
        reply = self._scripts.run("census", now=self._now())
        ready, leased, delayed, reserved, held, buried, delivered, paused, gate_ms, *rest = reply
        gate_reason, probing, oldest_ms = rest
        return Census(
            ready=ready,
            leased=leased,
            delayed=delayed,
            reserved=reserved,
            held=held,
            buried=buried,
            delivered=delivered,
            max_size=self.limits.max_size,
            paused=paused or None,
            gated_s=gate_ms / 1000,
            gate_reason=(gate_reason or None) if gate_ms or probing else None,
            probing=bool(probing),
            oldest_s=oldest_ms / 1000,
        )

    def buried(self, *, start: int = 0, count: int = 100) -> list[Buried]:
        """The reports that wait for a person, the oldest first."""
        entries = self._redis.zrange(self._key("buried"), start, start + count - 1, withscores=True)
        if not entries:
            return []
        infos = self._redis.hmget(self._key("buried_info"), [report_id for report_id, _ in entries])
        return [_buried(report_id, at, text) for (report_id, at), text in zip(entries, infos, strict=True)]

    def find_buried(self, report_id: str) -> Buried | None:
        """One report that waits for a person, if it does."""
        at = self._redis.zscore(self._key("buried"), report_id)
        if at is None:
            return None
        return _buried(report_id, at, self._redis.hget(self._key("buried_info"), report_id))

    def discard(self, report_id: str) -> bool:
        """A person gave up a buried report; False if it is not buried. What the spool has of it stays."""
        pipeline = self._redis.pipeline()
        pipeline.zrem(self._key("buried"), report_id)
        pipeline.hdel(self._key("buried_info"), report_id)
        return bool(pipeline.execute()[0])

    def forget(self, report_ids: Sequence[str]) -> None:
        """Forget that these were delivered: they are to be sent again."""
        for start in range(0, len(report_ids), _CHUNK):
            self._redis.zrem(self._key("delivered"), *report_ids[start : start + _CHUNK])

    def held(self, *, start: int = 0, count: int = 100) -> list[Held]:
        """The reports that wait for room, in the order in which they will get it."""
        ids = self._redis.zrange(self._key("held"), start, start + count - 1)
        if not ids:
            return []
        items = self._redis.hmget(self._key("items"), ids)
        return [_held(report_id, item) for report_id, item in zip(ids, items, strict=True) if item]

    def requeue(self, reports: Sequence[Buried]) -> int:
        """Try buried reports again, from their first attempt; how many were still buried."""
        return sum(
            self._scripts.run(
                "requeue",
                now=self._now(),
                id=report.report_id,
                file_id=report.file_id,
                max_size=self.limits.max_size,
            )
            for report in reports
        )

    def where(self, report_ids: Sequence[str]) -> list[ReportState | None]:
        """Where each of these reports stands, in one round trip; None for one the queue has never seen."""
        pipeline = self._redis.pipeline(transaction=False)
        for report_id in report_ids:
            for state in ReportState:
                pipeline.zscore(self._key(state.value), report_id)
        scores = iter(pipeline.execute())
        found: list[ReportState | None] = []
        for _ in report_ids:
            here = [state for state in ReportState if next(scores) is not None]
            found.append(here[0] if here else None)
        return found


def _buried(report_id: str, at: float, text: str | None) -> Buried:
    info = json.loads(text or "{}")
    return Buried(
        report_id=report_id,
        file_id=info.get("file_id", ""),
        reason=info.get("reason", ""),
        answer=info.get("answer", ""),
        attempts=info.get("attempts", 0),
        at=at / 1000,
    )


def _held(report_id: str, item: str) -> Held:
    file_id, priority, attempts, _, offered, size, _ = item.split(" ")
    return Held(report_id, file_id, int(priority), int(attempts), int(size), int(offered) / 1000)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
