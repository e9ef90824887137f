"""Who is writing to a file? What the kernel tells, without changing the file.

Three questions, each of which some file systems can't answer:

* a read lease (``F_SETLEASE``) is refused while anybody has the file open for writing or mapped for writing.
  It needs a local file system and our own file or ``CAP_LEASE``;
* a shared ``flock`` is refused while somebody holds the exclusive one;
* ``F_GETLK`` names the holder of an exclusive POSIX lock.

While we hold a read lease, the kernel makes everybody wait who opens the file for writing. So a rename under
the lease moves a file that nobody can be writing to, and afterwards its old name is gone.
"""

import errno
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final

try:
    import fcntl
except ImportError:  # Windows: the command line can be imported there, and says that a spool can't be
    fcntl = None  # type: ignore[assignment]

#: struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK: Final = "hhqqi0q"
_NOBODY_LOCKS: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EBADF})


class Use(Enum):
    """What is known about other people's use of a file."""

    FREE = "free"  #: nobody has it open for writing
    WRITTEN = "written"  #: somebody has it open for writing or holds an exclusive lock
    UNSEEN = "unseen"  #: this file system, or the owner of the file, does not let us know


@contextmanager
def guard(descriptor: int) -> Iterator[Use]:
    """Tell the use of an open file and, if it is ``FREE``, keep writers waiting until the block ends.

    Keep the block as short as a rename: a test machine that wants to write stands still for that time.

    Args:
        descriptor: opened read-only; a lease on anything else is refused by the kernel.
    """
    use = _take_lease(descriptor)
    try:
        yield Use.WRITTEN if _is_locked(descriptor) else use
    finally:
        if use is Use.FREE:
            _drop_lease(descriptor)


def look(descriptor: int) -> Use:
    """Tell the use of an open file at this moment."""
    with guard(descriptor) as use:
        return use


if sys.platform == "linux":

    def _take_lease(descriptor: int) -> Use:
        # A writer that arrives while we hold the lease makes the kernel send a signal. The usual one,
        # SIGIO, would end this process; SIGURG is ignored by everybody who did not ask for it.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return Use.WRITTEN
        except OSError:
            # EACCES: not our file. EINVAL, EOPNOTSUPP and others: a file system without leases.
            return Use.UNSEEN
        return Use.FREE

    def _drop_lease(descriptor: int) -> None:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)

    def _has_posix_lock(descriptor: int) -> bool:
        # Asking for a read lock finds exactly the exclusive ones.
        question = struct.pack(_FLOCK, fcntl.F_RDLCK, 0, 0, 0, 0)
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, question)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)

else:

    def _take_lease(_descriptor: int) -> Use:
        return Use.UNSEEN

    def _drop_lease(_descriptor: int) -> None:
        return None

    def _has_posix_lock(_descriptor: int) -> bool:
        # struct flock differs from system to system; the shared flock above has to do.
        return False


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as problem:
        if problem.errno not in _NOBODY_LOCKS:
            raise
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    try:
        return _has_posix_lock(descriptor)
    except OSError as problem:
        if problem.errno not in _NOBODY_LOCKS:
            raise
        return False
