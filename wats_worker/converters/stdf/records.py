"""STDF V4 as bytes: records one after the other, and the fields in one.

    2 bytes   length of what follows the header
    2 bytes   type and subtype
    …         the fields: numbers, texts with their length in front; those at the end may be missing

The first record, FAR, says in which order the bytes of a number stand. Files are gigabytes and a record has
eighty bytes, so the walk makes no object for a record: whoever wants one gets the buffer and its place there.
"""

import re
import struct
from collections.abc import Iterator
from typing import Any, Final, Self

from wats_worker.converters.base import Refused
from wats_worker.converters.packed import Readable

FAR: Final = b"\x00\x0a"
ATR: Final = b"\x00\x14"
VUR: Final = b"\x00\x1e"
MIR: Final = b"\x01\x0a"
MRR: Final = b"\x01\x14"
PCR: Final = b"\x01\x1e"
HBR: Final = b"\x01\x28"
SBR: Final = b"\x01\x32"
PMR: Final = b"\x01\x3c"
SDR: Final = b"\x01\x50"
WIR: Final = b"\x02\x0a"
WRR: Final = b"\x02\x14"
PIR: Final = b"\x05\x0a"
PRR: Final = b"\x05\x14"
TSR: Final = b"\x0a\x1e"
PTR: Final = b"\x0f\x0a"
MPR: Final = b"\x0f\x0f"
FTR: Final = b"\x0f\x14"
STR: Final = b"\x0f\x1e"
BPS: Final = b"\x14\x0a"
EPS: Final = b"\x14\x14"
GDR: Final = b"\x32\x0a"
DTR: Final = b"\x32\x1e"
#: What is part of the standard and says nothing about a part: pin groups and lists, retested bins, wafer
#: geometry, and the tables of scan tests.
OTHERS: Final = frozenset(
    {b"\x01\x3e", b"\x01\x3f", b"\x01\x46", b"\x02\x1e"} | {bytes((1, kind)) for kind in range(90, 95)}
)
#: From here on types are the makers' own.
OWN: Final = 180

_CHUNK: Final = 1 << 20
#: Tabs and line ends may stand in a text.
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HEADER_BYTES: Final = 4
_SIZES: Final = {"B": 1, "b": 1, "H": 2, "h": 2, "I": 4, "i": 4, "f": 4, "d": 8}

#: The kind of a record, the buffer it is in, and where its fields begin and end there.
Record = tuple[bytes, bytes, int, int]


def order_of(head: bytes) -> str | None:
    """The byte order of a file that begins like this, as ``struct`` calls it; None if it is no STDF.

    >>> order_of(bytes([2, 0, 0, 10, 2, 4])), order_of(bytes([0, 2, 0, 10, 1, 4])), order_of(b"<xml>")
    ('<', '>', None)
    """
    if head[2:4] != FAR or len(head) < 6:
        return None
    return {b"\x02\x00": "<", b"\x00\x02": ">"}.get(head[:2])


def ends(tail: bytes, order: str) -> bool:
    """Whether a file that ends like this was closed: its last record is an MRR.

    A file with this end that can't be walked through is damaged; one without may still be written.
    """
    return any(
        tail[at + 2 : at + 4] == MRR and struct.unpack_from(f"{order}H", tail, at)[0] + at + 4 == len(tail)
        for at in range(len(tail) - _HEADER_BYTES + 1)
    )


class Cut(Exception):
    """The last record is not complete."""


class Walk:
    """Goes through a file once."""

    def __init__(self, stream: Readable, order: str) -> None:
        self._stream = stream
        self._header = struct.Struct(f"{order}H2s")
        self._passed = 0  # bytes before the buffer

    def place(self, start: int) -> str:
        """Where the record stands whose fields begin at ``start`` in the buffer of this moment."""
        return f"byte {self._passed + start - _HEADER_BYTES}"

    def __iter__(self) -> Iterator[Record]:
        """Every record.

        Raises:
            Cut: the last one is not complete.
        """
        read, unpack = self._stream.read, self._header.unpack_from
        rest = b""
        while chunk := read(_CHUNK):
            buffer = rest + chunk
            at, size = 0, len(buffer)
            while at + 4 <= size:
                length, kind = unpack(buffer, at)
                stop = at + 4 + length
                if stop > size:
                    break
                yield kind, buffer, at + 4, stop
                at = stop
            rest = buffer[at:]
            self._passed += at
        if rest:
            raise Cut(f"the record at byte {self._passed} is not complete")


class Fields:
    """Reads the fields of one record in their order. What is missing at its end is empty or None.

    Raises:
        Refused: a field is longer than the record, or a text in no known encoding.
    """

    def __init__(self, buffer: bytes, start: int, stop: int, order: str, place: str) -> None:
        self._body = buffer[start:stop]
        self._order = order
        self._place = place
        self._at = 0

    @classmethod
    def of(cls, record: Record, order: str, walk: Walk) -> Self:
        """Of a record that the walk is at."""
        _, buffer, start, stop = record
        return cls(buffer, start, stop, order, walk.place(start))

    @property
    def left(self) -> int:
        """How many bytes were not read yet."""
        return len(self._body) - self._at

    def need(self, size: int) -> Self:
        """See that the record has the fields that none of its kind can be without."""
        if len(self._body) < size:
            raise Refused(f"a record of {len(self._body)} bytes, and its kind has {size}", place=self._place)
        return self

    def number(self, kind: str) -> Any:
        """A number, by its letter in ``struct``; None if the record ended before it."""
        size = _SIZES[kind]
        if self.left < size:
            self._at = len(self._body)
            return None
        (found,) = struct.unpack_from(self._order + kind, self._body, self._at)
        self._at += size
        return found

    def whole(self, kind: str) -> int:
        """A whole number; 0 if the record ended before it."""
        return self.number(kind) or 0

    def numbers(self, kind: str, count: int) -> tuple[Any, ...]:
        """Several of one kind, none of which may be missing."""
        return struct.unpack(f"{self._order}{count}{kind}", self.take(count * _SIZES[kind]))

    def text(self) -> str:
        """A text without the blanks it was filled up with."""
        written = self.take(self.whole("B")).strip(b" \0")
        if _CONTROL.search(written):
            raise Refused("control characters in a text: the disk or the transfer failed", place=self._place)
        for encoding in ("utf-8", "cp1252"):
            try:
                return written.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise Refused(f"{written[:40]!r} is neither UTF-8 nor cp1252", place=self._place)

    def take(self, size: int) -> bytes:
        """So many bytes as they are."""
        if self.left < size:
            raise Refused("a field that is longer than its record", place=self._place)
        found = self._body[self._at : self._at + size]
        self._at += size
        return found
