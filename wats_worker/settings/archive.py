"""The ``[archive]`` and ``[catalogue]`` sections: where files are kept, and where they are looked up."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, SecretStr, model_validator

from wats_broker.settings import Seconds, Section, mistake, with_secrets
from wats_worker.settings.kinds import Folder
from wats_worker.settings.store import StoreSettings

#: The one driver for PostgreSQL that comes as an extra.
_POSTGRES: Final = "postgresql+psycopg"


def _url(secret: SecretStr) -> SecretStr:
    """An address of a database that can be spoken with; it may hold a password, so no message shows it."""
    scheme, there, rest = secret.get_secret_value().partition("://")
    if scheme in {"postgresql", "postgres"} and rest:
        return SecretStr(f"{_POSTGRES}://{rest}")
    if scheme not in {"sqlite", _POSTGRES} or not there or not rest:
        raise mistake("is no address of a catalogue", "write it like postgresql://wats@db.plant.example/wats")
    return secret


class ArchiveSettings(StoreSettings):
    """Where delivered files are kept with all that is known of them: in a folder, or in an object store."""

    #: Without ``url``. None: beside the spool.
    folder: Folder | None = None
    #: With less room on its disk the oldest bytes go until there is as much; what is held stays. 0: never. An
    #: object store has as much room as it wants to.
    min_free_mb: Annotated[int, Field(ge=0)] = 0
    #: Seconds between two looks whether a source keeps more than it should.
    purge_s: Seconds = 3600.0


class CatalogueSettings(Section):
    """The database in which files are found."""

    #: PostgreSQL, for a line of several hosts. None: an SQLite file beside the spool.
    url: Annotated[SecretStr, AfterValidator(_url)] | None = None
    url_file: Folder | None = None

    @model_validator(mode="before")
    @classmethod
    def _collect_secrets(cls, data: Any) -> Any:
        return with_secrets(data, "url")
