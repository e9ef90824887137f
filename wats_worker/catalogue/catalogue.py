"""The catalogue as its users see it: what is known goes in, and whoever looks for a file finds it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import SecretStr
from sqlalchemy import Connection, Row, Select, Table, and_, delete, func, or_, select, update

from wats_broker.states import FileState
from wats_worker.archive.record import KeptFile
from wats_worker.catalogue import rows
from wats_worker.catalogue.database import IDS, Database
from wats_worker.catalogue.entry import Entry, Page
from wats_worker.catalogue.finding import Place, Wanted, question
from wats_worker.catalogue.kept import CLEARED, KeptBytes
from wats_worker.catalogue.opening import open_database
from wats_worker.catalogue.tables import files, kept, progress, reports

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The latest files, through which is looked for a part of a name; an index only knows beginnings.
_LATEST: Final = 5000
#: What moves as long as a file is not archived.
_MOVING: Final = ("state", "attempts", "facts", "updated_ms", "reports")


class Catalogue:
    """The catalogue of one factory. For any number of threads.

    Every method may raise ``CatalogueUnusable``.

    Args:
        database: Where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        #: Which bytes of the archive are needed, and by whom.
        self.kept = KeptBytes(database)

    @classmethod
    def open(cls, url: SecretStr | None, file: Path) -> Self:
        """Open it, and bring it to this release's schema; see ``open_database``."""
        return cls(Database(open_database(url, file)))

    def close(self) -> None:
        """Hang up."""
        self._database.close()

    # Writing

    def enter(self, records: Sequence[KeptFile]) -> None:
        """Enter archived files. What is there in this edition or a later one stays as it is."""
        if not records:
            return  # mostly nothing is missing, and nobody who writes has to wait for that
        latest = {record.file_id: record for record in sorted(records, key=lambda one: one.edition)}
        with self._database.change() as connection:
            there = self._editions(connection, list(latest))
            new = [rows.of_record(one) for one in latest.values() if one.edition > there.get(one.file_id, 0)]
            self._replace(connection, new)
            self.kept.enter(connection, records)

    def note(self, told: Sequence[tuple[rows.Row, list[rows.Row]]]) -> None:
        """Enter what the journal tells of files on their way. What is known from later on stays as it is."""
        if not told:
            return
        with self._database.change() as connection:
            there = self._editions(connection, [file["file_id"] for file, _ in told])
            # The reports of an archived file are those in the archive, until others come there.
            of_reports = [one for file, ours in told if not there.get(file["file_id"]) for one in ours]
            self._insert(connection, files, [file for file, _ in told], change=_MOVING)
            self._insert(connection, reports, of_reports)

    def forget(self, file_ids: Iterable[str]) -> None:
        """Files that are kept nowhere any more."""
        with self._database.change() as connection:
            self._delete(connection, list(file_ids))

    def clear(self) -> None:
        """Forget everything, because it is about to be told again. That it was forgotten is remembered."""
        with self._database.change() as connection:
            for table in (reports, files, kept):
                connection.execute(delete(table))
            connection.execute(delete(progress).where(progress.c.name != CLEARED))
            again = self._database.insert(progress).values(name=CLEARED, at_ms=1)
            once_more = {"at_ms": progress.c.at_ms + 1}
            connection.execute(again.on_conflict_do_update(index_elements=[progress.c.name], set_=once_more))

    def reached(self, name: str, at_ms: int, *, since_ms: int) -> None:
        """Something that is told in order was read up to here.

        Nothing comes of it if it was not at ``since_ms`` any more: somebody else was quicker, or everything
        was forgotten in between and has to be told again.
        """
        with self._database.change() as connection:
            if not since_ms:
                self._insert(connection, progress, [{"name": name, "at_ms": 0}])
            connection.execute(
                update(progress)
                .where(progress.c.name == name, progress.c.at_ms == since_ms)
                .values(at_ms=at_ms)
            )

    # Reading

    def at(self, name: str) -> int:
        """Up to where something was read; 0 if it never was."""
        with self._database.look() as connection:
            return connection.scalar(select(progress.c.at_ms).where(progress.c.name == name)) or 0

    def find(self, wanted: Wanted, *, count: int = 50, after: str = "") -> Page:
        """A page of the files that are wanted, the latest first.

        Where the beginning of a name, a serial number or an id is given, they come in the order of those.

        Raises:
            BadCursor: ``after`` is not from a page of this question.
        """
        place = Place.read(after, wanted) if after else None
        with self._database.look() as connection:
            found = connection.execute(question(wanted, place, count + 1)).all()
            entries = self._entries(connection, [row.file_id for row in found[:count]])
        if len(found) <= count:
            return Page(entries, "")
        last = found[count - 1]
        return Page(entries, Place(last.key, last.rank, last.file_id).write(wanted))

    def look_for(self, text: str, wanted: Wanted, *, count: int = 50, after: str = "") -> Page:
        """The same for whatever somebody has in his hand: an id, a checksum, a serial number, a name, a part.

        The first of these that any file has is meant. A part of a name is looked for among the latest files.

        Raises:
            BadCursor: ``after`` is not from a page of this question.
        """
        for meant in _meanings(text, wanted):
            if after or self.find(meant, count=1).entries:
                try:
                    return self.find(meant, count=count, after=after)
                except ValueError:
                    continue  # it is from a page of another meaning
        if after:
            return self.find(wanted, after=after)  # which says that it is none
        return self._among_the_latest(text, wanted, count)

    def entries(self, file_ids: Sequence[str]) -> tuple[Entry, ...]:
        """What is known of these files; nothing of one that is not here."""
        with self._database.look() as connection:
            return self._entries(connection, file_ids)

    def known(self, file_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Of those files that are here, the checksum and how many reports they have."""
        with self._database.look() as connection:
            found = connection.execute(
                select(files.c.file_id, files.c.sha256, files.c.reports).where(files.c.file_id.in_(file_ids))
            )
            return {row.file_id: (row.sha256, row.reports) for row in found}

    def ask(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """The answer to a question of this package, such as those in ``numbers``."""
        with self._database.look() as connection:
            return connection.execute(statement).all()

    def count(self) -> int:
        """How many files there are."""
        with self._database.look() as connection:
            return connection.scalar(select(func.count()).select_from(files)) or 0

    def _entries(self, connection: Connection, file_ids: Sequence[str]) -> tuple[Entry, ...]:
        found = connection.execute(select(files).where(files.c.file_id.in_(file_ids)))
        by_id = {row.file_id: Entry.of(row) for row in found}
        return tuple(by_id[one] for one in dict.fromkeys(file_ids) if one in by_id)

    def _editions(self, connection: Connection, file_ids: Sequence[str]) -> dict[str, int]:
        found = connection.execute(
            select(files.c.file_id, files.c.edition).where(files.c.file_id.in_(file_ids)).with_for_update()
        )
        return {row.file_id: row.edition for row in found}

    def _replace(self, connection: Connection, told: Sequence[tuple[rows.Row, list[rows.Row]]]) -> None:
        ids = [file["file_id"] for file, _ in told]
        connection.execute(delete(reports).where(reports.c.file_id.in_(ids)))
        columns = [column.name for column in files.columns if column.name != "file_id"]
        self._insert(connection, files, [file for file, _ in told], change=columns, whatever=True)
        self._insert(connection, reports, [one for _, ours in told for one in ours])

    def _delete(self, connection: Connection, file_ids: Sequence[str]) -> None:
        for start in range(0, len(file_ids), IDS):
            some = file_ids[start : start + IDS]
            connection.execute(delete(reports).where(reports.c.file_id.in_(some)))
            connection.execute(delete(files).where(files.c.file_id.in_(some)))

    def _insert(
        self,
        connection: Connection,
        table: Table,
        values: Sequence[rows.Row],
        *,
        change: Sequence[str] = (),
        whatever: bool = False,
    ) -> None:
        """Insert rows; of those that are there, change these columns.

        With files, unless ``whatever``: only what is newer, and of an archived one not that it is delivered.
        """
        if not values:
            return
        statement = self._database.insert(table)
        if not change:
            connection.execute(statement.on_conflict_do_nothing(), values)
            return
        new = statement.excluded
        newer = None
        if table is files and not whatever:
            newer = and_(
                new.updated_ms >= files.c.updated_ms,
                or_(files.c.edition == 0, new.state != FileState.DELIVERED.value),
            )
        changing = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: new[name] for name in change},
            where=newer,
        )
        connection.execute(changing, values)

    def _among_the_latest(self, text: str, wanted: Wanted, count: int) -> Page:
        place, found = "", list[Entry]()
        part = rows.key(text)
        for _ in range(_LATEST // 1000):
            page = self.find(wanted, count=1000, after=place)
            found += [one for one in page.entries if part in rows.key(one.name)]
            place = page.next
            if len(found) >= count or not place:
                break
        return Page(tuple(found[:count]), "")


def _meanings(text: str, wanted: Wanted) -> "Iterator[Wanted]":
    """What a text may be, the most telling first."""
    plain = text.strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", plain) and not wanted.sha256:
        yield replace(wanted, sha256=plain)
    if re.fullmatch(r"[0-9a-f]{6,32}", plain) and not wanted.file_id:
        yield replace(wanted, file_id=plain)
    if len(plain) >= 20 and not wanted.report:
        yield replace(wanted, report=plain)
    if not wanted.serial:
        yield replace(wanted, serial=plain)
    if not wanted.name:
        yield replace(wanted, name=plain)
    if not wanted.part:
        yield replace(wanted, part=plain)
