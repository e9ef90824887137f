"""The catalogue's database, for those who read and write its tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

from wats_worker.catalogue.opening import name_of, weather

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

#: Ids in one statement; SQLite takes no more than some thirty thousand.
IDS: Final = 15_000


class Database:
    """For any number of threads. What is done in it may raise ``CatalogueUnusable``.

    Args:
        engine: Opened by ``open_database``.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self.name = name_of(engine.url)

    def close(self) -> None:
        """Hang up."""
        self._engine.dispose()

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """One moment of all tables."""
        with weather(self.name), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """Everything that is done in here, or nothing of it."""
        with weather(self.name), self._writing.begin() as connection:
            yield connection

    def insert(self, table: Table) -> "PostgresInsert | SqliteInsert":
        """A statement that can say what becomes of rows that are there."""
        postgres = self._engine.dialect.name == "postgresql"
        return postgresql.insert(table) if postgres else sqlite.insert(table)
