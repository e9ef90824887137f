"""The simulator's one SQLite file.

Everything runs on the event loop's own thread. In WAL mode a commit is a write into the page cache, some
20 µs; handing it to a writer thread costs more than that. What is committed survives the death of the
process. Only ``synchronous`` makes it also survive the death of the machine.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

#: Columns that are told by a report itself, by the names of the header query, and their types.
HEADER: Final = {
    "reportType": "TEXT",
    "serialNumber": "TEXT",
    "partNumber": "TEXT",
    "revision": "TEXT",
    "start": "TEXT",
    "result": "TEXT",
    "stationName": "TEXT",
    "location": "TEXT",
    "purpose": "TEXT",
    "processCode": "INTEGER",
    "processName": "TEXT",
    "userName": "TEXT",
    "comment": "TEXT",
    "executionTime": "REAL",
    "batchNumber": "TEXT",
    "testSocketIndex": "INTEGER",
    "fixtureId": "TEXT",
    "errorCode": "INTEGER",
    "errorMessage": "TEXT",
    "swFilename": "TEXT",
    "swVersion": "TEXT",
    "causedUutFailure": "TEXT",
    "causedUutFailurePath": "TEXT",
    "referencedUut": "TEXT",
}
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS reports(
    seq INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,                    -- as last sent; differs from uuid after a replacement by key
    ticks INTEGER NOT NULL,
    receivedAt REAL NOT NULL,            -- first time
    receivedAgainAt REAL NOT NULL,       -- last time
    receiveCount INTEGER NOT NULL DEFAULT 1,
    timeStamp INTEGER NOT NULL,          -- rises with every change
    visibleAt REAL NOT NULL,             -- when processing is over
    quarantine TEXT,                     -- why it was set aside
    attempts INTEGER NOT NULL DEFAULT 0,
    attemptedAt REAL,
    origin TEXT,
    reportSize INTEGER NOT NULL,
    {", ".join(f"{name} {kind}" for name, kind in HEADER.items())}
);
CREATE INDEX IF NOT EXISTS by_key ON reports(serialNumber, partNumber, processCode, ticks);
CREATE INDEX IF NOT EXISTS by_start ON reports(ticks);
CREATE INDEX IF NOT EXISTS set_aside ON reports(seq) WHERE quarantine IS NOT NULL;
CREATE TABLE IF NOT EXISTS bodies(seq INTEGER PRIMARY KEY, xml INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS aliases(id TEXT PRIMARY KEY, uuid TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests(
    seq INTEGER PRIMARY KEY, at REAL, method TEXT, path TEXT, id TEXT, status INTEGER, fault TEXT, ms REAL
);
CREATE TABLE IF NOT EXISTS facts(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS clients(id TEXT PRIMARY KEY, passcode TEXT NOT NULL);
"""


class Database:
    """A connection and its transactions. One process at a time opens a file."""

    def __init__(self, path: Path, *, synchronous: bool = False) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if synchronous else 'OFF'}")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield

    def run(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Sequence[Sequence[Any] | Mapping[str, Any]]) -> None:
        """Run one statement for each row."""
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """All rows that are found."""
        return [dict(row) for row in self.run(sql, values)]

    def number(self, sql: str, *values: Any) -> int:
        """The one number that is found."""
        return int(self.run(sql, values).fetchone()[0])

    def forget(self) -> None:
        """Empty every table."""
        with self.transaction():
            for table in ("reports", "bodies", "aliases", "requests", "facts", "clients"):
                self.run(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
