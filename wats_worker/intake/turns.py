"""Who may take the next free room in the upload queue, among the sources of this process."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: A source that has not asked for so many seconds does not wait any more, whatever became of it.
_FORGET_S: Final = 15.0
#: For so long a step of priority lets others wait; the upload queue gives it the same head start.
_STEP_S: Final = 60.0
#: So many files may go then, before it is the more urgent ones' turn again.
_TURN: Final = 64


@dataclass
class _Wait:
    priority: int
    since: float
    asked: float
    left: int = _TURN


class Turns:
    """Lets the sources with the better priority go first while there is not room for all, but not for ever.

    Args:
        clock: Steady time. Only for testing.

    >>> turns = Turns()
    >>> turns.waits("ict", 2)
    >>> turns.may_go("fct", 5), turns.may_go("fct", 2)
    (False, True)
    >>> turns.served("ict")
    >>> turns.may_go("fct", 5)
    True
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._waiting: dict[str, _Wait] = {}

    def waits(self, source: str, priority: int) -> None:
        """A source found no room."""
        with self._guard:
            now = self._clock()
            wait = self._waiting.setdefault(source, _Wait(priority, now, now))
            if wait.asked < now - _FORGET_S:
                wait.since, wait.left = now, _TURN
            wait.asked = now

    def served(self, source: str, files: int = 1) -> None:
        """A source found room for so many files."""
        with self._guard:
            wait = self._waiting.get(source)
            if wait is None:
                return
            wait.left -= files
            if wait.left <= 0 or not self._ahead(source, wait.priority):
                del self._waiting[source]

    def may_go(self, source: str, priority: int) -> bool:
        """Whether nobody waits whose files are to come sooner, or this source has waited for long enough."""
        with self._guard:
            wait = self._waiting.get(source)
            waited = 0.0 if wait is None else self._clock() - wait.since
            return all(waited >= steps * _STEP_S for steps in self._ahead(source, priority))

    def _ahead(self, source: str, priority: int) -> list[int]:
        """By how many steps the sources that wait are more urgent than this one, if they are."""
        stale = self._clock() - _FORGET_S
        return [
            priority - wait.priority
            for other, wait in self._waiting.items()
            if other != source and wait.priority < priority and wait.asked >= stale
        ]
