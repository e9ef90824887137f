"""One file, packed or not, read as a stream: for formats whose files are larger than memory."""

import bz2
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from wats_worker.converters.archives import DAMAGE, ZIP, Archive, Bounds
from wats_worker.converters.base import NotReady, Refused, Source

_GZIP: Final = b"\x1f\x8b"
_BZIP: Final = b"BZh"
#: What a packed log may unpack to. Millions of like records pack well, and zeros better than any log.
_BOUNDS: Final = Bounds(members=1, total=4 << 30, ratio=400)
_SMALL: Final = 1 << 20
_LOCAL_HEADER: Final = 30


class Readable(Protocol):
    """What is asked of a stream here."""

    def read(self, size: int, /) -> bytes:
        """So many bytes at most; none at the end."""


class Packed:
    """What is in a gzip or bzip2 file, in a zip file with one member, or in a file that is none of these."""

    def __init__(self, source: Source, bounds: Bounds = _BOUNDS) -> None:
        self._source = source
        self._bounds = bounds

    @property
    def is_packed(self) -> bool:
        """Whether it is; then its content was complete when it was packed."""
        return self._source.head.startswith((_GZIP, _BZIP, *ZIP))

    @contextmanager
    def open(self) -> Iterator[Readable]:
        """A reader at the start of the content.

        Raises:
            Refused: while it is read: the file is damaged, or unpacks to more than the bounds.
            NotReady: while it is read: the end of the packed file is missing.
        """
        head = self._source.head
        if head.startswith(ZIP):
            with Archive(self._source, self._bounds) as archive:
                name, *others = archive.names or [""]
                if others or not name:
                    raise Refused(f"{len(archive.names)} files in the archive; one is read")
                yield self._bounded(archive.open(name), is_whole=True)
        elif head.startswith(_GZIP):
            with self._source.open() as stream, gzip.open(stream) as plain:
                yield self._bounded(plain)
        elif head.startswith(_BZIP):
            with self._source.open() as stream, bz2.open(stream) as plain:
                yield self._bounded(plain)
        else:
            with self._source.open() as stream:
                yield stream

    def _bounded(self, stream: Readable, *, is_whole: bool = False) -> "_Bounded":
        most = min(self._bounds.total, max(_SMALL, self._bounds.ratio * self._source.size))
        return _Bounded(stream, most, is_whole=is_whole)


class _Bounded:
    """Reads what is being unpacked, up to a bound, and says in our words what is wrong with it."""

    def __init__(self, stream: Readable, most: int, *, is_whole: bool) -> None:
        self._stream = stream
        self._is_whole = is_whole  # a zip file has its directory at its end, and that was read
        self._left = self._most = most

    def read(self, size: int, /) -> bytes:
        try:
            data = self._stream.read(size)
        except EOFError as error:
            if self._is_whole:
                raise Refused(f"it is damaged: {error}") from None
            raise NotReady("the end of the packed file is not there yet") from None
        except (*DAMAGE, OSError, zlib.error) as error:
            raise Refused(f"it is damaged: {error}") from None
        self._left -= len(data)
        if self._left < 0:
            raise Refused(f"it unpacks to more than {self._most} bytes")
        return data


def beginning(head: bytes, size: int) -> bytes:
    """The first bytes of what is in a file that begins like this, for a probe; none if they can't be told.

    >>> beginning(gzip.compress(b"0123456789"), 4), beginning(b"0123456789", 4)
    (b'0123', b'0123')
    """
    try:
        if head.startswith(_GZIP):
            return zlib.decompressobj(31).decompress(head, size)
        if head.startswith(_BZIP):
            return bz2.BZ2Decompressor().decompress(head, size)
        if head.startswith(ZIP):
            return _first_member(head, size)
    except (OSError, EOFError, zlib.error):
        return b""
    return head[:size]


def _first_member(head: bytes, size: int) -> bytes:
    method, names = int.from_bytes(head[8:10], "little"), head[26:_LOCAL_HEADER]
    start = _LOCAL_HEADER + int.from_bytes(names[:2], "little") + int.from_bytes(names[2:], "little")
    if method == zipfile.ZIP_STORED:
        return head[start : start + size]
    return zlib.decompressobj(-15).decompress(head[start:], size) if method == zipfile.ZIP_DEFLATED else b""
