"""Numbers for people, by SQL from the catalogue: how much came, how much was good, what is wrong with it.

A **unit** is one serial number of one part in one process. Of all units that were tested in a time, the first
pass counts those whose very first test was passed, also if that was before that time; the last those whose
last test in it was. Repairs count for neither, and a report that another one of the same id has replaced on
the server does not count at all.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, case, cast, exists, func, select, tuple_

from wats_broker.states import FileState
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.tables import files, reports

_HOUR_MS: Final = 3_600_000
#: Rows of one answer.
MOST: Final = 10_000
#: Quarantined files that are looked at.
_LOOKED: Final = 100_000
#: What yield can be told by.
BY: Final = ("part", "station", "process")


@dataclass(frozen=True)
class Hour:
    """What came and went in one hour."""

    at: int  #: when it began, in seconds since 1970
    files: int  #: that were taken in
    reports: int  #: that were delivered


@dataclass(frozen=True)
class Yield:
    """How many units were good."""

    part: str  #: empty where it is not told by part
    station: str
    process: str
    units: int
    tests: int
    first_passed: int  #: units that passed their first test
    last_passed: int  #: units that passed their last one


@dataclass(frozen=True)
class Reason:
    """Why files are in quarantine."""

    reason: str
    source: str
    files: int


class Numbers:
    """Counts. Every method may raise ``CatalogueUnusable``; times are seconds since 1970.

    Args:
        catalogue: What is counted in.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def hours(self, since: float, until: float) -> list[Hour]:
        """Files and reports, hour by hour; hours in which nothing happened are not told."""
        first, last = int(since * 1000), int(until * 1000)
        # The index is by rank, which is the time below zero.
        taken = self._by_hour(files.c.seen_ms, files.c.rank.between(-last, -first))
        delivered = self._by_hour(reports.c.delivered_ms, reports.c.delivered_ms.between(first, last))
        return [
            Hour(hour * 3600, taken.get(hour, 0), delivered.get(hour, 0))
            for hour in sorted(taken.keys() | delivered.keys())
        ][:MOST]

    def yields(self, since: float, until: float, *, by: Sequence[str] = BY) -> list[Yield]:
        """Yield of what was tested in this time, those with the most units first.

        Args:
            since: When a test began, at the earliest.
            until: And at the latest.
            by: What is told apart: some of ``BY``.
        """
        told = [reports.c[name] for name in BY if name in by]
        unit = (reports.c.part_key, reports.c.process, reports.c.serial_key, *told)
        counts = [reports.c.kind == "T", reports.c.serial_key != "", ~_is_replaced()]
        first_ms, last_ms = int(since * 1000), int(until * 1000)
        # What they were tested before is found by their serial numbers, so history costs nothing.
        tested = select(reports.c.serial_key).where(reports.c.started_ms.between(first_ms, last_ms))
        # Two tests that began in the same second are told apart by which came first.
        order = (reports.c.started_ms, reports.c.rank.desc(), reports.c.file_id, reports.c.position)
        backwards = (
            reports.c.started_ms.desc(), reports.c.rank, reports.c.file_id.desc(), reports.c.position.desc(),
        )  # fmt: skip
        ranked = (
            select(
                *told,
                reports.c.result,
                (reports.c.started_ms >= first_ms).label("within"),
                (func.max(reports.c.started_ms).over(partition_by=unit) >= first_ms).label("wanted"),
                func.row_number().over(partition_by=unit, order_by=order).label("nth"),
                func.row_number().over(partition_by=unit, order_by=backwards).label("last"),
            )
            .where(reports.c.started_ms <= last_ms, reports.c.serial_key.in_(tested), *counts)
            .subquery()
        )
        passed = ranked.c.result == "P"
        groups = [ranked.c[column.name] for column in told]
        units = _count(ranked.c.nth == 1)
        found = self._catalogue.ask(
            select(
                *groups,
                units.label("units"),
                _count(ranked.c.within).label("tests"),
                _count((ranked.c.nth == 1) & passed).label("first_passed"),
                _count((ranked.c.last == 1) & passed).label("last_passed"),
            )
            .where(ranked.c.wanted)
            .group_by(*groups)
            .order_by(units.desc(), *groups)
            .limit(MOST)
        )
        nothing = dict.fromkeys(BY, "")
        return [Yield(**{**nothing, **row._mapping}) for row in found if row.units]  # noqa: SLF001  its public name

    def reasons(self, since: float, until: float) -> list[Reason]:
        """Why files that came in this time are in quarantine, the most frequent first."""
        found = self._catalogue.ask(
            select(files.c.source, files.c.facts)
            .where(
                files.c.state == FileState.QUARANTINED.value,
                files.c.rank.between(-int(until * 1000), -int(since * 1000)),
            )
            .order_by(files.c.rank)
            .limit(_LOOKED)
        )
        counted = Counter((str(json.loads(row.facts).get("reason", "")), row.source) for row in found)
        return [Reason(*key, count) for key, count in counted.most_common(MOST)]

    def _by_hour(self, at: ColumnElement[Any], fits: ColumnElement[bool]) -> dict[int, int]:
        hour: ColumnElement[Any] = cast((at - at % _HOUR_MS) / _HOUR_MS, Integer).label("hour")
        statement: Select[Any] = select(hour, func.count().label("n")).where(fits).group_by("hour")
        found = self._catalogue.ask(statement)
        return {int(row.hour): int(row.n) for row in found}


def _is_replaced() -> ColumnElement[bool]:
    """Whether a report of the same id came in another file later, which is the one that the server has."""
    later = reports.alias("later")
    return exists().where(
        later.c.sent_as == reports.c.sent_as,
        reports.c.sent_as != "",
        tuple_(later.c.rank, reports.c.file_id) < tuple_(reports.c.rank, later.c.file_id),
    )


def _count(fits: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((fits, 1), else_=0)), 0)
