"""Is a file finished? Pure: what looks have seen of it, the time and the rules in, the decision out.

    first seen ──► quiet for quiet_s ──► nobody writes ──► settled
        ▲                │
        └─ it changed ◄──┘

Quiet must have been *observed*: size, times and inode were the same at the first and at the last look, and
no look in between saw them different. A file whose ctime, by our own clock, lies further back than the quiet
time has been quiet before we came and is settled at first sight. The mtime proves nothing: copies carry it
along.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Member

#: An empty file is most often one that somebody is about to fill; it waits this much longer.
_EMPTY_FACTOR: Final = 5
#: How long a writer that is at work is left alone at least.
_LEAST_PAUSE: Final = 0.25


@dataclass(frozen=True)
class Moment:
    """The time by both clocks: of the wall, which file times are in, and one that is never set."""

    wall: float
    steady: float


@dataclass(frozen=True)
class Rules:
    """When a source takes a file as finished."""

    quiet_s: float = 1.0
    marker: bool = False  #: a marker file says so, and nothing else does


@dataclass(frozen=True)
class Sighting:
    """One file at one look."""

    name: str  #: relative to the watch folder, undecodable bytes as surrogate escapes
    stamp: Stamp
    our_clock: bool = False  #: the ctime comes from this machine's clock
    marked_ns: int | None = None  #: mtime of its marker file, if there is one
    members: Sequence[Member] = ()  #: of a unit of several files; then the stamp is that of all together


@dataclass(frozen=True)
class Observed:
    """What all looks together know of one file."""

    sighting: Sighting
    since: float  #: steady time since when it has been like this
    not_before: float = float("-inf")  #: steady time until which nobody should try
    waits: str = ""  #: what for, if that is worth telling

    def written(self, now: Moment, rules: Rules) -> "Observed":
        """The same, but somebody was found writing to it: its times alone do not say that it is quiet."""
        return replace(self, not_before=now.steady + max(rules.quiet_s, _LEAST_PAUSE))


def observe(before: Observed | None, sighting: Sighting, now: Moment) -> Observed:
    """Add one look to what is known.

    >>> stamp = Stamp(device=1, inode=7, size=10, mtime_ns=0, ctime_ns=0)
    >>> first = observe(None, Sighting("a.csv", stamp), Moment(wall=100.0, steady=5.0))
    >>> observe(first, Sighting("a.csv", stamp), Moment(wall=101.0, steady=6.0)).since
    5.0
    >>> observe(first, Sighting("a.csv", replace(stamp, size=11)), Moment(wall=101.0, steady=6.0)).since
    6.0
    """
    if before is not None and before.sighting.stamp == sighting.stamp:
        return replace(before, sighting=sighting)
    return Observed(sighting, now.steady)


def settled_at(observed: Observed, *, now: Moment, rules: Rules) -> float | None:
    """The steady time from which on the file counts as finished if nobody touches it any more.

    Nothing if no time alone will make it finished: its marker is missing, or older than the file.

    >>> stamp = Stamp(device=1, inode=7, size=10, mtime_ns=0, ctime_ns=int(97.5e9))
    >>> seen = observe(None, Sighting("a.csv", stamp), Moment(wall=100.0, steady=5.0))
    >>> settled_at(seen, now=Moment(wall=100.0, steady=5.0), rules=Rules(quiet_s=1.0))
    6.0
    >>> seen = observe(None, Sighting("a.csv", stamp, our_clock=True), Moment(wall=100.0, steady=5.0))
    >>> settled_at(seen, now=Moment(wall=100.0, steady=5.0), rules=Rules(quiet_s=1.0))
    3.5
    """
    sighting = observed.sighting
    if rules.marker:
        # An older marker was left by an earlier file of this name.
        fresh = sighting.marked_ns is not None and sighting.marked_ns >= sighting.stamp.mtime_ns
        return max(observed.since, observed.not_before) if fresh else None
    quiet_s = rules.quiet_s * (1 if sighting.stamp.size else _EMPTY_FACTOR)
    since = observed.since
    age = now.wall - sighting.stamp.ctime_ns / 1e9
    if sighting.our_clock and age >= 0:  # not from the future: the clock was not set back since
        since = min(since, now.steady - age)
    return max(since + quiet_s, observed.not_before)
