"""What the worker and a poller's process say to each other: one JSON object a line.

    worker  {"poller": …, "options": …, "cursor": …, "known": […], …}      the order, once
    child   {"offer": {"key": …, "name": …, "cursor": …}}                  an item whose key is not known
    worker  {"land": "/spool/…/unit.csv"}
    child   {"landed": 512}  or  {"not_yet": "reason"}
    child   {"end": {"cursor": …, "more": false, "offered": 17, "seen": false}}
         or {"failed": {"reason": …, "fix": …}}

Nothing else: a worker that wants no more closes its end.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

#: No line of a child is longer; a cursor has its place in it, a file has not.
LONGEST: Final = 2**20


@dataclass(frozen=True)
class Order:
    """What a child is to do.

    Two things about the known keys: they come as digests, and those that were offered again go into
    ``seen_file`` at the end when the others have become the greater part.
    """

    poller: str  #: name of a module, or the path of one that does not come with the worker
    options: dict[str, Any]
    cursor: Any
    known: tuple[str, ...]
    largest: int  #: bytes of one item
    seen_file: str


@dataclass(frozen=True)
class Offer:
    """An item that is not known yet."""

    key: str
    name: str
    cursor: Any


@dataclass(frozen=True)
class End:
    """The source has given everything."""

    cursor: Any
    more: bool  #: no: everything that one poll should give
    offered: int  #: items in all, known ones too
    seen: bool  #: whether there is a ``seen_file``


def line(message: dict[str, Any]) -> bytes:
    """A message as it goes over the pipe."""
    # ASCII, so that undecodable bytes in a name come through as escapes.
    return json.dumps(message).encode() + b"\n"


def digest(key: str) -> str:
    """The short form of a key, by which it is remembered.

    >>> digest("unit 17")
    'f23e93808abc01d4f31024bf17574c56'
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
