"""What the archive has of a file."""

from typing import Self

from pydantic import BaseModel

from wats_worker.archive.record import KeptFile
from wats_worker.spool.made import Making


class InArchive(BaseModel):
    """One file in the archive. Times are seconds since 1970."""

    edition: int  #: 1, and one more after each replay
    archived_at: float
    name: str
    source: str
    path: str  #: where the tester put it
    size: int
    sha256: str
    claimed_at: str
    bundle: bool
    has_bytes: bool  #: whether the original is kept; a source may want it deleted, and time goes by
    post_action: str
    how: Making

    @classmethod
    def of(cls, record: KeptFile, *, has_bytes: bool) -> Self:
        """What its record says."""
        card = record.card
        return cls(
            edition=record.edition,
            archived_at=record.archived_at,
            name=card.name,
            source=card.source,
            path=card.path,
            size=card.size,
            sha256=card.sha256,
            claimed_at=card.claimed_at,
            bundle=card.bundle,
            has_bytes=has_bytes,
            post_action=record.post_action,
            how=record.how,
        )
