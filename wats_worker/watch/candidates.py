"""What a source's looks have seen so far: which files are finished, which will be when, which are refused."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from wats_worker.spool.files import Stamp
from wats_worker.watch.look import Look
from wats_worker.watch.settle import Moment, Observed, Rules, observe, settled_at

#: Seconds until something that was refused is tried again.
_HOLD_OFF_S: Final = 30.0


@dataclass(frozen=True)
class _Refusal:
    stamp: Stamp
    until: float  # steady time
    reason: str


class Taken(Protocol):
    """What is remembered of files that stay where they are."""

    def knows(self, name: str, stamp: Stamp) -> bool:
        """Whether there is nothing to take of this file as it is."""

    def add(self, files: Iterable[tuple[str, Stamp, str]]) -> None:
        """These were taken: name, stamp and id of each."""

    def compact(self, present: Collection[str]) -> None:
        """Forget files that are not there any more."""


class Candidates:
    """The files of one source that may be taken, the oldest first.

    Args:
        rules: When a file is finished.
        kept: What was taken before, where files stay.
    """

    def __init__(self, rules: Rules, kept: Taken | None = None) -> None:
        self._rules = rules
        self._kept = kept
        self._observed: dict[str, Observed] = {}
        self._refused: dict[str, _Refusal] = {}

    def passed(self, name: str, stamp: Stamp, now: Moment) -> bool:
        """Whether a look may pass over this file: it was taken, or refused a moment ago."""
        if self._kept is not None and self._kept.knows(name, stamp):
            return True
        refusal = self._refused.get(name)
        return refusal is not None and refusal.stamp == stamp and now.steady < refusal.until

    def seen(self, look: Look, now: Moment) -> None:
        """Add a look to what is known."""
        self._observed = {
            sighting.name: observe(self._observed.get(sighting.name), sighting, now)
            for sighting in look.files
        }
        self._refused = {name: why for name, why in self._refused.items() if name in look.passed}
        if self._kept is not None:
            self._kept.compact(look.passed | self._observed.keys())

    def forget(self) -> None:
        """The folder went away: what is seen next may be something else."""
        self._observed.clear()

    def ready(self, now: Moment) -> Iterator[Observed]:
        """The files that are finished, unless somebody is found writing to them; there may be many."""
        return (observed for observed, at in self._times(now) if at <= now.steady)

    def ready_at(self, observed: Observed, now: Moment) -> float | None:
        """The steady time since when a file has been finished."""
        return settled_at(observed, now=now, rules=self._rules)

    def next_at(self, now: Moment) -> float:
        """The steady time at which the next file will be finished if nobody touches it, or one was."""
        soonest = float("inf")
        for _, at in self._times(now):
            if at <= now.steady:
                return at
            soonest = min(soonest, at)
        return soonest

    def written(self, name: str, now: Moment) -> None:
        """Somebody was found writing to this file: it has to be quiet once more."""
        if name in self._observed:
            self._observed[name] = self._observed[name].written(now, self._rules)

    def wait(self, name: str, until: float, reason: str) -> None:
        """There is nothing to take before then, steady time, as long as this file stays as it is."""
        if name in self._observed:
            self._observed[name] = replace(self._observed[name], not_before=until, waits=reason)

    def refuse(self, name: str, stamp: Stamp, reason: str, now: Moment) -> None:
        """This file can't be had. It is left alone for a while, or until it changes."""
        self._observed.pop(name, None)
        self._refused[name] = _Refusal(stamp, now.steady + _HOLD_OFF_S, reason)

    def taken(self, files: Iterable[tuple[str, Stamp, str]]) -> None:
        """These files were taken in: name, stamp and id of each."""
        files = list(files)
        for name, _, _ in files:
            self._observed.pop(name, None)
        if self._kept is not None:
            self._kept.add(files)

    def changed(self, name: str) -> None:
        """This file is not what it was: only another look can tell."""
        self._observed.pop(name, None)

    @property
    def troubles(self) -> dict[str, str]:
        """By name, why files can't be had."""
        return {name: refusal.reason for name, refusal in self._refused.items()}

    def waiting(self, now: Moment) -> dict[str, str]:
        """By name, what files and units wait for that are there and can't be taken."""
        waiting = {name: observed.waits for name, observed in self._observed.items() if observed.waits}
        for observed, at in self._times(now):
            if observed.sighting.members and at > now.steady:
                waiting[observed.sighting.name] = "somebody is still at work on it"
        return waiting

    def _times(self, now: Moment) -> Iterator[tuple[Observed, float]]:
        for observed in list(self._observed.values()):  # some of them are taken while we go on
            at = settled_at(observed, now=now, rules=self._rules)
            if at is not None:
                yield observed, at
