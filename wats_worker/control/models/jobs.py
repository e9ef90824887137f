"""Replays of many files as a job: what is wanted, how far it is, what it found."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from wats_broker.messages import FileId
from wats_worker.control.models.asking import ConverterWord, Reason
from wats_worker.control.models.finding import Search

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
    SENT = "sent"  #: on its way to the server again
    FAILED = "failed"  #: it has no reports any more
    SKIPPED = "skipped"  #: it can't be compared, or not be sent


class Mode(StrEnum):
    """What is done with the files."""

    COMPARE = "compare"  #: only tell what would be different
    COMPARE_AND_SEND = "compare-and-send"  #: the same, and send what is different again
    SEND = "send"  #: send all of them again


class JobWanted(Search):
    """Which archived files are converted again, by whom, and what is done with them.

    Either ids, or the words by which files are found.
    """

    file_ids: list[FileId] = Field(default_factory=list, max_length=500)
    version: Annotated[
        Literal["today", "recorded"],
        Field(description="By today's converter, or only by the version that made the reports."),
    ] = "today"
    converter: Annotated[
        ConverterWord | None, Field(description="By this one, whatever the source says.")
    ] = None
    mode: Annotated[
        Mode, Field(description="Only tell what is different, send those files again as well, or send all.")
    ] = Mode.COMPARE
    per_minute: Annotated[int, Field(ge=1, le=6000, description="Files in a minute, at most.")] = 60
    reason: Reason

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if bool(self.file_ids) == bool(self.said()):
            raise ValueError("say which files: either ids, or words by which they are found")
        if self.version == "recorded" and self.converter is not None:
            raise ValueError("the recorded version names its converter: say one of the two")
        return self


class Job(BaseModel):
    """A replay job."""

    id: JobId
    who: str
    created_at: float  #: seconds since 1970
    state: JobState
    wanted: JobWanted
    total: int = 0  #: files; which they are is looked up once, when the job begins
    done: int = 0  #: of them
    counts: dict[Verdict, int] = {}
    waits_for: str = ""  #: why nothing happens just now

    @property
    def progress(self) -> float:
        """How far it is, from 0 to 1."""
        if self.state is JobState.DONE:
            return 1.0
        return self.done / self.total if self.total else 0.0

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
