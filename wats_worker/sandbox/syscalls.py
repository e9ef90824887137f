"""Which system calls exist in the jail. Pure data; what is not named here is refused with EPERM.

``SHARED`` is what converters written in Python need: files, memory, time, waiting. ``ZYGOTE`` is what the
zygote needs besides; the filter that a child adds takes it away again. A name that an architecture lacks
(``open`` on aarch64) is skipped there. Where an argument decides, it is compared as the kernel reads it:
an ``int`` by its lower half, a pointer whole.

Files are opened by anybody: *which* files is Landlock's business, because a filter can't follow a pointer to
a name. That is also why ``openat2`` and ``clone3``, whose flags lie behind a pointer, don't exist here.
"""

import errno
import fcntl
import os
import socket
from dataclasses import dataclass
from typing import Final

_INT: Final = 0xFFFFFFFF
_POINTER: Final = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Arg:
    """A condition: of the argument at ``index``, the bits in ``mask`` make ``value``."""

    index: int
    value: int
    mask: int = _INT


@dataclass(frozen=True)
class Call:
    """One system call; with conditions it is meant only when all of them hold."""

    name: str
    when: tuple[Arg, ...] = ()


def _calls(names: str) -> tuple[Call, ...]:
    return tuple(Call(name) for name in names.split())


def _one_of(name: str, index: int, values: tuple[int, ...]) -> tuple[Call, ...]:
    return tuple(Call(name, (Arg(index, value),)) for value in values)


_MEMORY: Final = (
    *_calls("munmap mprotect mremap brk madvise"),
    Call("mmap", (Arg(3, 0, 0x40000),)),  # no huge pages: they are a pool that all share
)
_FILES: Final = (
    *_calls("""
    read pread64 readv preadv write pwrite64 writev pwritev lseek close close_range
    stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat
    getdents64 getcwd chdir fchdir rmdir unlink unlinkat rename renameat
    ftruncate fadvise64 sendfile copy_file_range dup dup2 dup3
    statfs fstatfs pipe pipe2
"""),
    Call("preadv2", (Arg(5, 0),)),
    Call("pwritev2", (Arg(5, 0),)),  # the flags can demand that the disk is written at once
    Call("fallocate", (Arg(1, 0),)),  # beyond the end of a file the limit on its size does not hold
    Call("renameat2", (Arg(4, 0, 0x4),)),  # no device is left where the file was
    # A folder that its owner may not enter could not be cleared away.
    Call("mkdir", (Arg(1, 0o700, 0o700),)),
    Call("mkdirat", (Arg(2, 0o700, 0o700),)),
)
#: Bits of open(2) that matter here. A file without a name could not be weighed; a file that goes past the
#: cache would take the disk's time from the worker; and on kernels whose Landlock does not know truncation,
#: opening for reading with O_TRUNC would empty any file.
_UNNAMED: Final = 0o20000000
_UNWANTED: Final = _UNNAMED | os.O_DIRECT | os.O_SYNC | os.O_DSYNC
_OPENING: Final = tuple(
    Call(name, (Arg(flags, value, mask),))
    for name, flags in (("open", 1), ("openat", 2))
    for value, mask in (
        (0, os.O_TRUNC | _UNWANTED),
        (os.O_WRONLY, os.O_ACCMODE | _UNWANTED),
        (os.O_RDWR, os.O_ACCMODE | _UNWANTED),
    )
)
#: No owner for signals, no lease, no notification, no longer pipe. Locks can be asked for; see ``ANSWERS``.
_CONTROL: Final = (
    *_one_of("fcntl", 1, (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD)),
    *_one_of("fcntl", 1, (fcntl.F_GETFL, fcntl.F_GETLK, fcntl.F_OFD_GETLK)),
    Call("fcntl", (Arg(1, fcntl.F_SETFL), Arg(2, 0, os.O_DIRECT))),
    *_one_of("ioctl", 1, (0x5401, 0x541B, 0x5421)),  # TCGETS FIONREAD FIONBIO
    *_one_of("ioctl", 1, (0x5450, 0x5451)),  # FIONCLEX FIOCLEX
)
_WAITING: Final = (
    *_calls("""
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
    nanosleep pause alarm setitimer getitimer futex restart_syscall sched_yield gettimeofday time times
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack
"""),
    # A negative number is the clock of a process: how long any on this machine has been busy.
    *(Call(name, (Arg(0, 0, 0x80000000),)) for name in ("clock_gettime", "clock_getres", "clock_nanosleep")),
)
_SELF: Final = (
    *_calls("""
    getpid getppid gettid getpgrp getuid geteuid getgid getegid getresuid getresgid getgroups
    getrlimit getrusage sched_getaffinity set_tid_address set_robust_list rseq exit exit_group
    getrandom uname sysinfo getcpu
"""),
    Call("getpgid", (Arg(0, 0),)),  # of oneself, here and below
    Call("getsid", (Arg(0, 0),)),
    Call("prlimit64", (Arg(0, 0), Arg(2, 0, _POINTER))),  # ask
    *_one_of("prctl", 0, (15, 16, 0x53564D41)),  # PR_SET_NAME PR_GET_NAME PR_SET_VMA
)
#: An event loop wakes itself up through a pair of sockets. Sending to an address is not part of it, and no
#: descriptors can be sent, so nothing beyond the pair is reached.
_PAIRS: Final = (
    Call("socketpair", (Arg(0, socket.AF_UNIX), Arg(1, socket.SOCK_STREAM, 0xF))),
    Call("sendto", (Arg(4, 0, _POINTER),)),
    *_calls("recvfrom recvmsg shutdown getsockname getpeername"),
)

SHARED: Final = (*_MEMORY, *_FILES, *_OPENING, *_CONTROL, *_WAITING, *_SELF, *_PAIRS)

#: What fork(3) asks for: with glibc, and with musl on the two architectures.
_FORK: Final = (
    Call("clone", (Arg(0, 0x01200011, _POINTER),)),
    Call("clone", (Arg(0, 17, _POINTER),)),
    Call("fork"),
)

#: Fork, watch and end a child, and let it confine itself.
ZYGOTE: Final = (
    *_FORK,
    *_calls("wait4 pidfd_open pidfd_send_signal sendmsg seccomp landlock_restrict_self clock_gettime"),
    Call("socketpair", (Arg(0, socket.AF_UNIX), Arg(1, socket.SOCK_SEQPACKET, 0xF))),
    Call("prlimit64", (Arg(0, 0),)),
    *_one_of("prctl", 0, (1, 38)),  # PR_SET_PDEATHSIG PR_SET_NO_NEW_PRIVS
)

#: What pthread_create asks for, with glibc and with musl: a thread of this process and nothing else.
THREADS: Final = tuple(Call("clone", (Arg(0, flags, _POINTER),)) for flags in (0x3D0F00, 0x7D0F00))


@dataclass(frozen=True)
class Answer:
    """What a call is told without the kernel doing anything: an error, or 0 for success."""

    call: Call
    code: int


def _answers(names: str, code: int) -> tuple[Answer, ...]:
    return tuple(Answer(call, code) for call in _calls(names))


#: Answered in a way that libraries know how to live with. Landlock does not cover modes and times, so setting
#: them does nothing and says it worked: copying a file with its mode is common and harmless. Only a touch,
#: which is a time of NULL, has to fail: Python then makes the file instead. Nothing in a scratch folder is
#: worth the disk's time that writing it back would take from the worker. And a lock is always got: nobody
#: else is there, while real ones would take memory of the kernel that no limit counts.
ANSWERS: Final = (
    *_answers("chmod fchmod fchmodat fchmodat2 umask fsync fdatasync msync", 0),
    *(
        Answer(Call("fcntl", (Arg(1, command),)), 0)
        for command in (fcntl.F_SETLK, fcntl.F_SETLKW, fcntl.F_OFD_SETLK, fcntl.F_OFD_SETLKW)
    ),
    Answer(Call("utimensat", (Arg(2, 0, _POINTER),)), errno.EPERM),
    *_answers("utimensat", 0),
    *_answers(
        """
        setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
        removexattr lremovexattr fremovexattr
        """,
        errno.ENOTSUP,
    ),
    *_answers("clone3 openat2 memfd_create io_uring_setup futex_waitv", errno.ENOSYS),
)
