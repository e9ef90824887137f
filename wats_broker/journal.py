"""What happened to every file: its state, its story, and the counters of the factory.

The journal is the truth about *state*; the spool is the truth about *data*, and the journal can be made
again from it. Everything kept here is bounded or expires.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Self

from wats_broker.errors import IllegalMove
from wats_broker.messages import FileSeen
from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts
from wats_broker.states import FileState, origins

#: Files whose last events are kept in order of time, for listings.
_RECENT: Final = 200_000
#: Files looked at in one round trip.
_PORTION: Final = 500
#: Runs and units remembered: some days of a busy plant, in some 20 MB.
_RUNS: Final = 100_000
#: Told to the server in one script; Lua takes no more than some thousand arguments.
_RUNS_AT_ONCE: Final = 500
#: Troubles kept per source: more of them say nothing new.
_TROUBLES: Final = 1000

Fact = str | int | float | bool | None


class Seen(StrEnum):
    """What the journal makes of a claimed file."""

    NEW = "new"
    AGAIN = "again"  #: the same bytes from the same source are known
    REVIVED = "revived"  #: they are known, but quarantined: another chance


@dataclass(frozen=True)
class Taken:
    """The answer to a worker who wants to convert a file."""

    kind: Literal["taken", "busy", "finished", "unknown"]
    attempt: int  #: from 1
    deaths: int = 0  #: holders that fell silent while they had it


@dataclass(frozen=True)
class Standing:
    """What reconciling needs to know of a file. Times are seconds since 1970, server clock."""

    state: FileState
    sent_at: float  #: last dispatch
    held_until: float  #: end of the convert lease, 0 without one
    attempts: int


@dataclass(frozen=True)
class Event:
    """One line of a file's story."""

    at: float  #: seconds since 1970
    event: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class FileRecord:
    """All that the journal knows of one file."""

    file_id: str
    source: str
    name: str
    state: FileState
    size: int  #: bytes
    attempts: int
    seen_at: float
    facts: dict[str, str]  #: whatever the stages wrote: converter, reason, reports …
    story: tuple[Event, ...] = ()

    @classmethod
    def read(cls, file_id: str, fields: dict[str, str], story: Iterable[str] = ()) -> Self:
        """Make a record of what Redis holds."""
        facts = dict(fields)
        return cls(
            file_id=file_id,
            source=facts.pop("source", ""),
            name=facts.pop("name", ""),
            state=FileState(facts.pop("state")),
            size=int(facts.pop("size", 0)),
            attempts=int(facts.pop("attempts", 0)),
            seen_at=float(facts.pop("seen_at", 0)) / 1000,
            facts=facts,
            story=tuple(_event(text) for text in story),
        )


def _event(text: str) -> Event:
    at, event, facts = json.loads(text)
    # Lua writes an empty table as a list.
    return Event(at / 1000, event, facts if isinstance(facts, dict) else {})


@dataclass(frozen=True)
class LastFile:
    """The last file of a source."""

    at: float  #: when it was taken in, in seconds since 1970
    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """One unit in one process at one moment: any texts that are the same for the same."""

    run: str
    unit: str  #: the unit in its process, at any moment
    report_id: str  #: the id that the server knows the report by


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is remembered of a run that was told."""

    report_id: str | None  #: another report of just this run
    runs: int  #: of its unit


@dataclass(frozen=True)
class Trouble:
    """Something in a watch folder that can't be claimed, and why."""

    source: str
    name: str
    reason: str
    since: float  #: seconds since 1970


class Journal:
    """The journal of one factory.

    Args:
        redis: Client with ``decode_responses=True``.
        keys: The factory's key layout.
        retention_s: How long a delivered file stays known here; the archive knows longer.
        clock: Source of the time in seconds. Only for testing; else the server's clock counts.
    """

    def __init__(
        self,
        redis: Client,
        keys: Keys,
        *,
        retention_s: float = 30 * 86400.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = Scripts(redis, "journal", keys.journal)
        self._retention_s = round(retention_s)
        self._clock = clock

    def _now(self) -> str:
        return "" if self._clock is None else str(int(self._clock() * 1000))

    def _about(self, file_id: str) -> Callable[[str], str]:
        """The key layout of a script about this file."""

        def key(structure: str) -> str:
            match structure:
                case "file":
                    return self._keys.file(file_id)
                case "story":
                    return self._keys.story(file_id)
                case _:
                    return self._keys.journal(structure)

        return key

    def seen(self, file: FileSeen) -> Seen:
        """Enter a claimed file, or recognise it."""
        return self.seen_all([file])[0]

    def seen_all(self, files: Iterable[FileSeen]) -> list[Seen]:
        """Enter claimed files, or recognise them, in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for file in files:
            self._scripts.run(
                "seen",
                pipeline=pipeline,
                key=self._about(file.file_id),
                now=self._now(),
                file_id=file.file_id,
                source=file.source,
                name=file.name,
                size=file.size,
                pool=file.pool,
                priority=file.priority,
                waited_ms="" if file.waited_s is None else round(file.waited_s * 1000),
            )
        return [Seen(reply) for reply in pipeline.execute()]

    def sent(self, file_ids: Sequence[str]) -> None:
        """These files were dispatched again just now."""
        now = self._clock() if self._clock else self.time()
        pipeline = self._redis.pipeline(transaction=False)
        for file_id in file_ids:
            pipeline.hset(self._keys.file(file_id), "sent_at", str(round(now * 1000)))
        pipeline.execute()

    def time(self) -> float:
        """Seconds since 1970 by the clock that leases and schedules run on."""
        seconds, micros = self._redis.time()
        return float(seconds + micros / 1e6)

    def record(
        self,
        file_id: str,
        event: str,
        *,
        state: FileState | None = None,
        fields: dict[str, Fact] | None = None,
        tallies: Sequence[str] = (),
        **facts: Fact,
    ) -> bool:
        """Write one event, and move the file if ``state`` is given.

        Args:
            file_id: The file.
            event: A past-tense word.
            state: Where the file stands from now on.
            fields: What the record is to remember beyond the story: converter, reason …
            tallies: What else to count, see ``metrics``.
            facts: What the story says about this event.

        Returns:
            False when the file was in that state already: everything may happen twice.

        Raises:
            IllegalMove: the picture in ``states`` has no such move, or the journal does not know the file.
        """
        flat = [
            x for name, value in (fields or {}).items() for x in (name, "" if value is None else str(value))
        ]
        reply = self._scripts.run(
            "record",
            *flat,
            key=self._about(file_id),
            now=self._now(),
            file_id=file_id,
            event=event,
            state=state or "",
            origins=f" {' '.join(origins(state))} " if state else "",
            retention_s=self._retention_s if state is FileState.DELIVERED else "",
            facts=json.dumps({name: value for name, value in facts.items() if value is not None}),
            tallies=" ".join(tallies),
        )
        if reply < 0:
            raise IllegalMove(f"file {file_id} can't become {state} now: {event}")
        return bool(reply)

    def take(self, file_id: str, *, worker: str, term_s: float) -> Taken:
        """Take a file for conversion, for a term. Whoever holds it renews; a silent holder loses it."""
        kind, attempt, deaths = self._scripts.run(
            "take",
            key=self._about(file_id),
            now=self._now(),
            file_id=file_id,
            worker=worker,
            term_ms=round(term_s * 1000),
        )
        return Taken(kind, attempt, deaths)

    def renew(self, file_id: str, *, worker: str, term_s: float) -> bool:
        """Keep a taken file for another term. False: somebody else has it now."""
        reply = self._scripts.run(
            "renew",
            key=self._about(file_id),
            now=self._now(),
            worker=worker,
            term_ms=round(term_s * 1000),
        )
        return bool(reply)

    def give_back(self, file_id: str, *, worker: str, reason: str) -> bool:
        """Let go of a taken file that can't be finished for no fault of its own: it was no attempt.

        False: somebody else has it now.
        """
        reply = self._scripts.run(
            "give_back",
            key=self._about(file_id),
            now=self._now(),
            file_id=file_id,
            worker=worker,
            facts=json.dumps({"reason": reason}),
        )
        return bool(reply)

    def file(self, file_id: str) -> FileRecord | None:
        """Everything about one file."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hgetall(self._keys.file(file_id))
        pipeline.lrange(self._keys.story(file_id), 0, -1)
        fields, story = pipeline.execute()
        return FileRecord.read(file_id, fields, story) if "state" in fields else None

    def standing(self, file_ids: Sequence[str]) -> list[Standing | None]:
        """Where these files stand, in one round trip; None for one the journal doesn't know."""
        pipeline = self._redis.pipeline(transaction=False)
        for file_id in file_ids:
            pipeline.hmget(self._keys.file(file_id), "state", "sent_at", "until", "attempts")
        return [
            Standing(
                FileState(state), float(sent_at or 0) / 1000, float(until or 0) / 1000, int(attempts or 0)
            )
            if state
            else None
            for state, sent_at, until, attempts in pipeline.execute()
        ]

    def recent(self, *, count: int = 50, state: FileState | None = None) -> list[FileRecord]:
        """The files with the latest events, newest first; those in one state if it is given."""
        found: list[FileRecord] = []
        start = 0
        while len(found) < count:
            ids = self._redis.zrange(self._keys.journal("recent"), start, start + _PORTION - 1, desc=True)
            known = [one for one in self.records(ids) if one is not None]
            found += [one for one in known if state in {None, one.state}]
            start += _PORTION
            if len(ids) < _PORTION:
                break
        return found[:count]

    def stories(self, file_ids: Sequence[str]) -> list[tuple[Event, ...]]:
        """What happened to each of these files, in one round trip; nothing of one that is forgotten."""
        pipeline = self._redis.pipeline(transaction=False)
        for file_id in file_ids:
            pipeline.lrange(self._keys.story(file_id), 0, -1)
        return [tuple(_event(text) for text in story) for story in pipeline.execute()]

    def changes(self, since_ms: int, *, count: int) -> list[tuple[str, int]]:
        """Files something happened to at this time or later, each with when it was last, in that order.

        Args:
            since_ms: Milliseconds since 1970, by the server's clock.
            count: At most so many.
        """
        found = self._redis.zrange(
            self._keys.journal("recent"),
            str(since_ms),
            "+inf",
            byscore=True,
            offset=0,
            num=count,
            withscores=True,
        )
        return [(file_id, int(at)) for file_id, at in found]

    def records(self, file_ids: Sequence[str]) -> list[FileRecord | None]:
        """What is known of these files, without their stories; None for one that is forgotten."""
        pipeline = self._redis.pipeline(transaction=False)
        for file_id in file_ids:
            pipeline.hgetall(self._keys.file(file_id))
        return [
            FileRecord.read(file_id, fields) if "state" in fields else None
            for file_id, fields in zip(file_ids, pipeline.execute(), strict=True)
        ]

    def last_files(self) -> dict[str, LastFile]:
        """By source, the file that was taken in last."""
        entries = self._redis.hgetall(self._keys.journal("sources"))
        return {source: LastFile(*json.loads(text)) for source, text in entries.items()}

    def trim(self) -> None:
        """Forget listings beyond their bound. Cheap; for a periodic chore."""
        recent = self._keys.journal("recent")
        self._redis.zremrangebyrank(recent, 0, -_RECENT - 1)

    def states(self) -> dict[FileState, int]:
        """How many files are in each state; for *delivered*, how many ever were."""
        counts = self.counters()
        return {state: counts.get(f"state:{state}", 0) for state in FileState}

    def counters(self) -> dict[str, int]:
        """All counters: ``state:<state>`` and ``event:<event>``."""
        return {name: int(n) for name, n in self._redis.hgetall(self._keys.journal("counters")).items()}

    def runs(self, told: Sequence[Run]) -> list[Earlier]:
        """Remember runs, as many as there is room for, and tell what is known of each from before."""
        found: list[Any] = []
        for at in range(0, len(told), _RUNS_AT_ONCE):
            flat = [x for one in told[at : at + _RUNS_AT_ONCE] for x in (one.run, one.unit, one.report_id)]
            found += self._scripts.run("runs", *flat, most=_RUNS)
        return [Earlier(other or None, count) for other, count in zip(found[::2], found[1::2], strict=True)]

    def trouble(self, source: str, name: str, reason: str) -> bool:
        """Something in a watch folder can't be claimed. True when that is news."""
        key = self._keys.journal(f"trouble:{source}")
        known = self._redis.hget(key, name)
        if known and json.loads(known)["reason"] == reason:
            return False
        if not known and self._redis.hlen(key) >= _TROUBLES:
            return False
        self._redis.hset(key, name, json.dumps({"reason": reason, "since": self.time()}))
        return True

    def trouble_over(self, source: str, name: str) -> bool:
        """It can be claimed now, or is gone. True when there had been trouble."""
        return bool(self._redis.hdel(self._keys.journal(f"trouble:{source}"), name))

    def troubles(self, source: str) -> list[Trouble]:
        """What in this source's folder can't be claimed."""
        entries = self._redis.hgetall(self._keys.journal(f"trouble:{source}"))
        return [
            Trouble(source, name, (entry := json.loads(text))["reason"], entry["since"])
            for name, text in sorted(entries.items())
        ]
