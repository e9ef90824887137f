"""What crosses a process border: Celery messages, and the words the queue and the journal are spoken to with.

Messages carry ids and never paths, code or payloads; whoever receives one derives paths from the validated
ids. Celery never sees these models (a message that fails inside its decorators is acknowledged and gone):
the task adapters call ``read`` themselves and park what they can't understand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from wats_broker.errors import UnreadableMessage, VersionMismatchError
from wats_broker.names import MAJOR, MINOR

#: 128 bits of a SHA-256, in hex.
FileId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
#: A GUID as WATS knows it, in lower case.
ReportId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
#: What a source is called in the configuration.
SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]

PROTOCOL: Final = f"{MAJOR}.{MINOR}"

#: Where priorities run from (soonest) to (latest).
SOONEST: Final = 0
LATEST: Final = 9
ORDINARY: Final = 5


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    protocol: str = PROTOCOL

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Understand a message, or say why not.

        Raises:
            UnreadableMessage: another major protocol, a missing member, an id that is none.

        >>> ConvertMessage.read({"protocol": "3.0", "file_id": "0" * 32})
        Traceback (most recent call last):
        ...
        wats_broker.errors.VersionMismatchError: protocol 3.0 is spoken there and 1.0 here: update this side
        """
        theirs = str(body.get("protocol", "none"))
        if theirs.partition(".")[0] != str(MAJOR):
            raise VersionMismatchError(theirs[:40], PROTOCOL)
        try:
            return cls.model_validate(dict(body))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UnreadableMessage(f"{cls.__name__}.{where}: {first['msg']}") from error


class ConvertMessage(_Message):
    """Convert this file. It says which, never where."""

    file_id: FileId


class DrainMessage(_Message):
    """Drain the upload queue for a while. The permit counts the drains that are under way."""

    permit: str


class PollMessage(_Message):
    """Poll this scheduled source. It says which, never how: options stay where the configuration is."""

    source: SourceName
    due: int  #: the tick it stands for, in ms since 1970; tells a late message


@dataclass(frozen=True)
class FileSeen:
    """What the journal is told about a file that has just been claimed."""

    file_id: str
    source: str
    name: str
    size: int  # bytes
    pool: str = "convert"
    priority: int = ORDINARY
    waited_s: float | None = None  #: from being finished to being claimed, where somebody knows


@dataclass(frozen=True, slots=True)
class Offer:
    """One report that wants into the upload queue."""

    report_id: str
    priority: int = ORDINARY
    size: int = 0  # bytes


@dataclass(frozen=True)
class Done:
    """The server has it."""

    stored_as: str | None = None  #: id under which the server keeps it, when that differs


@dataclass(frozen=True)
class Later:
    """Not now. ``counts`` tells whether this was an attempt of this report or only weather."""

    delay_s: float
    reason: str
    counts: bool = True


@dataclass(frozen=True)
class Bury:
    """A person has to look at it."""

    reason: str
    answer: str = ""  #: the server's own words


Verdict = Done | Later | Bury
