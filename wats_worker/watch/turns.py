"""Who may take the next free room in the upload queue, among the sources of this process."""

import threading
import time
from collections.abc import Callable
from typing import Final

#: A source that has not asked for so many seconds does not wait any more, whatever became of it.
_FORGET_S: Final = 15.0


class Turns:
    """Lets the sources with the best priority go first while there is not room for all.

    Args:
        clock: Steady time. Only for testing.

    >>> turns = Turns()
    >>> turns.waits("ict", 2)
    >>> turns.may_go(priority=5), turns.may_go(priority=2)
    (False, True)
    >>> turns.served("ict")
    >>> turns.may_go(priority=5)
    True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._waiting: dict[str, tuple[int, float]] = {}

    def waits(self, source: str, priority: int) -> None:
        """A source found no room."""
        with self._guard:
            self._waiting[source] = (priority, self._clock())

    def served(self, source: str) -> None:
        """A source has nothing more to wait for."""
        with self._guard:
            self._waiting.pop(source, None)

    def may_go(self, *, priority: int) -> bool:
        """Whether nobody waits whose files are to come sooner."""
        with self._guard:
            stale = self._clock() - _FORGET_S
            return all(other >= priority or asked < stale for other, asked in self._waiting.values())
