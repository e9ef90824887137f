"""Counters and histograms of the factory, kept in Redis, so that any number of processes count as one.

They are written inside the scripts that run anyway: ``lua/parts/metrics.lua``. Python tells a script what
else to count as *tallies*, and reads everything in one round trip. A name is ``family|label|label``; labels
come from closed sets and from the configuration, never from a file or a server, and are bounded all the same.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from wats_broker.names import Keys
from wats_broker.scripts import Client

#: Upper bounds of the histograms' buckets in seconds; ``lua/parts/metrics.lua`` has them in microseconds.
BOUNDS_S: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
    *(2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0),
)
#: Stands for the file's source and converter, which the script knows.
WHOSE: Final = "$"


def counted(family: str, *labels: str, by: int = 1) -> str:
    """A tally that adds to a counter.

    >>> counted("reports", WHOSE, "delivered")
    'reports|$|delivered 1'
    """
    return f"{_name(family, labels)} {by}"


def observed(family: str, *labels: str, seconds: float) -> str:
    """A tally that enters a duration into a histogram.

    >>> observed("jail", "stdf", seconds=0.25)
    '~jail|stdf 250000'
    """
    return f"~{_name(family, labels)} {round(seconds * 1_000_000)}"


def _name(family: str, labels: Iterable[str]) -> str:
    # What parts a name or a tally can't be in a label.
    return "|".join([family, *(re.sub(r"[\s|#~]+", "-", label) or "none" for label in labels)])


Labels = tuple[str, ...]


@dataclass
class Histogram:
    """How often something took how long."""

    counts: dict[float, int] = field(default_factory=dict)  #: by upper bound in seconds; not cumulated
    sum_s: float = 0.0

    def cumulated(self) -> list[tuple[float, int]]:
        """By upper bound, how many took no longer. All bounds, and infinity."""
        total, found = 0, []
        for bound in (*BOUNDS_S, float("inf")):
            total += self.counts.get(bound, 0)
            found.append((bound, total))
        return found

    def add(self, other: "Histogram") -> None:
        """Put another one's observations in."""
        self.sum_s += other.sum_s
        for bound, count in other.counts.items():
            self.counts[bound] = self.counts.get(bound, 0) + count


@dataclass(frozen=True)
class Readings:
    """All counters and histograms at one moment, by family and labels."""

    counters: Mapping[str, Mapping[Labels, int]]
    histograms: Mapping[str, Mapping[Labels, Histogram]]

    def counter(self, family: str) -> Mapping[Labels, int]:
        """One counter; empty while nothing was counted."""
        return self.counters.get(family, {})

    def histogram(self, family: str) -> Mapping[Labels, Histogram]:
        """One histogram; empty while nothing was observed."""
        return self.histograms.get(family, {})


class Metrics:
    """The counters and histograms of one factory."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._keys = (keys.journal("metrics"), keys.queue("metrics"))

    def read(self) -> Readings:
        """Everything, in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for key in self._keys:
            pipeline.hgetall(key)
        counters: dict[str, dict[Labels, int]] = {}
        histograms: dict[str, dict[Labels, Histogram]] = {}
        for entry, value in (pair for reply in pipeline.execute() for pair in reply.items()):
            name, _, part = entry.partition("#")
            family, *labels = name.split("|")
            if part:
                one = histograms.setdefault(family, {}).setdefault(tuple(labels), Histogram())
                _enter(one, part, int(value))
            else:
                counters.setdefault(family, {})[tuple(labels)] = int(value)
        return Readings(counters, histograms)


def _enter(histogram: Histogram, part: str, value: int) -> None:
    if part == "sum":
        histogram.sum_s = value / 1_000_000
    else:
        bound = float("inf") if part == "+Inf" else int(part) / 1_000_000
        histogram.counts[bound] = value
