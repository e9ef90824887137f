"""Archives from machines: members read one by one, each bounded before a byte of it is unpacked.

An archive can hold names that lead out of any folder, links, and a petabyte in a few kilobytes. None of that
belongs into a log, so it is refused; nothing is ever unpacked to disk.
"""

import gzip
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Final, Self

from wats_worker.converters.base import NotReady, Refused, Source

#: How a zip file begins.
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_END: Final = b"PK\x05\x06"
_ENCRYPTED: Final = 0x1
_SLICE: Final = 64 * 1024
#: A member below this is not looked at for its ratio: ten kilobytes of blanks are no bomb.
_SMALL: Final = 1024 * 1024
#: What zipfile raises when something in an archive is not what it should be; a name that is no text, too.
DAMAGE: Final = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error)


@dataclass(frozen=True)
class Bounds:
    """How much an archive may hold."""

    members: int = 1000
    total: int = 256 * 1024 * 1024  #: bytes, unpacked
    ratio: int = 200  #: unpacked to packed; text of machines stays far below


_BOUNDS: Final = Bounds()


class Archive:
    """A zip file, found to hold nothing but plain files with plain names.

    Raises:
        Refused: it holds something else, more than the bounds, or one name twice.
        NotReady: its end is missing.
    """

    def __init__(self, source: Source, bounds: Bounds = _BOUNDS) -> None:
        if not source.head.startswith(ZIP):
            raise Refused("not a zip archive")
        try:
            self._zip = zipfile.ZipFile(source.open())
        except DAMAGE:
            # The directory of an archive is its end.
            raise NotReady("the end of the archive is not there yet") from None
        self._source = source
        self._members = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}
        _check(self._zip.infolist(), bounds)
        self._check_ends()

    def _check_ends(self) -> None:
        """See that nothing stands before the first member and nothing behind the directory's end.

        zipfile looks for the directory and takes no notice of what is around it. Of two archives in one file
        it would read the second.
        """
        before = min((info.header_offset for info in self._zip.infolist()), default=0)
        end = self._source.tail.rfind(_END)
        comment = int.from_bytes(self._source.tail[end + 20 : end + 22], "little")
        if before or end < 0 or end + 22 + comment != len(self._source.tail):
            raise Refused("bytes that don't belong to the archive")

    @property
    def names(self) -> list[str]:
        """The members' names, with / between folders, in the order of the archive."""
        return list(self._members)

    def size(self, name: str) -> int:
        """How long a member is, unpacked."""
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """One member.

        Raises:
            KeyError: there is none of that name.
            Refused: it is damaged.
        """
        try:
            # Stops at the size that was checked, whatever comes after.
            return self._zip.read(self._members[name])
        except (*DAMAGE, zlib.error, OSError) as error:
            raise Refused(f"it is damaged: {error}", place=name) from None

    def open(self, name: str) -> IO[bytes]:
        """One member as a stream, for those larger than memory. Reading may raise one of ``DAMAGE``.

        Raises:
            KeyError: there is none of that name.
            Refused: it is damaged.
        """
        try:
            return self._zip.open(self._members[name])
        except DAMAGE as error:
            raise Refused(f"it is damaged: {error}", place=name) from None

    def source(self, name: str) -> Source:
        """One member as a source of its own, whose warnings are told with ours."""
        member = Source.of_bytes(self.read(name), name, modified=self._source.modified)
        member.warnings = self._source.warnings
        return member

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def unpacked(source: Source, *, limit: int = _BOUNDS.total) -> Source:
    """The content of a gzip file as a source; a file that isn't one as it is.

    Raises:
        Refused: it unpacks to more than ``limit``, or is damaged.
        NotReady: its end is missing.
    """
    if not source.head.startswith(b"\x1f\x8b"):
        return source
    parts: list[bytes] = []
    size = 0
    with source.open() as stream, gzip.open(stream) as plain:
        try:
            while part := plain.read(_SLICE):
                parts.append(part)
                size += len(part)
                if size > limit:
                    raise Refused(f"it unpacks to more than {limit} bytes")
        except EOFError:
            raise NotReady("the end of the packed file is not there yet") from None
        except (OSError, zlib.error) as error:
            raise Refused(f"it is damaged: {error}") from None
    inner = Source.of_bytes(b"".join(parts), source.name.removesuffix(".gz"), modified=source.modified)
    inner.warnings = source.warnings
    return inner


def _check(members: list[zipfile.ZipInfo], bounds: Bounds) -> None:
    if len(members) > bounds.members:
        raise Refused(f"{len(members)} members, and {bounds.members} is the most")
    seen: set[str] = set()
    total = 0
    for info in members:
        name = info.filename
        if name in seen:
            raise Refused("two members of this name", place=name)
        if not _is_plain(name):
            raise Refused("a name that leads out of the archive", place=name)
        if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise Refused("a link or a device", place=name)
        if info.flag_bits & _ENCRYPTED:
            raise Refused("it is encrypted", place=name)
        if info.file_size > _SMALL and info.file_size > bounds.ratio * info.compress_size:
            raise Refused(f"it unpacks to more than {bounds.ratio} times its size", place=name)
        total += info.file_size
        if total > bounds.total:
            raise Refused(f"it unpacks to more than {bounds.total} bytes")
        seen.add(name)


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or name[1:2] == ":")
