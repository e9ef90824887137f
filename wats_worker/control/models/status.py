"""The line at a glance."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import BaseModel, Field

from wats_broker.fleet import Worker
from wats_broker.journal import LastFile, Trouble
from wats_broker.polls import Outcome, PollState
from wats_broker.states import FileState
from wats_broker.switches import Off
from wats_worker.control.models.queue import QueueCensus
from wats_worker.settings import ScheduledSource


class SourceBrief(BaseModel):
    """A watched source."""

    name: str
    folder: str


class Scheduled(BaseModel):
    """Where one scheduled source stands. Times are seconds since 1970 by the broker's clock, 0 for never."""

    source: str
    ticked_at: float
    next_at: float
    due_at: float
    began_at: float
    ended_at: float
    held_until: float
    again_at: float
    outcome: Outcome | None
    reason: str
    taken: int
    total: int
    failures: int
    dropped: int
    poller: str
    when: str
    running: bool

    @classmethod
    def of(cls, source: ScheduledSource, state: PollState, now: float) -> Self:
        """What the configuration and the broker say of it."""
        when = f"every {source.every:g} s" if source.every is not None else source.cron
        if source.every is None and source.cron_timezone:
            when = f"{when} {source.cron_timezone}"
        return cls(**asdict(state), poller=source.poller, when=str(when), running=state.held_until > now)


class Polls(BaseModel):
    """All scheduled sources."""

    polls: list[Scheduled]
    at: float


class PollAsked(BaseModel):
    """A poll was asked for; whoever wants to know how it went looks at the source again."""

    source: str
    due: int  #: the tick it stands for, in ms since 1970


class KnownProcesses(BaseModel):
    """What is known of the server's processes."""

    known: int
    age_s: int | None
    trouble: str | None


class Sandbox(BaseModel):
    """How strictly converters are kept."""

    level: str
    trusted: list[str]


class Status(BaseModel):
    """All that a person asks first."""

    healthy: bool
    concerns: list[str]  #: what a person should know, one sentence each, with what to do
    workers: list[Worker]
    queue: QueueCensus
    files: dict[FileState, int]
    sources: list[SourceBrief]
    scheduled: list[Scheduled]
    processes: KnownProcesses
    sandbox: Sandbox
    troubles: list[Trouble]
    parked: int  #: messages of another release
    notes: list[str]  #: what is less than it could be, and is wanted so
    at: Annotated[float, Field(description="When this was, in seconds since 1970 by the broker's clock.")]


class SourceLine(BaseModel):
    """One source and what came of it last."""

    name: str
    kind: str  #: watched or scheduled
    folder: str | None
    converter: str
    paused: Off | None
    last_file: LastFile | None
    silence_s: float | None  #: since its last file; None if there was none
    silent: bool  #: for longer than its ``silent_s``, and it is not paused
    watched_by: str | None
    troubles: list[Trouble]


class Sources(BaseModel):
    """All sources."""

    sources: list[SourceLine]
    at: float


class Workers(BaseModel):
    """Who lives."""

    workers: list[Worker]
