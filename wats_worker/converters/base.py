"""What every converter is given and what it may answer.

A converter module has ``NAME``, ``TITLE``, ``VERSION``, ``Options``, ``probe(head, tail, name) -> 0..1`` and
``convert(source, options) -> Iterable[Report]``. It answers with whole and certain reports, or raises
``Refused`` or ``NotReady``. It never makes up a serial number, a part number or a start, and leaves the id
empty unless the log itself carries one.

Nothing here or in a converter imports more than the standard library, lxml, pydantic and the report model:
these modules are loaded before the jail forks, and every page they touch is paid for at each fork.
"""

import io
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, BinaryIO, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

#: How much of a file a probe is shown.
HEAD_BYTES: Final = 64 * 1024
TAIL_BYTES: Final = 4 * 1024
#: The largest file that is read in one piece. Formats that stream have their own bound.
READ_LIMIT: Final = 64 * 1024 * 1024
#: So many different warnings are kept of one file.
MOST_WARNINGS: Final = 1000

_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
#: A letter outside ASCII as UTF-8 writes it. In an 8-bit text such pairs are next to impossible.
_UTF8_PAIR: Final = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}")


class Refused(Exception):
    """The file can't become a right report, now or later; a person or a changed setting is needed."""

    def __init__(
        self, reason: str, *, place: str | None = None, field: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(": ".join(part for part in (place, field, reason) if part))
        self.reason = reason
        self.place = place  # "line 12", "/Reports/Report[2]"
        self.field = field  # "serial number"
        self.fix = fix  # what the reader of the message can do about it


class NotReady(Exception):
    """The file's end, or another file it needs, is not there yet: ask again later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Oslo") from error
    return name


class Options(BaseModel):
    """What the operator knows about a source and its files may not say.

    ``part_number``, ``revision`` and ``process_code`` stand in where a file has none, and a report says so in
    its misc infos. The four fallbacks below them fill members WATS wants but nobody's identity hangs on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: For files that have none.
    part_number: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    #: For files that have none.
    revision: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    #: For files that have none, and for names of processes that nobody knows.
    process_code: Annotated[int, Field(ge=0, le=32767)] | None = None
    #: Codes by the exact process name, for files that carry only the name; before the server's list is asked.
    process_codes: Mapping[str, Annotated[int, Field(ge=0, le=32767)]] = Field(default_factory=dict)
    #: For files that don't name theirs; so are the next three.
    station: Annotated[str, Field(min_length=1, max_length=100)] = "-"
    location: Annotated[str, Field(min_length=1, max_length=100)] = "-"
    purpose: Annotated[str, Field(min_length=1, max_length=100)] = "-"
    operator: Annotated[str, Field(min_length=1, max_length=100)] = "-"
    #: Where the tester's clock hangs, when a file names no zone. None is the zone of this host.
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    #: The server's codes by process name, for tests (T) and repairs (R); None while its list is not known.
    #: Set by the worker, not by the operator.
    server_processes: Mapping[str, Mapping[str, tuple[int, ...]]] | None = None
    #: Where the file was dropped, for a converter that may read it. Set by the worker, not by the operator.
    drop_folder: str | None = None


class Source:
    """The file to convert: a name, some bytes, and no path that anything could be made of.

    Args:
        name: The file's original name, for messages and for formats that keep facts in it.
        read_at: Gives up to ``size`` bytes from ``offset``; fewer only at the end.
        size: Length in bytes.
        modified: When the file was last written, if known.
    """

    def __init__(
        self,
        name: str,
        read_at: Callable[[int, int], bytes],
        *,
        size: int,
        modified: datetime | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self.modified = modified
        self.warnings: list[str] = []
        self._read_at = read_at

    @classmethod
    def of_descriptor(cls, descriptor: int, name: str, *, modified: datetime | None = None) -> Self:
        """The file behind an open descriptor, which stays the caller's to close."""
        # pread leaves the shared file position alone, so several readers don't disturb each other.
        return cls(
            name,
            lambda size, offset: os.pread(descriptor, size, offset),
            size=os.fstat(descriptor).st_size,
            modified=modified,
        )

    @classmethod
    def of_bytes(cls, data: bytes, name: str, *, modified: datetime | None = None) -> Self:
        """A file that is already in memory."""
        return cls(name, lambda size, offset: data[offset : offset + size], size=len(data), modified=modified)

    def open(self) -> BinaryIO:
        """A new reader at the start of the file."""
        return io.BufferedReader(_Reader(self._read_at, self.size))

    @cached_property
    def head(self) -> bytes:
        """The first 64 kB at most."""
        return self._read_at(HEAD_BYTES, 0)

    @cached_property
    def tail(self) -> bytes:
        """The last 4 kB at most."""
        return self._read_at(TAIL_BYTES, max(0, self.size - TAIL_BYTES))

    def read(self, limit: int = READ_LIMIT) -> bytes:
        """The whole file.

        Raises:
            Refused: it has more than ``limit`` bytes.
        """
        self.must_fit(limit)
        with self.open() as reader:
            return reader.read(min(limit, self.size))  # it makes room for all that is asked for

    def must_fit(self, limit: int = READ_LIMIT) -> None:
        """For formats whose files are one document, which memory has to hold as a whole.

        Raises:
            Refused: it has more than ``limit`` bytes.
        """
        if self.size > limit:
            raise Refused(
                f"the file has {self.size} bytes, and {limit} is the most that is read of a format whose "
                "files are read in one piece",
                fix="let the tester begin a new file earlier, or split this one",
            )

    def text(self, *fallbacks: str, limit: int = READ_LIMIT) -> str:
        """The whole file as text: UTF-8 where it decodes strictly, else the first fallback that does.

        Nothing is replaced and nothing is guessed. A file that holds letters in UTF-8 *and* in an 8-bit code
        page is refused, because either reading would garble a name or a serial number.

        Raises:
            Refused: no encoding fits, two seem to, or the file has NUL bytes.
        """
        return decode(self.read(limit), *fallbacks)

    def warn(self, text: str) -> None:
        """Tell the reader of the conversion's log something; the conversion goes on."""
        if len(self.warnings) < MOST_WARNINGS and text not in self.warnings:
            self.warnings.append(text)


def decode(data: bytes, *fallbacks: str) -> str:
    r"""Decode what a tester wrote; the rules are those of ``Source.text``.

    >>> decode(b"Sm\xf8rem\xe5ler", "cp1252")
    'Smøremåler'
    """
    if (at := data.find(0)) >= 0:
        if data.startswith(_UTF16_BOMS):
            raise Refused(
                "UTF-16, and files of this format are read as UTF-8", fix="let it be saved as UTF-8"
            )
        raise Refused("a NUL byte in a text file: the disk or the transfer failed", place=f"byte {at}")
    try:
        return data.removeprefix(_UTF8_BOM).decode()
    except UnicodeDecodeError as error:
        first = error.start
    if data.startswith(_UTF8_BOM) or not fallbacks:
        raise Refused("not UTF-8", place=f"byte {first}")
    if _UTF8_PAIR.search(data):
        raise Refused("letters in UTF-8 and in an 8-bit code page in one file", place=f"byte {first}")
    for encoding in fallbacks:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(f"neither UTF-8 nor {' nor '.join(fallbacks)}", place=f"byte {first}")


class _Reader(io.RawIOBase):
    """A position over ``read_at``."""

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._read_at = read_at
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        data = self._read_at(len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
