"""The jail's self-test: a child of every new zygote tries what must not work. Nothing else would show that a
rule is in the kernel and not only in our lists.

The acts are the first of each kind, chosen to do no harm should one succeed; most are system calls with
arguments that can't work, where another error than the filter's shows that the kernel got to see them.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from seccompy import syscall_nr

from wats_worker.sandbox.policy import Level

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_TRIED: Final = "tried all; through got: "
_REFUSALS: Final = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})


@dataclass(frozen=True)
class Act:
    """Something forbidden; ``attempt`` returns whether it got through."""

    name: str
    level: Level  #: the lowest at which it must fail
    attempt: Callable[[], bool]


def holes(level: Level) -> list[str]:
    """What got through that the level forbids. Only called in a confined child, in its scratch folder."""
    return [act.name for act in ACTS if act.level <= level and act.attempt()]


def report(level: Level) -> bytes:
    """The holes as a confined child tells them; ``read`` understands it."""
    return f"{_TRIED}{', '.join(holes(level))}".encode()


def read(told: bytes) -> str:
    """What ``report`` told: the holes, and nothing if there are none. A child that broke off told less.

    >>> read(b"tried all; through got: fork")
    'fork'
    >>> read(b"")
    'the trial broke off'
    """
    text = told.decode(errors="backslashreplace")
    return text.removeprefix(_TRIED) if text.startswith(_TRIED) else "the trial broke off"


def _gets_through(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError as error:
        return error.errno not in _REFUSALS
    return True


def _call(name: str, *arguments: int) -> Callable[[], bool]:
    def attempt() -> bool:
        return _reaches_kernel(syscall_nr(name), *arguments)

    return attempt


def _reaches_kernel(number: int, *arguments: int) -> bool:
    answer = _libc.syscall(number, *(ctypes.c_long(one) for one in arguments))
    return answer != -1 or ctypes.get_errno() not in _REFUSALS


def _forks() -> bool:
    try:
        pid = os.fork()
    except OSError:
        return False
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _socket(family: int, kind: int) -> Callable[[], bool]:
    return lambda: _gets_through(lambda: socket.socket(family, kind).close())


def _changes_mode() -> bool:
    mine = Path("mode")
    mine.write_text("x")
    mine.chmod(0o777)
    return mine.stat().st_mode & 0o111 != 0


def _empties_by_path() -> bool:
    mine = Path("full")
    mine.write_text("x")
    with contextlib.suppress(OSError):
        os.truncate(mine, 0)
    with contextlib.suppress(OSError):
        os.close(os.open(mine, os.O_RDONLY | os.O_TRUNC))
    return mine.stat().st_size == 0


def _x32() -> bool:
    return platform.machine() == "x86_64" and _reaches_kernel(0x40000000 | syscall_nr("getpid"))


_X: Final = Level.SECCOMP

ACTS: Final = (
    Act("read a file", Level.STRICT, lambda: _gets_through(Path("/proc/self/environ").read_bytes)),
    Act("list a folder", Level.STRICT, lambda: _gets_through(lambda: list(Path("..").iterdir()))),
    Act("make a file", Level.STRICT, lambda: _gets_through(lambda: Path("../trial").write_text("x"))),
    Act("remove a folder", Level.STRICT, lambda: _gets_through(Path.cwd().rmdir)),
    Act("truncate by path", _X, _empties_by_path),
    Act("change a mode", _X, _changes_mode),
    Act("take disk beyond a limit", _X, _call("fallocate", -1, 1, 0, 1)),
    Act("make a link", _X, lambda: _gets_through(lambda: Path("b").symlink_to("a"))),
    Act("internet socket", _X, _socket(socket.AF_INET, socket.SOCK_STREAM)),
    Act("unix socket", _X, _socket(socket.AF_UNIX, socket.SOCK_DGRAM)),
    Act("netlink socket", _X, _socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    Act("datagram pair", _X, lambda: _gets_through(lambda: socket.socketpair(type=socket.SOCK_DGRAM))),
    Act("fork", _X, _forks),
    Act("execute", _X, _call("execve", 0, 0, 0)),
    Act("signal the parent", _X, lambda: _gets_through(lambda: os.kill(os.getppid(), 0))),
    Act("trace", _X, _call("ptrace", 16, -1, 0, 0)),
    Act("read memory of the parent", _X, _call("process_vm_readv", 0, 0, 0, 0, 0, 0)),
    Act(
        "limits of the parent",
        _X,
        lambda: _gets_through(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE)),
    ),
    Act(
        "own a descriptor's signals",
        _X,
        lambda: _gets_through(lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())),
    ),
    Act("anonymous file", _X, _call("memfd_create", 0, 0)),
    Act("io_uring", _X, _call("io_uring_setup", 0, 0)),
    Act("bpf", _X, _call("bpf", -1, 0, 0)),
    Act("keyring", _X, _call("keyctl", 0, -3, 0, 0, 0)),
    Act("new namespace", _X, _call("unshare", 0)),
    Act("mount", _X, _call("mount", 0, 0, 0, 0, 0)),
    Act("shared memory", _X, _call("shmget", 0, 0, 0)),
    Act("become dumpable", _X, _call("prctl", 4, 0, 0, 0, 0)),
    Act("outlive the parent", _X, _call("prctl", 1, 9, 0, 0, 0)),
    Act("calls of the x32 kind", _X, _x32),
)
