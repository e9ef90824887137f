"""The few system calls that the standard library lacks, as typed functions that raise OSError."""

import ctypes
import fcntl
import os
import time
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION: Final = 0x20080522

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def prctl(option: int, argument: int = 0) -> None:
    """Set one property of this process."""
    _check(_libc.prctl(option, argument, 0, 0, 0), f"prctl({option})")


def capabilities() -> int:
    """What this process may do now: a bit for each, in the order of <linux/capability.h>."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()  # in the order below
    _check(_libc.capget(header, held), "capget")
    return int(held[0] | held[3] << 32)


def drop_capabilities() -> None:
    """Be without any capability, now and for all children."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; each in two halves
    _check(_libc.capset(header, nothing), "capset")


def sealed_memory(name: str, size: int) -> int:
    """An anonymous file of exactly ``size`` bytes that nobody can make longer or shorter.

    Pages exist only once they are written, so a generous size costs nothing.
    """
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return descriptor


def cpu_seconds(pid: int) -> float:
    """CPU time that a live process has used, all threads together; 0 when it is gone.

    The clock's number is made from the process id as clock_getcpuclockid(3) does it: /proc is out of
    reach once the zygote is confined.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _check(answer: int, call: str) -> None:
    if answer == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")
