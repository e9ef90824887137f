"""Making, replacing and adding to files.

    write_atomically   draft beside it ──► fsync ──► rename ──► fsync of the folder
                       a crash before the rename leaves the old content, one after it the new

What has returned from here survives a power cut, unless it says that it does not. Files are made for their
owner alone; folders are not followed through links where the name could have been swapped.
"""

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final


def flags(*names: str) -> int:
    """These flags for ``os.open``, as far as the system knows them; where a spool can be, it knows all.

    >>> flags("O_RDWR", "O_NOSUCH") == os.O_RDWR
    True
    """
    return sum(getattr(os, name, 0) for name in names)


#: How much is read or copied at once.
CHUNK: Final = 1 << 20
#: Open a folder, to name things in it.
FOLDER: Final = flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC")
#: Whoever may read what we write: nobody but us.
PRIVATE: Final = 0o600
#: What everybody on the machine may read.
READABLE: Final = 0o644
_NEW: Final = flags("O_WRONLY", "O_CREAT", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
_ADD: Final = flags("O_RDWR", "O_CREAT", "O_APPEND", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
_DRAFT: Final = re.compile(r"\.(.+)\.[0-9a-f]{8}")
#: Nobody has been writing a draft for so long.
_STALE_S: Final = 3600.0
#: How a file system says that it knows no second name for a file.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def fsync_folder(path: Path) -> None:
    """Make the names in a folder durable. Windows can't be asked to, and does so by itself."""
    if sys.platform == "win32":
        return
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


def create(path: Path | str, data: bytes = b"", *, folder: int | None = None, anew: bool = False) -> int:
    """Make a file that must not be there yet.

    Args:
        path: the file.
        data: what is written to it at once.
        folder: an open folder that ``path`` is a name in.
        anew: empty it if it is there: a draft that a crash left.

    Returns:
        Its open descriptor, so that many can be flushed together.
    """
    how = _NEW | (os.O_TRUNC if anew else os.O_EXCL)
    descriptor = os.open(path, how, PRIVATE, dir_fd=folder)
    try:
        write_all(descriptor, data)
    except BaseException:  # whatever stopped the writing, nobody else can close this descriptor
        os.close(descriptor)
        raise
    return descriptor


def new_file(path: Path | str, *, folder: int | None = None, anew: bool = False) -> IO[bytes]:
    """The same as an open file, for content that comes in pieces. Not flushed to the disk."""
    return os.fdopen(create(path, folder=folder, anew=anew), "wb")


def create_once(path: Path, data: bytes, *, mode: int = PRIVATE) -> bool:
    """Make a file with all of its content, or not at all; False if the name is taken.

    Whoever finds the file finds it whole, however many make it at once.
    """
    draft = _draft(path, data, mode, durable=True)
    try:
        os.link(draft, path, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as problem:
        if problem.errno not in _NO_LINKS:
            raise
        return _create_without_links(path, data, mode)
    finally:
        draft.unlink()
    fsync_folder(path.parent)
    return True


def _create_without_links(path: Path, data: bytes, mode: int) -> bool:
    """The name first, then the content: here a crash in between leaves an empty file."""
    try:
        os.close(create(path))
    except FileExistsError:
        return False
    write_atomically(path, data, mode=mode)
    return True


def write_atomically(path: Path, data: bytes, *, mode: int = PRIVATE, durable: bool = True) -> None:
    """Replace a file so that everybody, even after a power cut, finds the old or the new content.

    Args:
        path: the file.
        data: its new content.
        mode: who may do what with it.
        durable: False for what nobody misses after a power cut; everybody still finds it whole.
    """
    draft = _draft(path, data, mode, durable=durable)
    try:
        draft.replace(path)
    except BaseException:  # also when we are stopped half-way: no litter
        draft.unlink(missing_ok=True)
        raise
    if durable:
        fsync_folder(path.parent)


def rewrite(path: Path, data: bytes) -> None:
    """Replace a person's file as ``write_atomically`` does; a link, the mode and the owner stay as they are.

    Raises:
        OSError: it can't be replaced. EBUSY says that it is mounted on its own, without its folder.
    """
    real = path.resolve()
    status = real.stat()
    draft = _draft(real, data, stat.S_IMODE(status.st_mode), durable=True)
    try:
        if sys.platform != "win32" and (os.geteuid(), os.getegid()) != (status.st_uid, status.st_gid):
            os.chown(draft, status.st_uid, status.st_gid)
        draft.replace(real)
    except BaseException:  # as above
        draft.unlink(missing_ok=True)
        raise
    fsync_folder(real.parent)


def _draft(path: Path, data: bytes, mode: int, *, durable: bool) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = create(draft, data)
        try:
            if mode != PRIVATE and sys.platform != "win32":
                os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:  # as above
        draft.unlink(missing_ok=True)
        raise
    return draft


def clear_drafts(path: Path) -> None:
    """Remove what crashes left of writing to a file, or to its backups."""
    with os.scandir(path.parent) as entries:
        for entry in entries:
            found = _DRAFT.fullmatch(entry.name)
            if found and found[1].startswith(path.name) and entry.stat().st_mtime < time.time() - _STALE_S:
                Path(entry.path).unlink(missing_ok=True)


def append_line(path: Path, line: bytes) -> None:
    """Add one line in one ``write``, so that lines of several processes never mix.

    A torn line that a crash left at the end stays alone on its line.
    Not flushed: call ``flush`` where losing the line to a power cut costs more than doing its work again.
    """
    descriptor = os.open(path, _ADD, PRIVATE)
    try:
        size = os.fstat(descriptor).st_size
        torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
        write_all(descriptor, (b"\n" if torn else b"") + line + b"\n")
    finally:
        os.close(descriptor)


def append_whole(path: Path, line: bytes) -> None:
    """Add one line that survives a power cut. The caller holds a lock.

    Half a line at the end, which a crash or a full disk left there, is cut off before: nobody was ever told
    that it was written.
    """
    new = not path.exists()
    descriptor = os.open(path, _ADD, PRIVATE)
    try:
        size = os.fstat(descriptor).st_size
        if (whole := _whole_lines(descriptor, size)) != size:
            os.ftruncate(descriptor, whole)
        write_all(descriptor, line + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        fsync_folder(path.parent)


def _whole_lines(descriptor: int, size: int) -> int:
    """Where the last line feed of a file ends."""
    while size:
        begins = max(0, size - CHUNK)
        found = os.pread(descriptor, size - begins, begins).rfind(b"\n")
        if found >= 0:
            return begins + found + 1
        size = begins
    return 0


def open_log(path: Path) -> IO[bytes]:
    """A file that a child process adds its words to."""
    return os.fdopen(os.open(path, _ADD, PRIVATE), "ab")


def open_in_place(path: Path) -> IO[bytes]:
    """A file whose content is changed where it stands, made empty if there is none.

    For whoever has noted how to undo it: a crash leaves it half changed.
    """
    descriptor = os.open(path, flags("O_RDWR", "O_CREAT", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"), PRIVATE)
    return os.fdopen(descriptor, "r+b")


def private_folder(path: Path) -> None:
    """Make a folder, and see to it that only we can enter it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
