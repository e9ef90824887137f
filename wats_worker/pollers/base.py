"""What every poller is given and what it may answer.

A poller module has ``NAME``, ``TITLE``, ``VERSION``, ``Options`` and ``poll(options, cursor)``, a generator:

    def poll(options: Options, cursor: Cursor) -> Polled:
        for row in rows_after(cursor):
            yield Item(key=row.id, name=f"{row.id}.csv", content=row.text, cursor=row.id)

It gives everything there is, the oldest first. Items whose key is known from earlier polls are passed over by
whoever asked, unread, so a poller needs no memory of its own, and may give again what it is not sure of. The
cursor tells where the next poll goes on; without one each poll sees everything, which suits a listing.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import AfterValidator, BaseModel, ConfigDict

from wats_broker.settings import mistake

#: Where the next poll goes on: anything that JSON can hold. None is the beginning.
Cursor = Any


class Unreachable(Exception):
    """The source can't be asked now, and why: its share is not mounted, its server is down."""

    def __init__(self, reason: str, *, fix: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


class NotYet(Exception):
    """Raised by an item's content: it can't be had now, and the next poll will see it again.

    Args:
        reason: What a person should know; empty where it passes by itself.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Options(BaseModel):
    """What the operator sets for a source. A secret is a ``SecretStr``, and never stands in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that a source has: it becomes one file."""

    #: Stands for the item as it is: what has changed has another key. Known keys are not asked for again.
    key: str
    #: What the file is to be called. No path; what a file can't be called is quoted.
    name: str
    #: The bytes, or something that opens them. Only called for what is wanted, before the next item is made.
    content: bytes | Callable[[], BinaryIO]
    modified: datetime | None = None
    #: Where to go on when this item and all before it are taken; None where nothing has changed about that.
    cursor: Cursor = None


@dataclass(frozen=True)
class More:
    """Returned by ``poll`` in place of a cursor: there is more than one poll should give; ask again soon."""


#: What ``poll`` makes. What it returns at its end is the cursor for the next time; None leaves it as it is.
Polled = Generator[Item, None, Cursor | More]


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise mistake("is not a whole path", "write it from the root, such as /srv/…")
    return path


#: A path in the options. They don't know which folder the configuration lies in.
WholePath = Annotated[Path, AfterValidator(_absolute)]
