"""Files that are only half of what belongs together, in a folder where nobody has said so.

Most files come alone, and nobody waits for them. One that carries the marks of a pair waits a while for its
folder. If none comes it goes alone, and its converter says what is missing.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from wats_worker.converters.arrival import Pair
from wats_worker.spool.files import open_folder
from wats_worker.spool.model import Claimable, Member
from wats_worker.watch.complete import is_unfinished, stem
from wats_worker.watch.identity import Half, Identifier, Later, NotYet, Odd
from wats_worker.watch.settle import Moment, Observed, Rules, Sighting, observe, settled_at
from wats_worker.watch.units import Unfit, gather, together

#: Seconds between two looks at a folder that is not finished.
_LEAST_PAUSE: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Reads the files of one source, and with a half its other half.

    Args:
        folder: The watch folder. Pairs lie right in it.
        pairs: How to know a half.
        identifier: Reads files.
        rules: When files are finished.
        patience_s: How long a half waits for the other.
        our_clock: Whether the times of files on this device are told by our own clock.
        now: Both clocks.
    """

    folder: Path
    pairs: Sequence[Pair]
    identifier: Identifier
    rules: Rules
    patience_s: float
    our_clock: Callable[[int], bool]
    now: Callable[[], Moment]
    _since: dict[str, float] = field(default_factory=dict)
    _observed: dict[str, Observed] = field(default_factory=dict)

    def identify(self, sighting: Sighting) -> Claimable | NotYet | Later | Odd:
        """Read the file as it was sighted, with the folder that belongs to it."""
        found = self.identifier.unless_half(sighting, self.pairs)
        if not isinstance(found, Half):
            return found
        try:
            members = self._members(sighting)
        except (OSError, Unfit) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            return Odd(f"the folder that belongs to it can't be taken: {reason}")
        whole = self._together(sighting, members) if members else self._wait(sighting)
        if isinstance(whole, Claimable | Odd):
            self._since.pop(sighting.name, None)
            self._observed.pop(sighting.name, None)
        return whole

    def _members(self, sighting: Sighting) -> list[Member]:
        """Both halves; nothing as long as there is nothing in the folder."""
        root = open_folder(self.folder, ())
        try:
            members = gather(root, [sighting.name, stem(sighting.name)])
        except (FileNotFoundError, NotADirectoryError):
            return []
        finally:
            os.close(root)
        return members if sum(not member.is_folder for member in members) > 1 else []

    def _together(self, sighting: Sighting, members: list[Member]) -> Claimable | NotYet | Later | Odd:
        now = self.now()
        stamp = together(members)
        whole = replace(sighting, stamp=stamp, members=members, our_clock=self.our_clock(stamp.device))
        observed = observe(self._observed.get(sighting.name), whole, now)
        self._observed[sighting.name] = observed
        at = settled_at(observed, now=now, rules=self.rules)
        if at is None or at > now.steady or any(is_unfinished(member.name) for member in members):
            # The folder is looked at again then; events tell of the file only.
            return Later(max(self._soon(), at or 0.0))
        found = self.identifier.identify(whole)
        # What was sighted, and is remembered where files stay, is the file.
        return replace(found, stamp=sighting.stamp) if isinstance(found, Claimable) else found

    def _wait(self, sighting: Sighting) -> Claimable | NotYet | Later | Odd:
        now = self.now().steady
        until = self._since.setdefault(sighting.name, now) + self.patience_s
        return Later(min(until, self._soon())) if now < until else self.identifier.identify(sighting)

    def _soon(self) -> float:
        return self.now().steady + max(self.rules.quiet_s, _LEAST_PAUSE)
