"""Confinement in two stages. What all children share is done once, in the zygote, and inherited by fork at
no cost; a child adds what only it must not do.

Every step narrows, none can be undone, and the order matters: limits are measured while /proc can be read,
the user changes before the kernel's death signal is set (changing it clears the signal), and the filter of
system calls comes last because it takes away the calls that the other steps need.
"""

import contextlib
import os
import resource
import signal
from pathlib import Path
from typing import Final

from wats_worker.sandbox import identity, kernel, landlock, seccomp
from wats_worker.sandbox.policy import Level, Limits, Setup

_MB: Final = 1024 * 1024
#: What a zygote needs at most.
_ZYGOTE_DESCRIPTORS: Final = 64
#: The kernel counts threads per user, so a converter's threads share a number with all else of that user:
#: what is there at the start, what is granted, and so many for others that come later.
_ROOM_FOR_OTHERS: Final = 256


class Unconfined(Exception):
    """A step can't be taken here; the text says which and what would help."""


class Confinement:
    """Takes both stages; made, and the first taken, before any foreign code is near."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._level = Level.LIMITS if setup.capabilities.trusted else setup.level
        strict = self._level >= Level.STRICT
        filtered = self._level >= Level.SECCOMP
        if strict and not landlock.version():
            raise Unconfined(_NO_LANDLOCK)
        if filtered and not seccomp.available():
            raise Unconfined(_NO_SECCOMP)
        self._domain = landlock.nested() if strict else None
        self._inner = seccomp.inner() if filtered else None

    @property
    def level(self) -> Level:
        """What is enforced once both stages are taken."""
        return self._level

    def zygote(self) -> None:
        """Take stage one, in the zygote."""
        setup = self._setup
        Path("/proc/self/oom_score_adj").write_text("1000")  # the kernel takes us before the worker
        _limit_shared(setup.limits)
        if self._level >= Level.SECCOMP:
            identity.lower(scratch=setup.scratch, needed=landlock.runtime())
            if setup.capabilities.threads and os.geteuid() == 0:
                raise Unconfined(_THREADS_AS_ROOT)
        if setup.capabilities.threads:
            _limit(resource.RLIMIT_NPROC, _tasks() + setup.capabilities.threads + _ROOM_FOR_OTHERS)
        if self._level >= Level.SECCOMP:
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # no core, no tracing, no /proc/<pid>/mem for our equals
        if setup.dies_with_owner_thread:
            die_with(setup.owner)
        os.umask(0o077)
        os.chdir(setup.scratch)
        if self._level >= Level.STRICT:
            landlock.confine(scratch=setup.scratch, readable=setup.capabilities.folders)
        if self._level >= Level.SECCOMP:
            seccomp.load(seccomp.outer(threads=setup.capabilities.threads > 0))

    def child(self, *, zygote: int, keep: int) -> None:
        """Take stage two, in a child.

        Args:
            zygote: Process id of the parent; the child does not outlive it.
            keep: The only descriptor besides the standard ones that stays open.
        """
        die_with(zygote)
        if self._domain is not None:
            landlock.enter(self._domain)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)  # was the zygote's control socket
        os.closerange(3, keep)
        os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))
        _limit_child(self._setup)
        if self._inner is not None:
            seccomp.load(self._inner)


def die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the thread that made this process ends; it may have already."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit_shared(limits: Limits) -> None:
    """Limits that the zygote can bear itself.

    Private writable memory (DATA) is the honest measure. The address space (AS) is the outer one; it alone
    counts shared anonymous memory. Both count from what the zygote has now, because a fork starts with that.
    """
    address_space, data = _memory()
    _limit(resource.RLIMIT_DATA, data + limits.memory_mb * _MB)
    _limit(resource.RLIMIT_AS, address_space + limits.memory_mb * _MB)
    _limit(resource.RLIMIT_FSIZE, limits.scratch_mb * _MB)
    _limit(resource.RLIMIT_NOFILE, max(limits.descriptors, _ZYGOTE_DESCRIPTORS))
    for nothing in (
        resource.RLIMIT_CORE,
        resource.RLIMIT_MEMLOCK,
        resource.RLIMIT_MSGQUEUE,
        resource.RLIMIT_NICE,
        resource.RLIMIT_RTPRIO,
    ):
        _limit(nothing, 0)
    _limit(resource.RLIMIT_SIGPENDING, 64)


def _limit_child(setup: Setup) -> None:
    """Limits under which the zygote could not do its own work."""
    cpu_s = setup.limits.cpu_s
    # One second between the polite signal and SIGKILL: SIGXCPU can be ignored.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    _limit(resource.RLIMIT_NOFILE, setup.limits.descriptors)
    if not setup.capabilities.threads:
        _limit(resource.RLIMIT_NPROC, 0)  # void for root, whom only the filter stops


def _limit(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(what, (value, value))


def _memory() -> tuple[int, int]:
    """Bytes of address space and of private writable memory that this process has."""
    page = os.sysconf("SC_PAGE_SIZE")
    pages = Path("/proc/self/statm").read_text().split()
    return int(pages[0]) * page, int(pages[5]) * page


def _tasks() -> int:
    """How many threads there are of the user we are now, all processes together."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile
            if process.stat().st_uid == os.geteuid():
                count += len(list((process / "task").iterdir()))
    return count


_NO_LANDLOCK: Final = (
    "this kernel offers no Landlock, so files can't be kept from converters. Needed: Linux 5.13 with "
    "CONFIG_SECURITY_LANDLOCK and 'landlock' in the lsm= list of the boot line; in a container, Docker "
    "20.10.18 or newer, whose default profile lets it through"
)
_NO_SECCOMP: Final = (
    "system calls can't be filtered here. Needed: Linux with CONFIG_SECCOMP_FILTER on x86_64 or aarch64, "
    "and a container profile that lets seccomp(2) through"
)
_THREADS_AS_ROOT: Final = (
    "a converter that is granted threads can't be jailed as root, whose number of threads the kernel does "
    "not limit. Run the worker as a user of its own, or make the Python installation readable for everybody"
)
