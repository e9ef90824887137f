"""The last hour as curves. Pure but for the one that keeps what was asked before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from wats_broker.trend import Sample
from wats_worker.control.models.trend import Trend

#: Seconds that are shown.
SHOWN_S: Final = 3600
#: Rates over less are nervous.
_RATE_S: Final = 30


@dataclass
class Past:
    """The samples that are known, so that only newer ones are asked for."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def newest(self) -> float:
        """When the last one was."""
        return self.samples[-1].at if self.samples else 0.0

    def learn(self, told: Trend) -> None:
        """Take in what is new; told twice is told once."""
        self.samples += [one for one in told.samples if one.at > self.newest]
        self.samples = [one for one in self.samples if one.at > self.newest - SHOWN_S]


@dataclass(frozen=True)
class Rate:
    """What was done, for each minute."""

    at: float
    taken: float
    delivered: float


def rates(samples: Sequence[Sample]) -> list[Rate]:
    """What was done between samples that are about half a minute apart.

    A count that is smaller than before began anew, so nothing is known of what was between.

    >>> rates([Sample(0, taken=1), Sample(10, taken=3), Sample(30, taken=11)])
    [Rate(at=30, taken=20.0, delivered=0.0)]
    """
    found: list[Rate] = []
    before: Sample | None = None
    for one in samples:
        if before is None:
            before = one
        elif one.at - before.at >= _RATE_S:
            minutes = (one.at - before.at) / 60
            taken, delivered = one.taken - before.taken, one.delivered - before.delivered
            if taken >= 0 and delivered >= 0:
                found.append(Rate(one.at, round(taken / minutes, 1), round(delivered / minutes, 1)))
            before = one
    return found


def latest(samples: Sequence[Sample]) -> Rate | None:
    """What was done for each minute over the last one."""
    if not samples:
        return None
    recent = [one for one in samples if one.at >= samples[-1].at - 60]
    first, last = recent[0], recent[-1]
    if last.at == first.at or last.taken < first.taken or last.delivered < first.delivered:
        return None
    minutes = (last.at - first.at) / 60
    return Rate(last.at, (last.taken - first.taken) / minutes, (last.delivered - first.delivered) / minutes)


def points(pairs: Iterable[tuple[float, float]]) -> list[list[float]]:
    """As a plot wants them: milliseconds, value."""
    return [[at * 1000, value] for at, value in pairs]
