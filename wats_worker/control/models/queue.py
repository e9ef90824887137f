"""The upload queue and its lane."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from wats_broker.messages import ReportId
from wats_broker.queue import Buried, Census, Held
from wats_worker.control.models.asking import Reason


class QueueCensus(BaseModel):
    """How full everything is, at one moment."""

    ready: int
    leased: int
    delayed: int
    reserved: int
    held: int
    buried: int
    delivered: int
    max_size: int
    paused: str | None
    gated_s: float
    gate_reason: str | None
    depth: int  #: what the bound is held against

    @classmethod
    def of(cls, census: Census) -> Self:
        """What the queue counted."""
        return cls(**asdict(census), depth=census.depth)


class BuriedReports(BaseModel):
    """Reports that wait for a person, the oldest first."""

    reports: list[Buried]
    total: int


class HeldReports(BaseModel):
    """Reports that wait for room, in the order in which they will get it."""

    reports: list[Held]
    total: int


class Requeue(BaseModel):
    """Which buried reports are to be tried again."""

    model_config = ConfigDict(extra="forbid")

    report_ids: Annotated[list[ReportId], Field(max_length=1000)] = []
    everything: bool = False


class Requeued(BaseModel):
    """What came of it."""

    requeued: int
    not_buried: list[str]
    left: int  #: still buried; more than so many are not tried at once


class Discarded(BaseModel):
    """A report that was given up. It stays on the spool, with a receipt that says so."""

    report_id: str
    file_id: str
    pending: int  #: reports of the file that are still to be delivered


class Pause(BaseModel):
    """Why the lane is shut."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = "by an operator"


class Lane(BaseModel):
    """Whether uploads are paused, and why."""

    paused: str | None
