"""Numbers over a day, a week or a month, as they are shown. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from wats_worker.control.models.numbers import By, HourLine, YieldLine

_HOUR_S: Final = 3600
#: What yield is told by, and what stands in front of its table.
TELLINGS: Final = {
    "all": "part number, station and process",
    By.PART: "part number",
    By.STATION: "station",
    By.PROCESS: "process",
}


class Span(StrEnum):
    """How far back one looks."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def since(self, now: float) -> int:
        """When it began: with a whole hour, so that no bar is cut.

        >>> Span.DAY.since(90_000), Span.DAY.since(93_599)
        (3600, 3600)
        """
        return max(0, int(now) // _HOUR_S - _HOURS[self]) * _HOUR_S


_HOURS: Final = {Span.DAY: 24, Span.WEEK: 7 * 24, Span.MONTH: 30 * 24}


def told_by(telling: str) -> tuple[By, ...]:
    """What is asked of the door.

    >>> told_by("part"), len(told_by("all"))
    ((<By.PART: 'part'>,), 3)
    """
    return tuple(By) if telling == "all" else (By(telling),)


def hourly(hours: Sequence[HourLine], since: int, now: float) -> list[HourLine]:
    """Every hour, also those in which nothing happened: the door leaves them out, and a plot would lie.

    >>> [one.files for one in hourly([HourLine(at=3600, files=2, reports=1)], 0, 7300)]
    [0, 2, 0]
    """
    known = {one.at: one for one in hours}
    return [known.get(at, HourLine(at=at, files=0, reports=0)) for at in range(since, int(now) + 1, _HOUR_S)]


def named(line: YieldLine, telling: str) -> list[str]:
    """What a line is about; what a report left empty has a word of its own.

    >>> line = YieldLine(part="PN", station="", process="10", units=1, tests=1, first_passed=1,
    ...     last_passed=1, first_pass_yield=1, last_pass_yield=1)
    >>> named(line, "all"), named(line, "process")
    (['PN', '–', '10'], ['10'])
    """
    return [str(getattr(line, by)) or "–" for by in told_by(telling)]


def totals(hours: Sequence[HourLine]) -> tuple[int, int]:
    """Files and reports of all hours."""
    return sum(one.files for one in hours), sum(one.reports for one in hours)
