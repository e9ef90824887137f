"""The lines of the trail, on disk: added under a lock, each durable before anybody is told that it is there.

    lock ──► look at head and last line ──► add the line ──► fsync ──► sign the new head ──► unlock

Any number of processes and hosts may write to one folder. A crash between line and head leaves the head one
line behind, which is no gap; half a line was told to nobody, and is cut off.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from wats_broker.files import Lock, append_whole, private_folder, write_atomically
from wats_worker.trail.entry import Entry, Told, hash_of
from wats_worker.trail.seal import NoKey, Seal, Witness

#: No line is longer; the last one is looked for in so many bytes.
LONGEST: Final = 64 * 1024


class TrailUnusable(Exception):
    """Nothing can be written to the trail, so nothing may be done that belongs in it."""


@dataclass(frozen=True)
class Head:
    """How far the trail goes."""

    number: int = 0
    hash: str = ""  #: of the last line
    day: str = ""


@dataclass(frozen=True)
class _End:
    """What a look at the last file finds."""

    number: int = 0
    hash: str = ""
    before: str = ""
    day: str = ""


@dataclass(frozen=True)
class Layout:
    """Where everything of one trail is."""

    folder: Path

    @property
    def key(self) -> Path:
        """What signatures are made with, unless the configuration has another place for it."""
        return self.folder / "key"

    @property
    def public_key(self) -> Path:
        """What they are checked with."""
        return self.folder / "public-key"

    @property
    def head(self) -> Path:
        """The signed end of the trail."""
        return self.folder / "head.json"

    @property
    def lock(self) -> Path:
        """Who has it writes."""
        return self.folder / "lock"

    @property
    def manifests(self) -> Path:
        """Where the sealed days are."""
        return self.folder / "manifests"

    def lines(self, day: str) -> Path:
        """The lines of one day."""
        return self.folder / f"{day}.jsonl"

    def days(self) -> list[str]:
        """The days that have lines, in order."""
        return sorted(found.stem for found in self.folder.glob("????-??-??.jsonl"))


class Book:
    """The trail as its writers see it.

    Args:
        folder: Where it is kept, made if it is not there and closed to other users.
        key: Where the key lies. None: in the folder.
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        key: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.layout = Layout(folder)
        self._key = key or self.layout.key
        self._clock = clock

    def write(self, told: Told) -> Entry:
        """Add a line. It is on the disk when this returns.

        Raises:
            TrailUnusable: it is not.
        """
        try:
            private_folder(self.layout.folder)
            seal = self.seal()
            with Lock(self.layout.lock):
                return self._add(told, seal)
        except (OSError, NoKey) as problem:
            reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
            raise TrailUnusable(
                f"the audit trail in {self.layout.folder} can't be written: {reason}"
            ) from problem

    def seal(self) -> Seal:
        """Who signs for this trail.

        Raises:
            NoKey: what lies in the key's place is none.
            OSError: it can't be made or read.
        """
        return Seal.kept_in(self._key, self.layout.public_key)

    def now(self) -> datetime:
        """The time by which lines are dated."""
        return self._clock()

    def _add(self, told: Told, seal: Seal) -> Entry:
        head, gap = self._head(seal.witness)
        end = _end(self.layout)
        gap = gap or _gap(head, end)
        now = self._clock().astimezone(UTC)
        # A clock that was set back must not bring the lines out of order; what it shows is told as it is.
        day = max(f"{now:%Y-%m-%d}", end.day, head.day)
        at = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"
        number = max(head.number, end.number) + 1
        entry = Entry(number, at, end.hash, told, gap=gap)
        line = entry.line()
        if len(line) > LONGEST // 2:
            raise OSError(None, "the line is too long")
        append_whole(self.layout.lines(day), line)
        self._keep_head(Head(number, hash_of(line), day), seal)
        return entry

    def _head(self, witness: Witness) -> tuple[Head, str]:
        found = read_head(self.layout, witness)
        return (Head(), found) if isinstance(found, str) else (found or Head(), "")

    def _keep_head(self, head: Head, seal: Seal) -> None:
        document = seal.sign({"number": head.number, "hash": head.hash, "day": head.day})
        write_atomically(self.layout.head, f"{json.dumps(document)}\n".encode())


def read_head(layout: Layout, witness: Witness) -> Head | str | None:
    """The end of the trail as it was signed; None if there was none yet, a text if it can't be believed."""
    try:
        document: Any = json.loads(layout.head.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return "head.json can't be read"
    if not isinstance(document, dict) or not witness.trusts(document):
        return "head.json has no good signature"
    return Head(int(document["number"]), str(document["hash"]), str(document["day"]))


def entries(layout: Layout, day: str) -> Iterator[Entry]:
    """The lines of one day that can be read; ``proof`` tells of the others."""
    for line in lines(layout.lines(day)):
        with suppress(ValueError):
            yield Entry.read(line)


def lines(file: Path) -> Iterator[bytes]:
    """The whole lines of a file, without their line feeds; nothing if there is no file."""
    try:
        with file.open("rb") as content:
            for line in content:
                if line.endswith(b"\n"):  # half a line was told to nobody
                    yield line[:-1]
    except FileNotFoundError:
        return


def _end(layout: Layout) -> _End:
    """The last whole line of the trail."""
    for day in reversed(layout.days()):
        *whole, _torn = _tail(layout.lines(day)).split(b"\n")
        if whole:
            return _read(whole[-1], day)
    return _End()


def _read(line: bytes, day: str) -> _End:
    try:
        entry = Entry.read(line)
    except ValueError:
        return _End(hash=hash_of(line), day=day)  # not ours: the head knows better, and so there is a gap
    return _End(entry.number, hash_of(line), entry.before, day)


def _tail(file: Path) -> bytes:
    with file.open("rb") as content:
        size = content.seek(0, os.SEEK_END)
        content.seek(max(0, size - 2 * LONGEST))
        return content.read()


def _gap(head: Head, end: _End) -> str:
    """What is wrong between the signed end of the trail and the one on the disk."""
    if head.hash == end.hash:
        return ""
    # Killed between line and head.
    if end.before == head.hash and end.number == head.number + 1:
        return ""
    return f"the trail was signed up to line {head.number} and ends with line {end.number}"
