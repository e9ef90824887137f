"""Tells trouble of the server from trouble of one report, by what happens to the reports around it.

A refused connection is the server's, plainly. A 500 or a cut connection may be the fault of one report that
the server chokes on; while others pass it is taken for that, and after a few in a row it is not. Each process
judges by what it has seen itself; the lane is shut for all of them at once (``UploadQueue.gate``), and who
comes first after that goes ahead alone.
"""

import time
from collections.abc import Callable
from enum import Enum
from threading import Lock
from typing import Final

from wats_worker.upload.verdict import About

#: Doubtful faults in a row, none passing between them, that are the server's.
_ENOUGH: Final = 3
#: Seconds of quiet after which a fault belongs to a new trouble; more than two of the longest probe waits.
_FORGOTTEN: Final = 180.0


class Blame(Enum):
    """Whose fault it was."""

    REPORT = "report"
    PERHAPS_SERVER = "perhaps the server"  #: nothing passes at the moment, so nobody knows yet
    SERVER = "server"


class Breaker:
    """The judgement of one process about one server. Shared by its threads.

    Args:
        clock: Source of the time. Only for testing.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        # Whoever has not seen a single report pass has no ground to blame one.
        self._passing = False
        self._doubtful = 0
        self._since: float | None = None
        self._last = 0.0

    def passed(self) -> None:
        """The server took a report, or turned it down for good reason: it is well."""
        with self._lock:
            self._passing = True
            self._doubtful = 0
            self._since = None

    def blame(self, about: About) -> Blame:
        """Count one more fault and say whose it is."""
        with self._lock:
            now = self._clock()
            if self._since is None or now - self._last > _FORGOTTEN:
                self._since, self._doubtful = now, 0
            self._last = now
            if about is About.LANE:
                self._passing = False
                return Blame.SERVER
            self._doubtful += 1
            if self._doubtful >= _ENOUGH:
                self._passing = False
                return Blame.SERVER
            return Blame.REPORT if self._passing else Blame.PERHAPS_SERVER

    @property
    def lasted_s(self) -> float:
        """How long the trouble has lasted; 0 when there is none."""
        with self._lock:
            return 0.0 if self._since is None else self._clock() - self._since
