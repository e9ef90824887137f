"""Which bytes of the archive which records need: what a purge asks before it takes any away.

It is as much a copy as the rest of the catalogue. ``complete`` makes it whole, and whoever made it so hears
when that is over because everything was forgotten.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from wats_worker.archive.record import KeptFile
from wats_worker.catalogue.database import IDS, Database
from wats_worker.catalogue.rows import key, storable
from wats_worker.catalogue.tables import kept, progress, reports

#: What it is called how often everything was forgotten.
CLEARED: Final = "cleared"
#: Rows that are in memory at once.
_PORTION: Final = 5000


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the archive that has bytes."""

    file_id: str
    edition: int  #: the latest
    source: str
    at: float  #: when that was archived, in seconds since 1970
    size: int  #: bytes of the original and of its reports, in all editions


class KeptBytes:
    """What is known of them. For any number of threads; see ``Catalogue`` for what may be raised.

    Args:
        database: Of the catalogue.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # Writing

    def enter(self, connection: Connection, records: Sequence[KeptFile]) -> None:
        """What these records need. What is known stays as it is."""
        if records:
            statement = self._database.insert(kept).on_conflict_do_nothing()
            connection.execute(statement, [_row(record) for record in records])

    def purged(self, editions: Mapping[str, int]) -> None:
        """The bytes of these files are gone, up to an edition of each."""
        ids = sorted(editions)
        with self._database.change() as connection:
            for start in range(0, len(ids), IDS):
                rows = connection.execute(
                    select(kept.c.file_id, kept.c.edition).where(
                        ~kept.c.purged, kept.c.file_id.in_(ids[start : start + IDS])
                    )
                )
                gone = [row for row in rows.all() if row.edition <= editions[row.file_id]]
                if gone:
                    ours = (kept.c.file_id == bindparam("ours")) & (kept.c.edition == bindparam("of"))
                    connection.execute(
                        update(kept).where(ours).values(purged=True),
                        [{"ours": row.file_id, "of": row.edition} for row in gone],
                    )

    # Reading

    def cleared(self) -> int:
        """How often everything was forgotten."""
        with self._database.look() as connection:
            return _cleared(connection)

    def unknown(self, records: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """Which of these records, each by file and edition, are not known."""
        with self._database.look() as connection:
            ids = sorted({file_id for file_id, _ in records})
            rows = connection.execute(
                select(kept.c.file_id, kept.c.edition).where(kept.c.file_id.in_(ids))
            ).all()
        known = {(row.file_id, row.edition) for row in rows}
        return [record for record in records if record not in known]

    def count(self) -> tuple[int, int]:
        """How many files have bytes, and how many of them."""
        statement = select(func.count(kept.c.file_id.distinct()), func.coalesce(func.sum(kept.c.size), 0))
        with self._database.look() as connection:
            files, size = connection.execute(statement.where(_has_bytes())).one()
        return int(files), int(size)

    def with_bytes(self, file_ids: Collection[str]) -> int:
        """How many of these files have bytes."""
        wanted, found = sorted(file_ids), 0
        statement = select(func.count(kept.c.file_id.distinct())).where(_has_bytes())
        with self._database.look() as connection:
            for start in range(0, len(wanted), IDS):
                some = wanted[start : start + IDS]
                found += connection.scalar(statement.where(kept.c.file_id.in_(some))) or 0
        return found

    def newest_first(self, source: str) -> Iterator[Kept]:
        """The files of a source that have bytes."""
        return self._files(kept.c.source == source, oldest=False)

    def oldest_first(self) -> Iterator[Kept]:
        """The files of all sources that have bytes."""
        return self._files(oldest=True)

    def of_units(self, serials: Collection[str]) -> set[str]:
        """The files with a unit of one of these serial numbers."""
        wanted = sorted(serials)
        found: set[str] = set()
        with self._database.look() as connection:
            for start in range(0, len(wanted), IDS):
                some = [key(serial) for serial in wanted[start : start + IDS]]
                rows = connection.execute(select(reports.c.file_id).where(reports.c.serial_key.in_(some)))
                found.update(rows.scalars())
        return found

    def needed(
        self, blobs: Collection[str], *, besides: Mapping[str, int], cleared: int
    ) -> frozenset[str] | None:
        """Which of these blobs a record needs. None: nobody knows, everything was forgotten meanwhile.

        Args:
            blobs: By their checksums.
            besides: Files that need them no more, up to an edition of each.
            cleared: How often everything was forgotten when it was last complete.
        """
        ours = sorted(blobs)
        found: set[str] = set()
        with self._database.look() as connection:
            for start in range(0, len(ours), IDS):
                some = ours[start : start + IDS]
                statement = select(kept).where(or_(kept.c.original.in_(some), kept.c.bodies.in_(some)))
                for row in connection.execute(statement.where(~kept.c.purged)):
                    if row.edition > besides.get(row.file_id, 0):
                        found |= {row.original, row.bodies}
            # Asked last: had they been forgotten before one of these questions, it would show.
            if _cleared(connection) != cleared:
                return None
        return frozenset(found & set(ours))

    def _files(self, *where: ColumnElement[bool], oldest: bool) -> Iterator[Kept]:
        at = func.max(kept.c.archived_ms).label("at")
        statement = (
            select(
                kept.c.file_id,
                func.max(kept.c.edition).label("edition"),
                func.min(kept.c.source).label("source"),
                at,
                func.sum(kept.c.size).label("size"),
            )
            .where(_has_bytes(), *where)
            .group_by(kept.c.file_id)
            .order_by(at if oldest else at.desc(), kept.c.file_id)
        )
        with self._database.look() as connection:
            found = connection.execution_options(yield_per=_PORTION).execute(statement)
            for row in found:
                yield Kept(row.file_id, row.edition, row.source, row.at / 1000, int(row.size))


def _has_bytes() -> ColumnElement[bool]:
    return ~kept.c.purged & (kept.c.size > 0)


def _cleared(connection: Connection) -> int:
    return connection.scalar(select(progress.c.at_ms).where(progress.c.name == CLEARED)) or 0


def _row(record: KeptFile) -> dict[str, Any]:
    blobs = {blob.sha256: blob.size for blob in (record.original, record.bodies) if blob is not None}
    return {
        "file_id": record.file_id,
        "edition": record.edition,
        "source": storable(record.card.source),
        "archived_ms": round(record.archived_at * 1000),
        "original": record.original.sha256 if record.original else "",
        "bodies": record.bodies.sha256 if record.bodies else "",
        "size": sum(blobs.values()),
        "purged": False,
    }
