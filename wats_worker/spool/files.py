"""Durable file operations: what has returned from here survives a power cut.

Nothing in this module knows what a spool is.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

try:
    import fcntl
except ImportError:  # Windows: the command line can be imported there, and says that a spool can't be
    fcntl = None  # type: ignore[assignment]


def flags(*names: str) -> int:
    """These flags for ``os.open``, as far as the system knows them; where a spool can be, it knows all.

    >>> flags("O_RDWR", "O_NOSUCH") == os.O_RDWR
    True
    """
    return sum(getattr(os, name, 0) for name in names)


#: How much is read or copied at once.
CHUNK: Final = 1 << 20
#: Open for reading and nothing else: no link is followed, no pipe blocks, no terminal becomes ours.
READ_SAFELY: Final = flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC")
#: Until it has its final name, a copy in somebody's folder looks like what everybody knows to ignore.
PART: Final = ".wats-part"
#: How a Windows share says that somebody has the file open for himself.
SHARED_WITH_NOBODY: Final = frozenset({errno.EBUSY, errno.ETXTBSY, errno.EAGAIN})
#: What stood under this name is not there any more, or something else is.
GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})
#: Open a folder, to name things in it.
FOLDER: Final = flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC")


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


def fsync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush(descriptors: Sequence[int]) -> None:
    """Make many files or folders durable at once.

    Several threads wait together, because file systems then share one journal commit between them: 128 small
    files take half the time.
    """
    if len(descriptors) < 4:
        for descriptor in descriptors:
            os.fsync(descriptor)
        return
    with ThreadPoolExecutor(max_workers=8) as waiting:
        list(waiting.map(os.fsync, descriptors))


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything; ``os.write`` alone may stop half-way on a disk that is nearly full."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def create(path: Path, data: bytes) -> int:
    """Make a file that must not be there yet.

    Returns:
        Its open descriptor, so that many can be flushed together.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, data)
    except BaseException:  # whatever stopped the writing, nobody else can close this descriptor
        os.close(descriptor)
        raise
    return descriptor


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file so that everybody, even after a power cut, finds the old or the new content."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = create(beside, data)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except BaseException:  # also when we are stopped half-way: no litter
        beside.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


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


def append_line(path: Path, line: bytes) -> None:
    """Add one line in one ``write``, so that lines of several processes never mix.

    A torn line that a crash left at the end stays alone on its line.
    Not flushed: call ``flush`` where losing the line to a power cut costs more than doing its work again.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
        write_all(descriptor, (b"\n" if torn else b"") + line + b"\n")
    finally:
        os.close(descriptor)


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
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=parent))
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


class Lock:
    """One process at a time, for as long as the ``with`` block lasts; the kernel frees it when we die.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lock"
    >>> with Lock(path):
    ...     Lock(path).try_hold()
    False
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self._take(fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def try_hold(self) -> bool:
        """Take the lock if it is free. The caller releases it, or keeps it for life."""
        try:
            self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let the others in. Releasing what is not held does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, how: int) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
        except BaseException:  # not ours: the descriptor must not stay behind
            os.close(descriptor)
            raise
        self._descriptor = descriptor
