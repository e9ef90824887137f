"""The adapter to ``landlockpy``: which files there are in the jail, and that there is no network at all."""

import contextlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from landlockpy import AccessFS, AccessNet, LandlockError, RestrictFlag, Ruleset, Scope, abi_version

import wats_worker

_READ: Final = AccessFS.READ_FILE | AccessFS.READ_DIR
#: No links, pipes, sockets or devices: nothing that could stand for a file elsewhere.
_WRITE: Final = (
    _READ
    | AccessFS.WRITE_FILE
    | AccessFS.TRUNCATE
    | AccessFS.MAKE_REG
    | AccessFS.MAKE_DIR
    | AccessFS.REMOVE_FILE
    | AccessFS.REMOVE_DIR
    | AccessFS.REFER
)
#: A converter could flood the audit log with what it is refused.
_SILENT: Final = RestrictFlag.LOG_SAME_EXEC_OFF
_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo")
#: Single files that the C library, Python or numeric libraries read. Nothing about users or the network.
_FILES: Final = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/mime.types",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
)


def version() -> int:
    """What the kernel's Landlock can do; 0 when there is none."""
    try:
        return abi_version()
    except LandlockError:  # refused by the filter of a container
        return 0


def confine(*, scratch: Path, readable: Iterable[Path]) -> None:
    """Leave this process the runtime and ``readable`` for reading and ``scratch`` for writing; no sockets to
    the outside, no signals to others. There is no way back.

    Raises:
        OSError: the kernel does not allow it, or something in ``readable`` does not exist.
    """
    with Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        for path in runtime():
            with contextlib.suppress(FileNotFoundError):  # not every system has all of them
                _allow(rules, path, _READ)
        for path in readable:
            _allow(rules, path, _READ)
        _allow(rules, Path(os.devnull), AccessFS.READ_FILE | AccessFS.WRITE_FILE)
        _allow(rules, scratch, _WRITE)
        rules.restrict(_SILENT)


def nested() -> Ruleset:
    """A domain that a child can enter to be a stranger to the zygote, to be made before system calls are
    filtered.

    It forbids nothing new in the file system; what it does is that the kernel does not let a domain trace,
    or send signals to, what is outside of it.
    """
    return Ruleset(
        handled_fs=AccessFS.MAKE_BLOCK,
        handled_net=AccessNet.NONE,
        scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL,
    )


def enter(domain: Ruleset) -> None:
    """Enter the nested domain. There is no way back."""
    domain.restrict(_SILENT)


def runtime() -> list[Path]:
    """Where Python, its libraries and our own code lie; what is in there is no secret.

    Not every entry of ``sys.path``: the root of a working copy is one, and holds a configuration with tokens.
    """
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += [f"{prefix}/lib" for prefix in (sys.prefix, sys.base_prefix)]
    packages = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    ours = [str(path) for path in wats_worker.__path__]
    return [Path(place) for place in dict.fromkeys((*places, *packages, *ours, *_LIBRARIES, *_FILES))]


def _allow(rules: Ruleset, path: Path, access: AccessFS) -> None:
    """A file has no entries to list, so it is granted only what a file can have."""
    rules.allow_path(path, access if path.is_dir() else access & ~AccessFS.READ_DIR)
