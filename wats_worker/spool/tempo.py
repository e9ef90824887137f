"""How long the disk takes to make something durable: one that takes for ever is as bad as a full one.

A share that hangs, a dying disk, a virtual machine whose host is overloaded: nothing fails, and everything
stands still. Nobody would know why, so a little is written now and then and the time taken.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from wats_broker.files import open_in_place

#: Seconds between two tries while all is well. After a bad one each question is a try.
_EVERY_S: Final = 10.0


class Tempo:
    """The tempo of one disk.

    Args:
        file: Written to on it; a few bytes that say nothing.
        patience_s: From so many seconds on it is too slow.
        clock: Steady time. Only for testing.
    """

    def __init__(self, file: Path, *, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._patience_s = patience_s
        self._clock = clock
        self._tried = float("-inf")
        self._took_s = 0.0

    def too_slow_s(self) -> float:
        """Seconds that the last try took, if it took too long; else 0."""
        slow = self._took_s >= self._patience_s
        if slow or self._clock() - self._tried >= _EVERY_S:
            self._try()
        return self._took_s if self._took_s >= self._patience_s else 0.0

    def _try(self) -> None:
        began = self._clock()
        # That it can't be written to at all is found, and told, elsewhere.
        with suppress(OSError), open_in_place(self._file) as file:
            file.write(b"tick\n")
            file.flush()
            os.fsync(file.fileno())
        self._tried = self._clock()
        self._took_s = self._tried - began
