"""Which files are wanted, and how the database is asked for them, page by page.

A question goes through one index from its beginning on: that of the most telling thing it names. What else it
names is looked at on the way. So an answer takes as long as what it tells, however many files there are, and
whoever turns the pages neither misses nor repeats a file that was there when he began.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Select, exists, literal, or_, select, tuple_
from sqlalchemy.sql.selectable import FromClause

from wats_broker.states import FileState
from wats_worker.catalogue.errors import BadCursor
from wats_worker.catalogue.rows import key
from wats_worker.catalogue.tables import files, reports

#: Behind every text that begins with another one.
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True)
class Wanted:
    """Which files. What is not said does not matter. Letters may be large or small."""

    file_id: str = ""  #: its beginning
    name: str = ""  #: its beginning, without the folders
    sha256: str = ""  #: of the bytes of the file
    serial: str = ""  #: the beginning of a unit's serial number
    part: str = ""  #: the number of a unit
    station: str = ""
    report: str = ""  #: any id of a report: ours, the log's own, the server's
    source: str = ""
    state: FileState | None = None
    archived: bool = False  #: only files that are in the archive
    since: float = 0.0  #: taken in at this time or later, in seconds since 1970 …
    until: float = 0.0  #: … and not after this one; 0: whenever


@dataclass(frozen=True)
class Place:
    """Where a page ended: the key that it went by, the rank, the file."""

    key: str
    rank: int
    file_id: str

    @classmethod
    def read(cls, text: str, wanted: Wanted) -> Self:
        """Understand what ``write`` gave for the same question.

        Raises:
            BadCursor: it gave no such thing.
        """
        try:
            told = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
            question, index, rank, file_id = told
            place = cls(str(index), int(rank), str(file_id))
        except (ValueError, TypeError, binascii.Error):
            raise BadCursor from None
        if question != _digest(wanted) or abs(place.rank) >= 2**62:
            raise BadCursor
        return place

    def write(self, wanted: Wanted) -> str:
        """A text for whoever turns the page; it says nothing to him."""
        told = json.dumps([_digest(wanted), self.key, self.rank, self.file_id])
        return base64.urlsafe_b64encode(told.encode()).decode()


def question(wanted: Wanted, after: Place | None, count: int) -> Select[Any]:
    """Ask for a page: key, rank and id of each file, in their order."""
    index, table, conditions = _index(wanted)
    order: tuple[ColumnElement[Any], ...] = (table.c.rank, table.c.file_id)
    ended: tuple[Any, ...] = (after.rank, after.file_id) if after else ()
    if not _is_constant(wanted):
        order = (index, *order)
        ended = (after.key, *ended) if after else ()
    if ended:
        conditions.append(tuple_(*order) > tuple_(*map(literal, ended)))
    return (
        select(index.label("key"), table.c.rank.label("rank"), table.c.file_id.label("file_id"))
        .distinct()
        .where(*conditions, *_residue(wanted, table))
        .order_by(*order)
        .limit(count)
    )


def _is_constant(wanted: Wanted) -> bool:
    """Whether all files that are found have the same key, so that only time orders them."""
    if wanted.report or wanted.sha256:
        return True
    return not (wanted.file_id or wanted.serial or wanted.name)


def _index(wanted: Wanted) -> tuple[ColumnElement[str], FromClause, list[ColumnElement[bool]]]:
    """The index to go through: its key, its table, and the part of it."""
    nothing: ColumnElement[str] = literal("")
    if wanted.report:
        return nothing, reports, [_is_report(wanted.report)]
    if wanted.sha256:
        return nothing, files, [files.c.sha256 == wanted.sha256.lower()]
    if wanted.file_id:
        return files.c.file_id, files, [*_begins(files.c.file_id, wanted.file_id.lower())]
    if wanted.serial:
        ours = [*_begins(reports.c.serial_key, key(wanted.serial)), _is_the_first(wanted)]
        return reports.c.serial_key, reports, ours
    if wanted.name:
        return files.c.name_key, files, [*_begins(files.c.name_key, key(wanted.name))]
    if wanted.part:
        return nothing, reports, [reports.c.part_key == key(wanted.part)]
    if wanted.station:
        return nothing, reports, [reports.c.station_key == key(wanted.station)]
    return nothing, files, []


def _is_the_first(wanted: Wanted) -> ColumnElement[bool]:
    """Whether a file has no other unit that fits and comes before: a panel has several, and is one file."""
    other = reports.alias("other")
    return ~exists().where(
        other.c.file_id == reports.c.file_id,
        other.c.serial_key < reports.c.serial_key,
        *_of_report(wanted, other),
    )


def _residue(wanted: Wanted, table: FromClause) -> Iterator[ColumnElement[bool]]:
    """What else is looked at on the way. What the index says already is said again at no cost."""
    if wanted.source:
        yield table.c.source == wanted.source
    if wanted.since:
        yield table.c.rank <= -round(wanted.since * 1000)
    if wanted.until:
        yield table.c.rank >= -round(wanted.until * 1000)
    of_file, of_report = list(_of_file(wanted)), list(_of_report(wanted))
    if table is files:
        yield from of_file
        if of_report:
            yield exists().where(reports.c.file_id == files.c.file_id, *of_report)
    else:
        yield from of_report
        if of_file:
            yield exists().where(files.c.file_id == reports.c.file_id, *of_file)


def _of_file(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.state is not None:
        yield files.c.state == wanted.state.value
    if wanted.archived:
        yield files.c.edition > 0
    if wanted.sha256:
        yield files.c.sha256 == wanted.sha256.lower()
    if wanted.file_id:
        yield from _begins(files.c.file_id, wanted.file_id.lower())
    if wanted.name:
        yield from _begins(files.c.name_key, key(wanted.name))


def _of_report(wanted: Wanted, table: FromClause = reports) -> Iterator[ColumnElement[bool]]:
    if wanted.report:
        yield _is_report(wanted.report, table)
    if wanted.serial:
        yield from _begins(table.c.serial_key, key(wanted.serial))
    if wanted.part:
        yield table.c.part_key == key(wanted.part)
    if wanted.station:
        yield table.c.station_key == key(wanted.station)


def _is_report(any_id: str, table: FromClause = reports) -> ColumnElement[bool]:
    return or_(table.c.report_id == any_id, table.c.sent_as == any_id, table.c.stored_as == any_id.lower())


def _begins(column: ColumnElement[str], beginning: str) -> Iterator[ColumnElement[bool]]:
    yield column >= beginning
    yield column < beginning + _LAST


def _digest(wanted: Wanted) -> str:
    return hashlib.sha256(json.dumps(asdict(wanted)).encode()).hexdigest()[:12]
