"""Files in folders that belong to others: what they are, reading them, and taking them away.

Nothing in this module knows what a spool is, and nothing in it writes more than an empty file.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from wats_broker.files import CHUNK, FOLDER, create, flags

#: Open for reading and nothing else: no link is followed, no pipe blocks, no terminal becomes ours.
READ_SAFELY: Final = flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC")
#: Until it has its final name, a copy in somebody's folder looks like what everybody knows to ignore.
PART: Final = ".wats-part"
#: How a Windows share says that somebody has the file open for himself.
SHARED_WITH_NOBODY: Final = frozenset({errno.EBUSY, errno.ETXTBSY, errno.EAGAIN})
#: What stood under this name is not there any more, or something else is.
GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The stamp in an answer of ``stat``."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def same_bytes(self, other: "Stamp") -> bool:
        """Whether both are one file with one content. A rename changes the ctime and nothing else."""
        return (self.device, self.inode, self.size, self.mtime_ns) == (
            other.device,
            other.inode,
            other.size,
            other.mtime_ns,
        )


class Unreadable(Exception):
    """A file could be opened but not read to its end. The file's side failed, not ours."""


def pieces(descriptor: int, *, size: int) -> Iterator[bytes]:
    """The content of an open file from its beginning.

    Args:
        descriptor: the file.
        size: how long it is thought to be. Reading ends one byte behind, since a file that grows as fast as
            it is read has no end; its hash is then that of no file anybody expects.

    Raises:
        Unreadable: the file system that holds it gave an error.
    """
    position = 0
    while position <= size:
        try:
            piece = os.pread(descriptor, min(CHUNK, size + 1 - position), position)
        except OSError as problem:
            raise Unreadable(problem.strerror or str(problem)) from problem
        if not piece:
            return
        yield piece
        position += len(piece)


def open_folder(root: Path, parts: Sequence[str], *, create: bool = False) -> int:
    """Open a folder beneath ``root`` without following a link on the way; the caller closes the descriptor.

    A watch folder belongs to many people: one who swaps a sub folder for a link to ``/etc`` must not make us
    move files there or from there. ``root`` itself is the operator's word and may be a link.
    """
    descriptor = os.open(root, FOLDER)
    for part in parts:
        try:
            if create:
                _make_folder(part, descriptor)
            deeper = os.open(part, FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = deeper
    return descriptor


def _make_folder(name: str, parent: int) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return


def is_ours(name: str, parent: int) -> bool:
    """Whether a name in an open folder is free. An empty file is what a crash left of a reservation."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return is_regular(status) and status.st_size == 0


def reserve(name: str, parent: int) -> bool:
    """Make sure that a name in an open folder is ours to write to."""
    try:
        os.close(create(name, folder=parent))
    except FileExistsError:
        return is_ours(name, parent)
    return True


def may_take_away(parent: int, owner: int) -> bool:
    """Whether a file of this owner may be removed from an open folder."""
    folder = os.fstat(parent)
    sticky = folder.st_mode & stat.S_ISVTX and os.geteuid() not in {0, owner, folder.st_uid}
    return not sticky and os.access(".", os.W_OK | os.X_OK, dir_fd=parent, effective_ids=True)


def is_regular(status: os.stat_result) -> bool:
    """Whether this is a plain file: no link, pipe, socket, device or folder."""
    return stat.S_ISREG(status.st_mode)
