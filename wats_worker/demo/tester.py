"""A tester that is never short of units: writes one log after another into a folder, for trials."""

import itertools
import threading
from collections.abc import Iterable
from pathlib import Path

from wats_broker.files import write_atomically
from wats_worker.demo import units


def run(folder: Path, *, every_s: float, count: int = 0, first: int = 0, stop: threading.Event) -> int:
    """Write logs until told to stop; how many were written.

    Args:
        folder: The watch folder of a source.
        every_s: Seconds between two of them.
        count: So many, 0 without end.
        first: Number of the first unit. The same numbers are the same units, and the line knows them again.
        stop: Set when it is to end.
    """
    written = 0
    numbers: Iterable[int] = range(first, first + count) if count else itertools.count(first)
    for number in numbers:
        if stop.wait(every_s if written else 0.0):
            break
        write_atomically(folder / f"{units.serial(number)}.txt", units.log(number))
        written += 1
    return written
