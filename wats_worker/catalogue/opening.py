"""Open the catalogue's database, and bring it to the schema of this release.

Several processes may come at once: one of them makes the steps, and the others wait for it. A database that a
newer release has changed is left alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from wats_broker.files import Lock, create_once
from wats_worker.catalogue.errors import CatalogueTooNew, CatalogueUnusable
from wats_worker.catalogue.tables import metadata

_HERE: Final = Path(__file__).parent / "migrations"
#: Seconds to wait for somebody else who writes, and for a server to answer.
_PATIENCE_S: Final = 30
#: The lock in PostgreSQL under which the schema is changed: any number that nobody else uses.
_LOCK: Final = 0x57415453_43415430


def open_database(url: SecretStr | None, file: Path) -> Engine:
    """The database, with the schema of this release.

    Args:
        url: Its address, or nothing for SQLite.
        file: The file of SQLite.

    Raises:
        CatalogueUnusable: it can't be reached or written.
        CatalogueTooNew: a newer release has changed it.
    """
    address = make_url(url.get_secret_value()) if url else URL.create("sqlite", database=str(file))
    with weather(name_of(address)), ExitStack() as opened:
        engine = _sqlite(address) if address.get_backend_name() == "sqlite" else _postgres(address)
        opened.callback(engine.dispose)
        with engine.connect() as connection, _alone(connection, address):
            upgrade(connection)
        opened.pop_all()  # it is the caller's to close, now that it can be used
    return engine


def name_of(address: URL) -> str:
    """The database as people know it, without its password."""
    return str(address.database) if address.get_backend_name() == "sqlite" else address.render_as_string()


@contextmanager
def weather(name: str) -> Iterator[None]:
    """Turn what a database says when it is away, locked or full into ``CatalogueUnusable``."""
    try:
        yield
    except (SQLAlchemyError, OSError, ModuleNotFoundError) as problem:
        first = str(getattr(problem, "orig", None) or problem).strip().split("\n")[0]
        raise CatalogueUnusable(name, first) from problem


def upgrade(connection: Connection) -> None:
    """Make every step that is missing, all of them or none.

    Raises:
        CatalogueTooNew: the database is further than we know.
    """
    script = ScriptDirectory(str(_HERE))
    now = MigrationContext.configure(connection).get_current_revision()
    known = {step.revision for step in script.walk_revisions()}
    if now is not None and now not in known:
        raise CatalogueTooNew(name_of(connection.engine.url), now)
    connection.rollback()  # it had begun to look
    if now == script.get_current_head():
        return

    def steps(revision: Any, _: object) -> list[RevisionStep]:
        return script._upgrade_revs("head", revision)  # noqa: SLF001  Alembic's own manual shows it so

    with EnvironmentContext(Config(), script, fn=steps) as environment, connection.begin():
        environment.configure(connection=connection, target_metadata=metadata)
        environment.run_migrations()


def _sqlite(address: URL) -> Engine:
    file = Path(str(address.database))
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_once(file, b"")  # for our eyes alone, which what SQLite puts beside it inherits
    engine = create_engine(address, connect_args={"timeout": _PATIENCE_S})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # From here on it is we who say where a transaction begins; see below.
        connection.isolation_level = None
        # Losing the last second costs nothing: it is told again.
        for setting in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-20000"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Who is going to write says so at once: two who have both read first could never go on.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(address: URL) -> Engine:
    # A connection that the server has closed meanwhile is noticed before it is used.
    return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": _PATIENCE_S})


@contextmanager
def _alone(connection: Connection, address: URL) -> Iterator[None]:
    """Nobody else changes the schema for as long as this lasts."""
    if address.get_backend_name() == "sqlite":
        with Lock(Path(f"{address.database}.lock")):
            yield
        return
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        connection.commit()
