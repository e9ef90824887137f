"""The database has the schema of this release, whoever came first; a newer one is left alone."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import text

from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.errors import CatalogueTooNew, CatalogueUnusable
from wats_worker.catalogue.opening import open_database
from wats_worker.catalogue.tables import metadata
from wats_worker.settings.archive import CatalogueSettings


def test_the_steps_lead_to_the_tables(url, file):
    """What the code thinks is there is there, in every column and index."""
    engine = open_database(url, file)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_opened_again_it_is_as_it_was(url, file):
    """Nothing is made anew."""
    first = Catalogue.open(url, file)
    first.reached("journal", 7, since_ms=0)
    first.close()

    again = Catalogue.open(url, file)

    assert again.at("journal") == 7
    again.close()


def test_a_database_of_a_newer_release_is_refused(url, file):
    """Nobody knows what its columns mean; the text says what to do."""
    engine = open_database(url, file)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(CatalogueTooNew, match=r"'9999' of a newer release.*archive rebuild"):
        open_database(url, file)


OPEN = """
import sys
from pathlib import Path
from pydantic import SecretStr
from wats_worker.catalogue.opening import open_database
open_database(SecretStr(sys.argv[1]) if sys.argv[1] else None, Path(sys.argv[2])).dispose()
"""


@pytest.mark.slow
def test_many_who_open_it_at_once_make_it_once(url, file):
    """Control, archive, and a person who asks, on a new machine."""
    address = url.get_secret_value() if url else ""
    processes = [subprocess.Popen([sys.executable, "-c", OPEN, address, str(file)]) for _ in range(4)]

    assert [process.wait(timeout=120) for process in processes] == [0] * 4


def test_the_file_is_for_its_owner(file):
    """It tells what a factory makes."""
    Catalogue.open(None, file).close()

    assert {path.stat().st_mode & 0o077 for path in file.parent.iterdir()} == {0}


@pytest.mark.parametrize("harm", ["folder", "junk"])
def test_a_file_that_is_none_is_said_to_be_unusable(file, harm):
    """And not a mistake of ours."""
    file.parent.mkdir()
    if harm == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"this is no database, and it is long enough to be one" * 100)

    with pytest.raises(CatalogueUnusable, match="can't be used"):
        open_database(None, file)


def test_a_server_that_is_away_is_said_to_be(tmp_path):
    """Without the password."""
    url = SecretStr(f"postgresql+psycopg://wats:geheim@/wats?host={tmp_path}")

    with pytest.raises(CatalogueUnusable) as caught:
        open_database(url, tmp_path / "none")

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("postgresql://wats@db/wats", "postgresql+psycopg://wats@db/wats"),
        ("postgres://wats@db/wats", "postgresql+psycopg://wats@db/wats"),
        ("postgresql+psycopg://wats@db/wats", "postgresql+psycopg://wats@db/wats"),
        ("sqlite:////srv/catalogue.sqlite", "sqlite:////srv/catalogue.sqlite"),
    ],
)
def test_an_address_may_be_written_as_people_write_it(given, becomes):
    """The driver is ours to know."""
    assert CatalogueSettings(url=given).url.get_secret_value() == becomes


@pytest.mark.parametrize("given", ["mysql://db/wats", "db.plant.example", "postgresql://", ""])
def test_another_address_is_refused_without_being_shown(given):
    """A password may be in it."""
    with pytest.raises(ValueError, match="no address of a catalogue") as caught:
        CatalogueSettings(url=f"{given}")

    assert not given or given not in str(caught.value)
