"""The days of the trail, sealed: what each one had in it, signed, and chained to the day before.

A day is sealed some time after it is over. Its manifest says how many lines it has and what they hash to,
and which records of the archive were made on it. From then on nothing of it can be changed, added or taken
away without the proof saying so: what a retention rule takes away has a line in a later day.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, Self

from wats_broker.files import Lock, create_once, private_folder, write_atomically
from wats_worker.trail.book import Book, Layout, lines
from wats_worker.trail.entry import Event, Told, hash_of
from wats_worker.trail.seal import Witness

#: After midnight: what other hosts archived just before it is there by then, and their clocks may differ.
_REST: Final = timedelta(hours=1)
#: How the trail says that a day was sealed.
SEALED: Final = "day sealed"


@dataclass(frozen=True)
class Record:
    """Something in the archive."""

    name: str
    hash: str  #: SHA-256 of its bytes

    @classmethod
    def read(cls, line: bytes) -> Self:
        """A line of a day's list."""
        name, _, found = line.decode().rpartition(" ")
        return cls(name, found)

    def line(self) -> bytes:
        """Its line in a day's list."""
        return f"{self.name} {self.hash}".encode()


#: The archive's records of a day.
Records = Callable[[date], Iterable[Record]]


def no_records(_day: date) -> Iterable[Record]:
    """Where there is no archive."""
    return ()


@dataclass(frozen=True)
class Manifest:
    """A sealed day."""

    day: str
    number: int  #: from 1 on
    before: str  #: hash of the manifest of the day before
    lines: int
    lines_hash: str  #: of the day's file
    records: int
    records_hash: str  #: of the day's list

    @classmethod
    def read(cls, layout: Layout, day: str, witness: Witness) -> Self:
        """The manifest of a day.

        Raises:
            ValueError: it can't be believed.
            FileNotFoundError: there is none.
        """
        document: Any = json.loads(path(layout, day).read_bytes())
        if not isinstance(document, dict) or not witness.trusts(document):
            raise ValueError("it has no good signature")
        document.pop("signature")
        return cls(**document)


def path(layout: Layout, day: str) -> Path:
    """Where the manifest of a day is."""
    return layout.manifests / f"{day}.json"


def list_path(layout: Layout, day: str) -> Path:
    """Where it is listed what was archived that day."""
    return layout.manifests / f"{day}.list"


def sealed(layout: Layout) -> list[str]:
    """The days that have a manifest, in order."""
    return sorted(found.stem for found in layout.manifests.glob("????-??-??.json"))


def seal_days(book: Book, records: Records = no_records) -> list[str]:
    """Seal every day that is over and not sealed yet; which ones.

    Raises:
        TrailUnusable: the last of them has no line in the trail.
        OSError: a manifest can't be written.
    """
    return [day for day in _over(book) if _seal(book, day, records)]


def _over(book: Book) -> Iterator[str]:
    """From the day after the last sealed one, or the first one of the trail, to the last that is over."""
    layout, now = book.layout, book.now().astimezone(UTC)
    done, days = sealed(layout), layout.days()
    if done:
        day = date.fromisoformat(done[-1]) + timedelta(days=1)
    elif days:
        day = date.fromisoformat(days[0])
    else:
        return
    while datetime.combine(day + timedelta(days=1), time(), UTC) + _REST <= now:
        yield day.isoformat()
        day += timedelta(days=1)


def _seal(book: Book, day: str, records: Records) -> bool:
    layout = book.layout
    private_folder(layout.manifests)
    with Lock(layout.manifests / "lock"):
        if path(layout, day).exists():
            return False  # another process was quicker
        listed = b"".join(sorted(record.line() + b"\n" for record in records(date.fromisoformat(day))))
        write_atomically(list_path(layout, day), listed)
        before = sealed(layout)
        # Under the trail's lock nobody is half-way through adding a line.
        with Lock(layout.lock):
            written = _content(layout.lines(day))
        manifest = Manifest(
            day=day,
            number=len(before) + 1,
            before=hash_of(path(layout, before[-1]).read_bytes()) if before else "",
            lines=written.count(b"\n"),
            lines_hash=hashlib.sha256(written).hexdigest(),
            records=listed.count(b"\n"),
            records_hash=hashlib.sha256(listed).hexdigest(),
        )
        document = f"{json.dumps(book.seal().sign(vars(manifest)))}\n".encode()
        create_once(path(layout, day), document)
    book.write(Told(Event.DONE, SEALED, target=day, facts={"hash": hash_of(document)}))
    return True


def listed(layout: Layout, day: str) -> Iterator[Record]:
    """What a day's list has."""
    for line in lines(list_path(layout, day)):
        with suppress(UnicodeDecodeError):
            yield Record.read(line)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
