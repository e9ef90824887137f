"""What a storm does and when. Pure: the same seed gives the same plan, so a storm that found something can be seen again.

The plan is the same every time; what the processes make of it is not, because they and the machine have a will
of their own. A story that has to happen in one way belongs into another test.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Act:
    """One thing that is done to the line."""

    at_s: float  #: since the beginning of the storm
    fault: str  #: its name in ``faults``
    lasts_s: float = 0.0  #: how long it goes on before it is mended; 0 for what is over at once


@dataclass(frozen=True)
class Wave:
    """Some files that arrive together."""

    at_s: float
    count: int
    huge: bool = False


@dataclass(frozen=True)
class Plan:
    """A storm."""

    seed: int
    acts: tuple[Act, ...]
    waves: tuple[Wave, ...]


#: How often each fault is chosen, and for how long at least and at most it lasts. What takes the whole line down
#: for a while is rarer than what hits one process: else nothing would be under way for the others to hit.
FAULTS: Final[Mapping[str, tuple[int, float, float]]] = {
    # processes die without a word
    "kill-watch": (3, 0, 0),
    "kill-convert": (3, 0, 0),
    "kill-pool-process": (6, 0, 0),
    "kill-zygote": (5, 0, 0),
    "kill-jailed-child": (6, 0, 0),
    "kill-upload": (4, 0, 0),
    "kill-supervisor": (1, 0, 0),
    "kill-broker-stage": (2, 0, 0),
    "kill-control": (1, 0, 0),
    "kill-redis": (4, 0, 0),
    # processes are told to end
    "term-watch": (2, 0, 0),
    "term-convert": (2, 0, 0),
    "term-upload": (2, 0, 0),
    "term-broker-stage": (1, 0, 0),
    # processes freeze
    "stop-watch": (2, 2, 8),
    "stop-convert": (2, 2, 8),
    "stop-pool-process": (3, 2, 8),
    "stop-zygote": (2, 2, 8),
    "stop-jailed-child": (2, 2, 8),
    "stop-upload": (4, 2, 9),
    "stop-supervisor": (1, 2, 5),
    "stop-broker-stage": (1, 2, 5),
    "stop-redis": (2, 1, 5),
    # Redis
    "redis-flushall": (3, 0, 0),
    "redis-full": (3, 2, 5),
    "redis-cut": (5, 0, 0),
    "redis-forgets-scripts": (2, 0, 0),
    # the server
    "server-down": (2, 1.5, 3.5),
    "server-frozen": (2, 1.5, 3.5),
    "server-slow": (3, 1.5, 3.5),
    "server-429": (3, 1.5, 3.5),
    "server-500": (4, 1.5, 3.5),
    "server-502-page": (3, 1.5, 3.5),
    "server-503": (3, 1.5, 3.5),
    "server-cut-before": (4, 1.5, 3.5),
    "server-cut-after": (5, 1.5, 3.5),
    "server-empty-answer": (2, 1.5, 3.5),
    "server-slow-body": (3, 1.5, 3.5),
    # the line to it
    "link-cut": (4, 0, 0),
    "link-refused": (2, 1.5, 3.5),
    "link-hangs": (3, 1.5, 3.5),
    "link-cuts-answers": (4, 1.5, 3.5),
    "link-cuts-reports": (4, 1.5, 3.5),
    # around it
    "disk-full": (2, 3, 8),
    "disk-read-only": (2, 2, 5),
    "second-watcher": (2, 5, 12),
}


def make(seed: int, *, acts: int, seconds: float, files: int, without: Collection[str] = ()) -> Plan:
    """Plan a storm: every fault once as far as they go, then by chance, spread over the time.

    Args:
        seed: Where chance begins.
        acts: So many faults.
        seconds: So long.
        files: So many files, and a huge one.
        without: Faults to leave out.

    >>> make(7, acts=5, seconds=10, files=20) == make(7, acts=5, seconds=10, files=20)
    True
    >>> sorted({act.fault for act in make(7, acts=200, seconds=10, files=20).acts}) == sorted(FAULTS)
    True
    """
    dice = random.Random(seed)
    there = sorted(FAULTS.keys() - set(without))
    names = dice.sample(there, min(acts, len(there)))
    names += dice.choices(there, [FAULTS[name][0] for name in there], k=acts - len(names))
    dice.shuffle(names)
    step = seconds / acts
    chosen = (
        Act(round((number + dice.random()) * step, 2), name, round(dice.uniform(*FAULTS[name][1:]), 2))
        for number, name in enumerate(names)
    )
    return Plan(seed, tuple(sorted(chosen, key=lambda act: act.at_s)), tuple(_waves(dice, seconds, files)))


def _waves(dice: random.Random, seconds: float, files: int) -> list[Wave]:
    """Half of the files come in four storms, the rest one by one; and one huge file."""
    storms = [Wave(round(dice.uniform(0, seconds * 0.8), 2), files // 8) for _ in range(4)]
    singles = files - sum(storm.count for storm in storms)
    trickle = [Wave(round(dice.uniform(0, seconds), 2), 1) for _ in range(singles)]
    huge = Wave(round(dice.uniform(0, seconds / 2), 2), 1, huge=True)
    return sorted([*storms, *trickle, huge], key=lambda wave: wave.at_s)
