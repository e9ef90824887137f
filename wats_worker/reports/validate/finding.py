"""What a check says about a report."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from wats_worker.reports import walk
from wats_worker.reports.model import Report

#: reject: the server would refuse it, or nobody could use it. quarantine: it would be taken and set aside.
#: warn: it would be taken and stored, but it says something wrong or misleading.
Level = Literal["reject", "quarantine", "warn"]


@dataclass(frozen=True)
class Finding:
    """One thing a check found, where it is, and what to do about it."""

    number: int  # of the check, 1 to 27
    level: Level
    path: str
    text: str
    fix: str = ""


@dataclass(frozen=True)
class Limits:
    """The sizes from which on a report is worth a word."""

    attachment_bytes: int = 2_048_000
    body_bytes: int = 30_000_000
    chart_points: int = 10_000
    chart_series: int = 10
    depth: int = 20
    steps: int = 10_000
    header_text: int = 50
    runs: int = 100  # statistics for a unit in a process stop here
    future_s: float = 300.0  # how far the tester's clock may be ahead
    findings: int = 20  # of one check; more of the same help nobody


@dataclass(frozen=True)
class History:
    """What this client knows of reports it has sent before."""

    #: The id of another report with the same part number, serial number, process and start.
    same_run: str | None = None
    #: How many reports of this unit in this process there were.
    runs: int = 0


@dataclass(frozen=True)
class _Found:
    number: int
    level: Level
    part: object
    member: str
    text: str
    fix: str


class Findings:
    """Collects findings, and counts rather than keeps what one check finds over and over.

    A finding names the part of the report it is about, and the member in it. Where that part stands is only
    worked out for those that are told: a report has thousands of parts and few findings.

    Args:
        report: What is looked at.
        limit: How many findings of one check are kept.
    """

    def __init__(self, report: Report, limit: int) -> None:
        self._report = report
        self._limit = limit
        self._found: list[_Found] = []
        self._counts: Counter[int] = Counter()

    def add(self, number: int, level: Level, part: object, member: str, text: str, fix: str = "") -> None:
        """Keep a finding about a member of a part of the report, or about the part itself where it is ''."""
        self._counts[number] += 1
        if self._counts[number] <= self._limit:
            self._found.append(_Found(number, level, part, member, text, fix))

    def reject(self, number: int, part: object, member: str, text: str, fix: str = "") -> None:
        """The report can't be sent."""
        self.add(number, "reject", part, member, text, fix)

    def warn(self, number: int, part: object, member: str, text: str, fix: str = "") -> None:
        """The report can be sent, and somebody should know."""
        self.add(number, "warn", part, member, text, fix)

    def __iter__(self) -> Iterator[Finding]:
        places = walk.places(cast("dict[str, Any]", self._report), (found.part for found in self._found))
        for found in self._found:
            path = places[id(found.part)] + (f".{found.member}" if found.member else "")
            yield Finding(found.number, found.level, path, found.text, found.fix)
        for number, count in sorted(self._counts.items()):
            if count > self._limit:
                yield Finding(number, "warn", "report", f"{count - self._limit} more of check {number}")
