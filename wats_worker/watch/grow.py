"""Take what is new in files that grow, piece by piece, each exactly once. The files stay where they are."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from wats_worker.converters.arrival import Grows
from wats_worker.spool.files import Unreadable
from wats_worker.spool.model import Claimable
from wats_worker.spool.names import Identity
from wats_worker.spool.recipe import Changed
from wats_worker.spool.stretch import Stretch, open_safely, read_at
from wats_worker.watch.cut import Cut, cut, missing
from wats_worker.watch.grown import Grown, Growth, Piece, Reached
from wats_worker.watch.identity import Later, NotYet, Odd
from wats_worker.watch.settle import Moment, Observed, Rules, Sighting, observe, settled_at

#: A piece is about as long at most, if it can be cut.
_PIECE: Final = 8 * 2**20
#: So long may a unit be that can't.
_LONGEST: Final = 64 * 2**20
#: Of the beginning, and of what was taken last, that a file is known by.
_PRINT: Final = 4096


@dataclass(frozen=True, kw_only=True)
class Grower:
    """Finds the next piece of each file of one source.

    Args:
        source: Its name, which is part of every identity.
        folder: Its watch folder.
        pool: Where its files are converted.
        priority: 0 soonest … 9.
        rules: How to cut.
        quiet_s: The last unit is complete when nothing was added for so long.
        grown: How far the files were taken.
        now: Both clocks.
    """

    source: str
    folder: Path
    pool: str
    priority: int
    rules: Grows
    quiet_s: float
    grown: Grown
    now: Callable[[], Moment]
    _observed: dict[str, Observed] = field(default_factory=dict)

    def identify(self, sighting: Sighting) -> Claimable | NotYet | Later | Odd:
        """The next piece of a file, as it was sighted."""
        try:
            descriptor = open_safely(self.folder, sighting.name)
            try:
                return self._next(descriptor, sighting)
            finally:
                os.close(descriptor)
        except Changed:
            return NotYet()
        except Unreadable as problem:
            return Odd(f"can't be read: {problem}")

    def _next(self, descriptor: int, sighting: Sighting) -> Claimable | NotYet | Later | Odd:
        size = os.fstat(descriptor).st_size
        growth = self._known(descriptor, sighting, size)
        if growth.piece is not None:
            return self._claimable(growth, growth.piece, sighting)
        if _is_wide(read_at(descriptor, 4, 0)):
            return Odd("is written in UTF-16, which can't be cut into lines")
        quiet_at = self._quiet_at(sighting)
        found = self._cut(descriptor, growth.reached, size, quiet=quiet_at <= self.now().steady)
        if isinstance(found, Odd):
            return found
        if found is None:
            return self._later(descriptor, growth, sighting, quiet_at)
        piece = self._piece(descriptor, growth, found)
        growth = replace(growth, piece=piece)
        self.grown.keep(growth)
        return self._claimable(growth, piece, sighting)

    def _known(self, descriptor: int, sighting: Sighting, size: int) -> Growth:
        """What is known of this file. One that was replaced, or cut off, is a new one under an old name."""
        inode = os.fstat(descriptor).st_ino
        growth = self.grown.get(sighting.name)
        if growth is not None and _is_same(descriptor, growth.reached, size):
            return replace(growth, inode=inode)
        if growth is not None and growth.inode != inode:
            self.grown.set_aside(growth)  # it may have been renamed, and come up under its new name
        earlier = self.grown.renamed(inode, self._has_inode)
        if earlier is not None and _is_same(descriptor, earlier.reached, size):
            return self.grown.rename(earlier, sighting.name)
        return Growth(sighting.name, inode, generation=growth.generation + 1 if growth else 1)

    def _has_inode(self, name: str, inode: int) -> bool:
        try:
            return os.lstat(self.folder / name).st_ino == inode
        except (OSError, ValueError):  # the name of what was set aside is none
            return False

    def _cut(self, descriptor: int, reached: Reached, size: int, *, quiet: bool) -> Cut | Odd | None:
        """The next cut, its places counted from the beginning of the file."""
        taken = reached.taken - reached.mark
        length = taken + _PIECE
        while True:
            data = read_at(descriptor, length, reached.mark)
            whole = reached.mark + len(data) >= size
            found = cut(
                data, self.rules, headings=reached.headings, taken=taken, quiet=quiet and whole, whole=whole
            )
            if found is not None:
                at = reached.mark
                return replace(found, start=found.start + at, end=found.end + at, mark=found.mark + at)
            if whole:
                return None
            if length > taken + _LONGEST:
                return Odd(f"a unit of more than {_LONGEST} bytes")
            length = taken + 2 * (length - taken)

    def _piece(self, descriptor: int, growth: Growth, found: Cut) -> Piece:
        then = Reached(found.end, found.mark, found.mark_headings, _prints(descriptor, found.end))
        about = f"{growth.generation}:{found.start}:".encode() + os.fsencode(growth.name)
        return Piece(found.start, found.end, found.headings, hashlib.sha256(about).hexdigest()[:32], then)

    def _claimable(self, growth: Growth, piece: Piece, sighting: Sighting) -> Claimable:
        recipe = Stretch(self.folder, growth.name, b"".join(piece.headings), piece.start, piece.end)
        identity = Identity(self.source, piece.salt)
        for part in recipe.make():
            identity.feed(part)
        return Claimable(
            source=self.source,
            folder=self.folder,
            name=sighting.name,
            file_id=identity.file_id,
            sha256=identity.sha256,
            stamp=sighting.stamp,
            pool=self.pool,
            priority=self.priority,
            recipe=recipe,
            salt=piece.salt,
        )

    def _quiet_at(self, sighting: Sighting) -> float:
        """The steady time at which the last unit is complete if nothing is added any more."""
        now = self.now()
        observed = observe(self._observed.get(sighting.name), sighting, now)
        self._observed[sighting.name] = observed
        at = settled_at(observed, now=now, rules=Rules(self.quiet_s))
        return float("inf") if at is None else at

    def _later(self, descriptor: int, growth: Growth, sighting: Sighting, quiet_at: float) -> Later:
        """When to try again, as long as the file is what it is."""
        if quiet_at > self.now().steady:
            return Later(quiet_at)
        reached = growth.reached
        data = read_at(descriptor, _LONGEST, reached.mark)
        if len(data) == reached.taken - reached.mark:
            self.grown.keep(replace(growth, mtime_ns=sighting.stamp.mtime_ns))  # nothing is new in it
        taken = reached.taken - reached.mark
        return Later(float("inf"), missing(data, self.rules, headings=reached.headings, taken=taken))


def _is_same(descriptor: int, reached: Reached, size: int) -> bool:
    """Whether a file begins as it did, and what was taken last still stands where it stood."""
    if not reached.taken:
        return True
    return reached.taken <= size and _prints(descriptor, reached.taken) == reached.prints


def _prints(descriptor: int, taken: int) -> tuple[str, str]:
    head = read_at(descriptor, min(_PRINT, taken), 0)
    at = max(0, taken - _PRINT)
    tail = read_at(descriptor, taken - at, at)
    return hashlib.sha256(head).hexdigest()[:32], hashlib.sha256(tail).hexdigest()[:32]


def _is_wide(head: bytes) -> bool:
    return head[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in head
