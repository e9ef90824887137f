"""Files: found, and told whole."""

from typing import Any, Self

from pydantic import BaseModel

from wats_broker.journal import Event, FileRecord
from wats_broker.states import FileState, ReportState
from wats_worker.catalogue.entry import Entry, Page
from wats_worker.control.models.archive import InArchive


class FileLine(BaseModel):
    """One file in a list. Times are seconds since 1970."""

    file_id: str
    source: str
    name: str
    state: FileState
    size: int
    attempts: int
    seen_at: float
    facts: dict[str, str]
    sha256: str = ""  #: of its bytes
    reports: int = 0  #: that were made of it
    archived_at: float | None = None

    @classmethod
    def found(cls, entry: Entry) -> Self:
        """What the catalogue has of it."""
        return cls(
            file_id=entry.file_id,
            source=entry.source,
            name=entry.name,
            state=entry.state,
            size=entry.size,
            attempts=entry.attempts,
            seen_at=entry.seen_at,
            facts=dict(entry.facts),
            sha256=entry.sha256,
            reports=entry.reports,
            archived_at=entry.archived_at,
        )

    @classmethod
    def of(cls, record: FileRecord) -> Self:
        """What the journal has of it."""
        return cls(
            file_id=record.file_id,
            source=record.source,
            name=record.name,
            state=record.state,
            size=record.size,
            attempts=record.attempts,
            seen_at=record.seen_at,
            facts=record.facts,
        )


class Files(BaseModel):
    """A page of files, the one that was taken in last at the top."""

    files: list[FileLine]
    #: Where the following page begins; empty if there is none.
    next: str

    @classmethod
    def found(cls, page: Page) -> Self:
        """What the catalogue has found."""
        return cls(files=[FileLine.found(entry) for entry in page.entries], next=page.next)


class OnSpool(BaseModel):
    """Where a file's bytes are, and what its card says."""

    place: str
    path: str
    size: int
    sha256: str
    claimed_at: str
    pool: str
    priority: int
    converter: str
    bundle: bool
    kept: bool
    has_bytes: bool


class ReportLine(BaseModel):
    """One report of a file."""

    report_id: str
    state: ReportState | None  #: None: the queue has never seen it, or has forgotten it
    pending: bool  #: not confirmed yet, so its bytes are on the spool
    receipt: dict[str, Any] | None


class FileHistory(BaseModel):
    """All that is known of one file: by the journal, on the spool, in the queue, in the archive."""

    file: FileLine | None  #: None: the journal has forgotten it
    story: list[Event]
    spool: OnSpool | None  #: None: the spool has it no more
    archive: InArchive | None  #: None: it is not archived yet
    reason: dict[str, Any]
    stderr: str
    warnings: list[str]
    reports: list[ReportLine]
    #: Whether there are more reports than are told here.
    more_reports: bool
