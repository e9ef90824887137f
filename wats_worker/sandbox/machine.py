"""What a Linux machine offers a jail, and what would make it a better place for one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wats_worker.sandbox import identity, landlock, seccomp
from wats_worker.sandbox.policy import Limits

#: From this version on Landlock keeps signals and abstract sockets inside; before, only the filter does.
_FULL_LANDLOCK: Final = 6


def features() -> Iterator[tuple[str, str]]:
    """What the jail is made of, and what this kernel has of it; empty where it has none.

    >>> [name for name, _ in features()]
    ['Landlock', 'seccomp']
    """
    abi = landlock.version()
    yield "Landlock", f"version {abi}" if abi else ""
    yield "seccomp", "available" if seccomp.available() else ""


def recommendations(scratch: Path) -> Iterator[tuple[str, str]]:
    """What could be better, and how to get it."""
    abi = landlock.version()
    if 0 < abi < _FULL_LANDLOCK:
        yield (
            f"Landlock of version {abi}: only the filter keeps signals and abstract sockets inside",
            "Linux 6.12 or newer",
        )
    if os.geteuid() == 0 and not identity.can_be_nobody(landlock.runtime()):
        yield (
            "the worker runs as root, and the jail has to as well, without any capability",
            "run the worker as a user of its own; or install Python where everybody can read it, and leave "
            "root the capabilities that Docker gives by default",
        )
    if not _limited_in_size(scratch):
        yield (
            f"{scratch} is not on a file system of its own: files that are removed while they are open are "
            "not counted, so one conversion can take up to "
            f"{Limits().descriptors * Limits().scratch_mb} MB there for a moment",
            "put it on a tmpfs with a size, in compose: tmpfs: ['/scratch:size=256m,mode=0700']",
        )
    if not _group_limits():
        yield (
            "no control group limits the memory of this worker",
            "in compose: mem_limit and pids_limit; under systemd: MemoryMax= and TasksMax=",
        )


def _limited_in_size(scratch: Path) -> bool:
    existing = next(folder for folder in (scratch, *scratch.parents) if folder.exists())
    return existing.stat().st_dev != Path("/").stat().st_dev


def _group_limits() -> bool:
    """Whether version 1 or 2 of control groups sets a limit below what no machine has."""
    own = _read("/proc/self/cgroup").strip().rpartition(":")[2].strip("/")
    texts = (
        _read(f"/sys/fs/cgroup/{own}/memory.max"),
        _read("/sys/fs/cgroup/memory.max"),
        _read("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    )
    return any(text.strip().isdigit() and int(text) < 1 << 50 for text in texts)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
