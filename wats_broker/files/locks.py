"""Locks: one process at a time.

``Lock`` is the kernel's. It waits without looking again and again, is free as soon as its holder is dead,
and is there on every Unix; a spool needs no other. ``held`` is for a file that people on any system edit: it
has a time-out, says who holds it, and where a file system has no locks of its own it breaks the one that a
dead process left behind.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from wats_broker.files.writing import PRIVATE, flags, write_atomically

try:
    import fcntl
except ImportError:  # Windows: the command line can be imported there, and says that a spool can't be
    fcntl = None  # type: ignore[assignment]

_LOCK_FILE: Final = flags("O_RDWR", "O_CREAT", "O_NOFOLLOW", "O_CLOEXEC")


def open_lock(path: Path) -> int:
    """A descriptor of a lock file, not yet locked."""
    return os.open(path, _LOCK_FILE, PRIVATE)


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
        descriptor = open_lock(self._path)
        try:
            fcntl.flock(descriptor, how)
        except BaseException:  # not ours: the descriptor must not stay behind
            os.close(descriptor)
            raise
        self._descriptor = descriptor


class Occupied(Exception):
    """Somebody else holds a lock for longer than was waited."""

    def __init__(self, path: Path, holder: str) -> None:
        self.holder = holder
        super().__init__(f"{path.name} is locked by {holder or 'another process'}")


@contextmanager
def held(path: Path, *, patience_s: float = 10.0) -> Iterator[None]:
    """Hold a lock file, on any system.

    Raises:
        Occupied: it was not free in time.
    """
    # It takes its time to load, and only who changes the configuration needs it.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    lock = FileLock(path, timeout=patience_s, mode=PRIVATE)
    try:
        lock.acquire()
    except Timeout:
        raise Occupied(path, _holder(path)) from None
    note = _note(path)
    try:
        # Beside it, because a locked file can't be read on Windows.
        told = f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%H:%M:%S')}"
        write_atomically(note, told.encode(), durable=False)
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def _holder(path: Path) -> str:
    try:
        return _note(path).read_text(encoding="utf-8")
    except OSError:  # it has just let go, or has not said yet who it is
        return ""
