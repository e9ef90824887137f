"""An answer that is kept for a moment, so that asking often costs no more than asking now and then."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Fresh(Generic[T]):
    """Asks again only when the last answer is older than a while. For any number of threads.

    Args:
        ask: Gives the answer.
        for_s: How long it is good enough.
        clock: Source of the time. Only for testing.

    >>> ticks = iter(range(9))
    >>> kept = Fresh(lambda: next(ticks), for_s=60)
    >>> kept.get(), kept.get()
    (0, 0)
    """

    def __init__(
        self, ask: Callable[[], T], *, for_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._for_s = for_s
        self._clock = clock
        self._guard = threading.Lock()
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        """The answer. Who asks while somebody else does gets the same one."""
        with self._guard:
            if self._kept is None or self._clock() - self._kept[0] >= self._for_s:
                answer = self._ask()
                self._kept = (self._clock(), answer)
            return self._kept[1]
