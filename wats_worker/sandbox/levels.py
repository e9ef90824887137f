"""What this machine offers a jail, and what would make it better.

The level is found by building a jail and letting it try itself out, not by reading versions: a container's
profile or a boot line can take away what the kernel could do.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from wats_worker.sandbox import cells
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.policy import Level, Limits, Setup


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
    findings = _recommendations(scratch)
    for level in _in_question():
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
    cells.prove(Setup(scratch=scratch, limits=Limits(), level=level))


def _in_question() -> list[Level]:
    """The strictest first; where there is no Linux, all but the last would say the same."""
    return sorted(Level, reverse=True) if sys.platform == "linux" else [Level.LIMITS, Level.PROCESS]


def _recommendations(scratch: Path) -> list[Finding]:
    if sys.platform != "linux":
        return []
    from wats_worker.sandbox import machine  # noqa: PLC0415  imports what only Linux has

    return [Finding(what, fix) for what, fix in machine.recommendations(scratch)]
