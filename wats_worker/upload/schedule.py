"""When to try again. Pure; chance comes in as a number from 0 up to 1.

One report that fails while others pass waits ever longer by itself. A server that fails is asked with one
report at a time, and nobody else waits a second longer than it takes to find it well again.
"""

from dataclasses import dataclass
from typing import Final

#: A server may ask for a wait, not for a standstill: "a year" is a mistake.
_LONGEST_ASKED: Final = 3600.0
#: Seconds between two questions to a server that is away, at the least and at the most.
_SOONEST: Final = 1.0
_LATEST: Final = 60.0


@dataclass(frozen=True)
class Schedule:
    """The waits of one lane."""

    retries: tuple[float, ...] = (5, 30, 120, 600, 1800, 3600)  #: seconds; the last one for ever after
    jitter: float = 0.2  #: share by which a wait is made longer or shorter

    def retry(self, attempts: int, chance: float) -> float:
        """Seconds until one report's next attempt.

        Args:
            attempts: Attempts that failed by the report's own fault, from 1.
            chance: Evenly spread from 0 up to 1.

        >>> [Schedule().retry(n, 0.5) for n in (1, 2, 6, 100)]
        [5.0, 30.0, 3600.0, 3600.0]
        """
        step = self.retries[min(max(attempts, 1), len(self.retries)) - 1]
        return step * self._spread(chance)

    def probe(self, lasted_s: float, chance: float) -> float:
        """Seconds until a server in trouble is asked again: a quarter of the time the trouble has lasted.

        So an outage ends for us at most a quarter later than for the server: 2.5 s after one of 10 s, a
        minute after one of a day. Doubling from a second would find out up to as late again as it lasted.

        >>> [Schedule().probe(lasted, 0.5) for lasted in (0, 10, 86400)]
        [1.0, 2.5, 60.0]
        """
        return min(max(lasted_s / 4, _SOONEST), _LATEST) * self._spread(chance)

    def asked(self, wait_s: float) -> float:
        """The server's own wish, within reason. It asked us not to come sooner, so no chance shortens it.

        >>> Schedule().asked(7.0), Schedule().asked(0.0), Schedule().asked(1e9)
        (7.0, 1.0, 3600.0)
        """
        return min(max(wait_s, _SOONEST), _LONGEST_ASKED)

    def _spread(self, chance: float) -> float:
        return 1 + self.jitter * (2 * chance - 1)
