"""A catalogue, in SQLite and in a real PostgreSQL: what it promises it promises in both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import postgres
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from wats_worker.catalogue.catalogue import Catalogue


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server, for all tests that one process runs."""
    with postgres() as url:
        yield url


@pytest.fixture
def empty(server: str) -> str:
    """Its database, with nothing in it."""
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def url(request: pytest.FixtureRequest) -> SecretStr | None:
    """The address of an empty database."""
    return SecretStr(request.getfixturevalue("empty")) if request.param == "postgresql" else None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file of SQLite is."""
    return tmp_path / "data" / "catalogue.sqlite"


@pytest.fixture
def catalogue(url: SecretStr | None, file: Path) -> Iterator[Catalogue]:
    """An empty catalogue."""
    made = Catalogue.open(url, file)
    yield made
    made.close()
