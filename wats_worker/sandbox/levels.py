"""What this machine offers a jail, and what would make it better.

The level is found by building a jail and letting it try itself out, not by reading versions: a container's
profile or a boot line can take away what the kernel could do.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wats_worker.sandbox import identity, landlock
from wats_worker.sandbox.cell import Cell
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.policy import Level, Limits, Setup

#: From this version on Landlock keeps signals and abstract sockets inside; before, only the filter does.
_FULL_LANDLOCK: Final = 6


@dataclass(frozen=True)
class Finding:
    """Something that is missing or could be better, and how to get it."""

    what: str
    fix: str
    level: Level | None = None  #: the level that can't be reached without it; None: a recommendation


@dataclass(frozen=True)
class Standing:
    """The highest level that was reached, if any was, and what was found on the way."""

    level: Level | None
    findings: tuple[Finding, ...]


def probe(scratch: Path) -> Standing:
    """Try the levels from the strictest down; takes about half a second for each.

    Args:
        scratch: The folder that the jails are going to use.
    """
    findings = list(_recommendations(scratch))
    for level in sorted(Level, reverse=True):
        try:
            require(level, scratch)
        except JailUnavailable as unavailable:
            findings.append(Finding(str(unavailable), "what the text says, or ask for a lower level", level))
        else:
            return Standing(level, tuple(findings))
    return Standing(None, tuple(findings))


def require(level: Level, scratch: Path) -> None:
    """Build a jail of that level, let it try itself out, and take it down again: for a worker's start.

    Raises:
        JailUnavailable: it can't be had here; the text says why and what would help.
    """
    cell = Cell(Setup(scratch=scratch, limits=Limits(), level=level))
    try:
        cell.start()
    finally:
        cell.close()


def _recommendations(scratch: Path) -> Iterator[Finding]:
    abi = landlock.version()
    if 0 < abi < _FULL_LANDLOCK:
        yield Finding(
            f"Landlock of version {abi}: only the filter keeps signals and abstract sockets inside",
            "Linux 6.12 or newer",
        )
    if os.geteuid() == 0 and not identity.can_be_nobody(landlock.runtime()):
        yield Finding(
            "the worker runs as root, and the jail has to as well, without any capability",
            "run the worker as a user of its own; or install Python where everybody can read it, and leave "
            "root the capabilities that Docker gives by default",
        )
    if not _limited_in_size(scratch):
        yield Finding(
            f"{scratch} is not on a file system of its own: files that are removed while they are open are "
            "not counted, so one conversion can take up to "
            f"{Limits().descriptors * Limits().scratch_mb} MB there for a moment",
            "put it on a tmpfs with a size, in compose: tmpfs: ['/scratch:size=256m,mode=0700']",
        )
    if not _group_limits():
        yield Finding(
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
