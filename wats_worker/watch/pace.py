"""When to do what: the clocks, growing pauses, and how soon a folder may be looked at again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from wats_worker.watch.settle import Moment

#: A look may take this part of the time at most …
_SHARE: Final = 0.2
#: … and this one while more files are known than can be taken.
_SHARE_OF_PLENTY: Final = 0.02
#: Events come in showers; one look serves them all.
_LEAST_S: Final = 0.01


@dataclass(frozen=True)
class Clock:
    """Both clocks. Only tests have others."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def now(self) -> Moment:
        """This moment."""
        return Moment(self.wall(), self.steady())


class Backoff:
    """Growing pauses with some chance in them, so that many watchers don't ask in step.

    >>> backoff = Backoff(0.25, 5.0, chance=lambda: 0.5)
    >>> [backoff.next() for _ in range(6)]
    [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
    """

    def __init__(self, first: float, most: float, chance: Callable[[], float] = random.random) -> None:
        self._first, self._most, self._chance = first, most, chance
        self._pause = first

    def next(self) -> float:
        """The next pause in seconds, up to a quarter more or less."""
        pause, self._pause = self._pause, min(self._pause * 2, self._most)
        return pause * (0.75 + self._chance() / 2)

    def reset(self) -> None:
        """It worked: begin anew with the next failure."""
        self._pause = self._first


class LookPlan:
    """When the next look is due: periodically, or after an event, but never so often that we only look.

    >>> plan = LookPlan(every_s=1.0)
    >>> plan.due_at()
    -inf
    >>> plan.begins()
    >>> plan.looked(began=10.0, ended=10.1)
    >>> plan.due_at()
    11.0
    >>> plan.hint()
    >>> round(plan.due_at(), 3)
    10.5
    >>> plan.looked(began=10.0, ended=10.1, plenty=True)
    >>> round(plan.due_at(), 3)
    15.0
    >>> plan.ran_out()
    >>> round(plan.due_at(), 3)
    10.5
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._hinted = True
        self._periodic = self._earliest = self._soonest = float("-inf")

    def hint(self) -> None:
        """Something happened in the folder."""
        self._hinted = True

    def due_at(self) -> float:
        """Steady time of the next look."""
        return self._earliest if self._hinted else max(self._periodic, self._earliest)

    def begins(self) -> None:
        """What happens from now on may be missed by the look and is a reason for another one."""
        self._hinted = False

    def looked(self, *, began: float, ended: float, plenty: bool = False) -> None:
        """A look is over.

        Args:
            began: Steady time.
            ended: Steady time.
            plenty: It found more than can be taken soon, so there is no hurry to find more.
        """
        self._periodic = began + self._every_s
        self._soonest = ended + max(_LEAST_S, (ended - began) * (1 / _SHARE - 1))
        self._earliest = ended + (ended - began) * (1 / _SHARE_OF_PLENTY - 1) if plenty else self._soonest

    def ran_out(self) -> None:
        """All that was found has been taken."""
        if self._earliest > self._soonest:
            self._earliest = self._soonest
            self._hinted = True
