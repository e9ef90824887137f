"""Several files that belong together, as one: a zip archive whose bytes depend on nothing but theirs.

Nothing is packed, nothing carries a date, and the order is that of depth, size and name. So the same files
make the same bytes on every machine and with every release, and the identity of the unit is that of any file.
Small files come first, because a probe is shown no more than the beginning.

The writer is our own, since ``zipfile`` promises no such thing, wants to know a file's checksum before its
content unless it may choose the layout, and refuses names that are no text. Whoever reads needs nothing but
``zipfile``.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final
from zipfile import ZipInfo

from wats_worker.spool import open_files
from wats_worker.spool.files import (
    GONE,
    READ_SAFELY,
    SHARED_WITH_NOBODY,
    Stamp,
    Unreadable,
    is_regular,
    may_take_away,
    open_folder,
    pieces,
)
from wats_worker.spool.model import Member
from wats_worker.spool.names import printable
from wats_worker.spool.open_files import Use
from wats_worker.spool.recipe import Changed

#: More than this would need the larger records of the format.
MOST_BYTES: Final = 2**32 - 2**26
MOST_MEMBERS: Final = 2**16 - 2

_LOCAL: Final = struct.Struct("<4sHHHHHLLLHH")
_TRAILER: Final = struct.Struct("<4sLLL")
_ENTRY: Final = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END: Final = struct.Struct("<4sHHHHLLH")
_NEEDS: Final = 20  # version 2.0 of the format: folders
_BY_UNIX: Final = 3 << 8 | _NEEDS
_UTF8: Final = 0x800
#: Sizes and checksum stand behind the content.
_TRAILED: Final = 0x8
_1980: Final = 0x21  # the first of January, the earliest day a zip can name
_FILE: Final = (stat.S_IFREG | 0o600) << 16
_FOLDER: Final = (stat.S_IFDIR | 0o700) << 16 | 0x10


@dataclass(frozen=True)
class Bundle:
    """The recipe of one unit.

    Args:
        folder: The watch folder.
        members: Every file and folder of the unit as it was sighted.
    """

    folder: Path
    members: Sequence[Member]

    @cached_property
    def size(self) -> int:
        """How long the archive is."""
        names = [_written(member.name)[0] for member in self.members]
        fixed = sum(_LOCAL.size + _ENTRY.size + 2 * len(name) for name in names) + _END.size
        return fixed + sum(
            member.stamp.size + _TRAILER.size for member in self.members if not member.is_folder
        )

    def make(self) -> Iterator[bytes]:
        """The archive, piece by piece."""
        with ExitStack() as opened:
            parents = _Parents(self.folder, opened)
            table: list[bytes] = []
            position = 0
            for member in in_order(self.members):
                crc = 0
                head = _local(member)
                yield head
                start, position = position, position + len(head)
                if not member.is_folder:
                    for piece in _content(member, parents):
                        crc = zlib.crc32(piece, crc)
                        yield piece
                    yield _TRAILER.pack(b"PK\x07\x08", crc, member.stamp.size, member.stamp.size)
                    position += member.stamp.size + _TRAILER.size
                table.append(_entry(member, crc, start))
            for member in self.members:
                if parents.stamp(member) != member.stamp:
                    raise Changed
            yield from table
            length = sum(map(len, table))
            yield _END.pack(b"PK\x05\x06", 0, 0, len(table), len(table), length, position, 0)

    def stuck(self) -> str:
        """Why its files can't be taken away; empty if they can."""
        with ExitStack() as opened:
            parents = _Parents(self.folder, opened)
            for member in self.members:
                try:
                    parent, _ = parents.of(member)
                    owner = parents.owner(member)
                except OSError:
                    return ""  # gone or changed, which the making of it finds out
                if not may_take_away(parent, owner):
                    name = printable(member.name)
                    return f"{name} can't be taken away from its folder; use mode 'keep' for it"
        return ""


def in_order(members: Iterable[Member]) -> list[Member]:
    """Files before folders, shallow before deep, small before large.

    >>> at = Stamp(device=1, inode=1, size=9, mtime_ns=0, ctime_ns=0)
    >>> [member.name for member in in_order([Member("X/b", at), Member("X/", at), Member("X.txt", at)])]
    ['X.txt', 'X/b', 'X/']
    """
    return sorted(
        members, key=lambda one: (one.is_folder, one.name.count("/"), one.stamp.size, os.fsencode(one.name))
    )


def original_name(info: ZipInfo) -> str:
    """The name of a member as its file system knew it, undecodable bytes as surrogate escapes."""
    if info.flag_bits & _UTF8:
        return info.filename
    # Without the flag zipfile takes the bytes of a name for those of the oldest code page, which has all.
    return os.fsdecode(info.filename.encode("cp437"))


class _Parents:
    """The folders of members, each opened once and without following a link."""

    def __init__(self, root: Path, opened: ExitStack) -> None:
        self._root = root
        self._opened = opened
        self._known: dict[tuple[str, ...], int] = {}

    def of(self, member: Member) -> tuple[int, str]:
        """The open folder a member lies in, and its name there."""
        *above, base = member.name.removesuffix("/").split("/")
        where = tuple(above)
        if where not in self._known:
            self._known[where] = open_folder(self._root, above)
            self._opened.callback(os.close, self._known[where])
        return self._known[where], base

    def stamp(self, member: Member) -> Stamp | None:
        try:
            return Stamp.of(self._look(member))
        except OSError:
            return None

    def owner(self, member: Member) -> int:
        return self._look(member).st_uid

    def _look(self, member: Member) -> os.stat_result:
        parent, base = self.of(member)
        return os.stat(base, dir_fd=parent, follow_symlinks=False)


def _content(member: Member, parents: _Parents) -> Iterator[bytes]:
    descriptor = _open(member, parents)
    try:
        status = os.fstat(descriptor)
        changed = not is_regular(status) or Stamp.of(status) != member.stamp
        if changed or open_files.look(descriptor) is Use.WRITTEN:
            raise Changed
        length = 0
        for piece in pieces(descriptor, size=member.stamp.size):
            length += len(piece)
            yield piece
        if length != member.stamp.size:
            raise Changed
    finally:
        os.close(descriptor)


def _open(member: Member, parents: _Parents) -> int:
    try:
        parent, base = parents.of(member)
        return os.open(base, READ_SAFELY, dir_fd=parent)
    except OSError as problem:
        if problem.errno in GONE | SHARED_WITH_NOBODY:
            raise Changed from None
        raise Unreadable(f"{printable(member.name)}: {problem.strerror}") from problem


def _written(name: str) -> tuple[bytes, int]:
    """A name as it stands in the archive, and the flag that says how it is meant."""
    raw = os.fsencode(name)
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw, 0
    return raw, _UTF8


def _local(member: Member) -> bytes:
    name, flags = _written(member.name)
    flags |= 0 if member.is_folder else _TRAILED
    return _LOCAL.pack(b"PK\x03\x04", _NEEDS, flags, 0, 0, _1980, 0, 0, 0, len(name), 0) + name


def _entry(member: Member, crc: int, start: int) -> bytes:
    name, flags = _written(member.name)
    flags |= 0 if member.is_folder else _TRAILED
    size = 0 if member.is_folder else member.stamp.size
    kind = _FOLDER if member.is_folder else _FILE
    fixed = _ENTRY.pack(
        b"PK\x01\x02",
        _BY_UNIX,
        _NEEDS,
        flags,
        0,
        0,
        _1980,
        crc,
        size,
        size,
        len(name),
        0,
        0,
        0,
        0,
        kind,
        start,
    )
    return fixed + name
