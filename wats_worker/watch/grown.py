"""How far the growing files of a source were taken, durable on the spool.

What is about to be claimed is written down first. Whoever is killed in between makes the same piece again,
with the same identity, and finds out whether it was claimed.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from wats_broker.files import write_atomically
from wats_worker.spool.errors import disk_weather
from wats_worker.spool.files import Stamp
from wats_worker.watch.cut import Headings

log = logging.getLogger(__name__)

#: Stands in the names of what was set aside; no file has it in its name.
_ASIDE: Final = "\0"
#: A file that is gone for so long does not come back.
_FORGET_S: Final = 90 * 86400.0


@dataclass(frozen=True)
class Reached:
    """How far a file was taken, and how to tell that it is still the same file."""

    taken: int = 0
    mark: int = 0  #: where the last unit begins that was taken
    headings: Headings = ()  #: that hold at the mark
    prints: tuple[str, str] = ("", "")  #: digests of its beginning, and of what stands before ``taken``


@dataclass(frozen=True)
class Piece:
    """A part of a file that is on its way into the spool."""

    start: int
    end: int
    headings: Headings  #: that go in front of it
    salt: str
    then: Reached


@dataclass(frozen=True)
class Growth:
    """What is known of one file that grows."""

    name: str
    inode: int
    mtime_ns: int = 0  #: when it was last found to have nothing new
    generation: int = 1  #: files of this name that there have been
    reached: Reached = Reached()
    piece: Piece | None = None


class Grown:
    """The growing files of one source.

    Args:
        folder: Where it is written down, ``grown/<source>`` in the spool.
        clock: Seconds since 1970. Only for testing.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        folder.mkdir(mode=0o700, exist_ok=True)
        self._known = {growth.name: growth for path in folder.glob("*.json") if (growth := _read(path))}

    def get(self, name: str) -> Growth | None:
        """What is known of a file."""
        return self._known.get(name)

    def renamed(self, inode: int, has_inode: Callable[[str, int], bool]) -> Growth | None:
        """What is known of a file under another name, which is not its name any more."""
        known = (one for one in self._known.values() if one.inode == inode)
        return next((one for one in known if not has_inode(one.name, inode)), None)

    def rename(self, growth: Growth, name: str) -> Growth:
        """Remember a file under its new name."""
        renamed = replace(growth, name=name)
        self.keep(renamed)
        if _ASIDE in growth.name:
            self._forget(growth.name)
        else:
            # What comes under the old name is another file, and its pieces are others.
            self.keep(Growth(growth.name, inode=0, generation=growth.generation + 1))
        return renamed

    def set_aside(self, growth: Growth) -> None:
        """Make room for another file of this name."""
        self.rename(growth, f"{growth.name}{_ASIDE}{growth.inode}")

    def keep(self, growth: Growth) -> None:
        """Remember what is known of a file. It is durable when this returns.

        Raises:
            SpoolUnusable: the disk takes nothing; what was known before still is.
        """
        with disk_weather(self._folder):
            write_atomically(self._path(growth.name), _line(growth))
        self._known[growth.name] = growth

    # What Candidates asks, as of files that stay where they are

    def knows(self, name: str, stamp: Stamp) -> bool:
        """Whether there is nothing new in a file."""
        growth = self._known.get(name)
        return (
            growth is not None
            and growth.piece is None
            and (growth.inode, growth.mtime_ns, growth.reached.taken)
            == (stamp.inode, stamp.mtime_ns, stamp.size)
        )

    def add(self, files: Iterable[tuple[str, Stamp, str]]) -> None:
        """The pieces of these files are in the spool: name and stamp of each, and the id it got."""
        for name, stamp, _ in files:
            growth = self._known[name]
            if growth.piece is not None:
                # Whether anything is new since, the next look tells.
                done = replace(growth, reached=growth.piece.then, piece=None, mtime_ns=stamp.mtime_ns)
                self.keep(done)

    def compact(self, present: Collection[str]) -> None:
        """Forget files that are gone for long. A folder that was away for a night is no reason.

        Args:
            present: The names of files that a look has seen.
        """
        for name in [name for name in self._known if name not in present]:
            if self._clock() - self._path(name).stat().st_mtime > _FORGET_S:
                self._forget(name)

    def _forget(self, name: str) -> None:
        self._known.pop(name, None)
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.json"


def _line(growth: Growth) -> bytes:
    # ASCII, so that undecodable bytes in a name come through as escapes.
    return json.dumps(asdict(growth), default=_text).encode()


def _text(heading: bytes) -> str:
    return heading.decode("latin-1")


def _read(path: Path) -> Growth | None:
    try:
        told = json.loads(path.read_bytes())
        piece = told.pop("piece")
        return Growth(
            **(told | {"reached": _reached(told["reached"])}),
            piece=piece
            and Piece(**(piece | {"headings": _headings(piece), "then": _reached(piece["then"])})),
        )
    except (ValueError, KeyError, TypeError) as problem:
        log.warning("growth_unreadable", extra={"file": str(path), "reason": str(problem)})
        return None


def _reached(told: dict[str, Any]) -> Reached:
    return Reached(told["taken"], told["mark"], _headings(told), tuple(told["prints"]))


def _headings(told: dict[str, Any]) -> Headings:
    return tuple(heading.encode("latin-1") for heading in told["headings"])
