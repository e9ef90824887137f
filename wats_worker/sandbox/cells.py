"""Which cell a level takes, on this system."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.lone import Lone
from wats_worker.sandbox.outcome import Outcome, Probed
from wats_worker.sandbox.policy import Level, Setup
from wats_worker.sandbox.result import Take

_NAMES: Final = {"darwin": "macOS", "win32": "Windows"}


class Workplace(Protocol):
    """Where jobs are done one after the other, by converters that are granted the same."""

    def run(self, job: Mapping[str, Any], path: Path, take: Take) -> Outcome | Probed:
        """Do one job on a file, and give the reports that it makes to ``take`` as they come.

        Raises:
            OSError: the file can't be read.
            ValueError: the job is too long for a message.
            JailUnavailable: it can't be done as strictly as it has to be.
        """

    def start(self) -> None:
        """Be ready.

        Raises:
            JailUnavailable: that can't be.
        """

    def close(self) -> None:
        """End what runs and remove what it left."""


def cell(setup: Setup) -> Workplace:
    """A cell of the level that is asked for.

    Raises:
        JailUnavailable: this system has none of that level.
    """
    if setup.level is Level.PROCESS:
        return Lone(setup)
    if sys.platform != "linux":
        raise JailUnavailable(elsewhere())
    from wats_worker.sandbox.cell import Cell  # noqa: PLC0415  imports what only Linux has

    return Cell(setup)


def prove(setup: Setup) -> None:
    """Have a cell ready, and take it down again: for a worker's start.

    Raises:
        JailUnavailable: it can't be had here; the text says why and what would help.
    """
    trial = cell(setup)
    try:
        trial.start()
    finally:
        trial.close()


def elsewhere(system: str = sys.platform) -> str:
    """Why there is no jail on another system, and what to do.

    >>> elsewhere("win32").partition(".")[0]
    'this is Windows, and only Linux can keep a converter from files, network and processes'
    """
    return (
        f"this is {_NAMES.get(system, system)}, and only Linux can keep a converter from files, network and "
        "processes. Run the worker in its container; or, for converters that you trust, write "
        'level = "process" under [sandbox]: then each file gets a process of its own with a time limit, and '
        "nothing else keeps it in"
    )
