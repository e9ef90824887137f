"""Read a settled file: who it is, and whether it stayed the same while it was read."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wats_worker.converters.arrival import Pair
from wats_worker.spool import open_files
from wats_worker.spool.bundle import Bundle
from wats_worker.spool.files import (
    READ_SAFELY,
    SHARED_WITH_NOBODY,
    Stamp,
    Unreadable,
    is_regular,
    open_folder,
    pieces,
)
from wats_worker.spool.model import Claimable
from wats_worker.spool.names import Identity
from wats_worker.spool.open_files import Use
from wats_worker.spool.recipe import Changed
from wats_worker.watch.settle import Sighting

#: How much of a file is looked at for marks.
_HEAD: Final = 64 * 1024


@dataclass(frozen=True)
class NotYet:
    """Somebody writes to the file, changed it or took it away: look again."""


@dataclass(frozen=True)
class Later:
    """There is nothing to take before ``until``, steady time, as long as the file stays as it is."""

    until: float
    reason: str = ""  #: what it waits for, if that is worth telling


@dataclass(frozen=True)
class Odd:
    """The file can't be read, and why."""

    reason: str


@dataclass(frozen=True)
class Half:
    """The file is of no use without the folder that belongs to it."""


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """Reads the files of one source.

    Args:
        source: Its name, which is part of every identity.
        folder: Its watch folder.
        pool: Where its files are converted.
        priority: 0 soonest … 9.
        give_up: Asked between pieces of a large file; True ends the reading.
    """

    source: str
    folder: Path
    pool: str
    priority: int
    give_up: Callable[[], bool] = bool

    def identify(self, sighting: Sighting) -> Claimable | NotYet | Odd:
        """Read the file, or all files of the unit, as sighted."""
        found = self.unless_half(sighting, ())
        return NotYet() if isinstance(found, Half) else found  # without pairs there are no halves

    def unless_half(self, sighting: Sighting, pairs: Sequence[Pair]) -> Claimable | NotYet | Half | Odd:
        """The same, but of a file that carries the marks of a pair only that it is half of it."""
        try:
            return self._unit(sighting) if sighting.members else self._identify(sighting, pairs)
        except (FileNotFoundError, Changed):
            return NotYet()
        except (OSError, Unreadable) as problem:
            if isinstance(problem, OSError) and problem.errno in SHARED_WITH_NOBODY:
                return NotYet()
            return Odd(f"can't be read: {problem.strerror if isinstance(problem, OSError) else problem}")

    def _identify(self, sighting: Sighting, pairs: Sequence[Pair]) -> Claimable | NotYet | Half:
        *above, base = sighting.name.split("/")
        parent = open_folder(self.folder, above)
        try:
            descriptor = os.open(base, READ_SAFELY, dir_fd=parent)
        finally:
            os.close(parent)
        try:
            if not self._is_still(descriptor, sighting) or open_files.look(descriptor) is Use.WRITTEN:
                return NotYet()
            identity = Identity(self.source)
            begun = False
            for piece in pieces(descriptor, size=sighting.stamp.size):
                if self.give_up():
                    return NotYet()
                if not begun and any(_has(piece[:_HEAD], pair.marks) for pair in pairs):
                    return Half()
                begun = True
                identity.feed(piece)
            if not self._is_still(descriptor, sighting):
                return NotYet()
        finally:
            os.close(descriptor)
        return Claimable(
            source=self.source,
            folder=self.folder,
            name=sighting.name,
            file_id=identity.file_id,
            sha256=identity.sha256,
            stamp=sighting.stamp,
            pool=self.pool,
            priority=self.priority,
        )

    def _unit(self, sighting: Sighting) -> Claimable | NotYet:
        bundle = Bundle(self.folder, sighting.members)
        identity = Identity(self.source)
        for piece in bundle.make():
            if self.give_up():
                return NotYet()
            identity.feed(piece)
        return Claimable(
            source=self.source,
            folder=self.folder,
            name=sighting.name,
            file_id=identity.file_id,
            sha256=identity.sha256,
            stamp=sighting.stamp,
            pool=self.pool,
            priority=self.priority,
            recipe=bundle,
            members=sighting.members,
        )

    def _is_still(self, descriptor: int, sighting: Sighting) -> bool:
        status = os.fstat(descriptor)
        return is_regular(status) and Stamp.of(status) == sighting.stamp


def _has(head: bytes, marks: Sequence[bytes]) -> bool:
    return all(mark in head for mark in marks)
