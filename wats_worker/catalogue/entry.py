"""What is told of a file that was found. Whoever only wants to name it need not load a database's driver."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from wats_broker.states import FileState

if TYPE_CHECKING:
    from sqlalchemy import Row


@dataclass(frozen=True)
class Entry:
    """One file as the catalogue has it. Times are seconds since 1970."""

    file_id: str
    source: str
    name: str
    sha256: str
    size: int
    state: FileState
    attempts: int
    facts: Mapping[str, str]
    seen_at: float
    reports: int
    edition: int  #: in the archive; 0: not there
    archived_at: float | None
    original: bool  #: whether its bytes went into the archive

    @classmethod
    def of(cls, row: "Row[Any]") -> Self:
        """Make it of what the database has."""
        return cls(
            file_id=row.file_id,
            source=row.source,
            name=row.name,
            sha256=row.sha256,
            size=row.size,
            state=FileState(row.state),
            attempts=row.attempts,
            facts=json.loads(row.facts),
            seen_at=row.seen_ms / 1000,
            reports=row.reports,
            edition=row.edition,
            archived_at=None if row.archived_ms is None else row.archived_ms / 1000,
            original=row.original,
        )


@dataclass(frozen=True)
class Page:
    """Some of the files that were looked for."""

    entries: tuple[Entry, ...]
    next: str  #: where the following page begins; empty if there is none
