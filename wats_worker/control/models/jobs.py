"""Replays of many files as a job: what is wanted, how far it is, what it found."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wats_broker.messages import FileId, SourceName
from wats_worker.control.models.asking import ConverterWord, Reason

JobId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class JobState(StrEnum):
    """How a job stands."""

    WAITING = "waiting"  #: nobody has begun it yet
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What came of one file."""

    SAME = "same"  #: its reports would be what they were
    DIFFERENT = "different"
    SENT = "sent"  #: different, and on its way to the server again
    FAILED = "failed"  #: it has no reports any more
    SKIPPED = "skipped"  #: it can't be compared


class JobWanted(BaseModel):
    """Which archived files are converted again, by whom, and what is done with a difference."""

    model_config = ConfigDict(extra="forbid")

    file_ids: Annotated[list[FileId], Field(max_length=500)] = []
    source: SourceName | None = None
    since: Annotated[
        float | None, Field(ge=0, le=1e11, description="Taken in at this time or later, seconds since 1970.")
    ] = None
    until: Annotated[float | None, Field(ge=0, le=1e11, description="Not after this.")] = None
    serial: Annotated[
        str | None,
        Field(min_length=1, max_length=100, description="Files with a unit of this serial number."),
    ] = None
    version: Annotated[
        Literal["today", "recorded"],
        Field(description="By today's converter, or only by the version that made the reports."),
    ] = "today"
    converter: Annotated[
        ConverterWord | None, Field(description="By this one, whatever the source says.")
    ] = None
    mode: Annotated[
        Literal["compare", "send"],
        Field(description="Only tell what is different, or send those files again as well."),
    ] = "compare"
    per_minute: Annotated[int, Field(ge=1, le=6000, description="Files in a minute, at most.")] = 60
    reason: Reason

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not self.file_ids and self.source is None and self.since is None and self.serial is None:
            raise ValueError("say which: file_ids, source, since, or serial")
        if self.version == "recorded" and (self.converter is not None or self.mode == "send"):
            raise ValueError("the recorded version names its converter, and made what was sent: compare only")
        return self


class Job(BaseModel):
    """A replay job."""

    id: JobId
    who: str
    created_at: float  #: seconds since 1970
    state: JobState
    wanted: JobWanted
    #: The last file that was done; the next one in order of ids follows.
    after: str = ""
    progress: float = 0.0  #: from 0 to 1
    done: int = 0  #: files
    counts: dict[Verdict, int] = {}
    waits_for: str = ""  #: why nothing happens just now

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in {JobState.DONE, JobState.CANCELLED}


class Jobs(BaseModel):
    """The jobs, the newest first."""

    jobs: list[Job]


class ReportChange(BaseModel):
    """What is different in one report."""

    report_id: str
    change: Literal["changed", "new", "gone"]
    fields: list[str]  #: the first of them, each with place, before and after
    more: int = 0  #: fields that are not told


class FileChange(BaseModel):
    """What came of one file."""

    file_id: str
    name: str
    verdict: Verdict
    why: str = ""
    converter: str = ""  #: who it was, and in which version
    reports: list[ReportChange] = []


class FileChanges(BaseModel):
    """Files of a job that are not the same."""

    files: list[FileChange]
    next: int  #: where the following page begins; 0 if there is none yet
