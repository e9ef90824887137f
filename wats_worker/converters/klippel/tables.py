"""The tables in a unit's folder: curves over a frequency or a time, and single values.

The heading says which: ``name value max min`` for values, and for a curve what it runs over, its name, and
the limits it was held against, the upper one first.
"""

import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.lines import lines, wait_for_last_line
from wats_worker.converters.texts import number, shown

_VALUES: Final = "values"
_NAME: Final = "name"
#: The headings of limits.
_UPPER: Final = "max"
_LOWER: Final = "min"
#: What a curve runs over, and its unit.
_AXES: Final = {"frq": ("Frequency", "Hz")}
_NOTHING: Final = frozenset({"", "-"})

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One file of the folder."""

    group: str  #: what was measured, as the file is called before the dash
    name: str  #: of the curve; empty for values
    heading: Row
    rows: list[Row]
    file: str

    @property
    def is_values(self) -> bool:
        """Whether it has single values, and no curve."""
        return self.heading[0] == _NAME

    def value(self, row: Row, heading: str) -> float | None:
        """A cell as a number; None where there is none.

        Raises:
            Refused: it is something else.
        """
        if heading not in self.heading:
            return None
        text = row[self.heading.index(heading)].strip()
        if text in _NOTHING:
            return None
        try:
            found = number(text)
        except ValueError as error:
            raise Refused(str(error), place=self.file, field=row[0]) from None
        return found if math.isfinite(found) else None

    def limits(self, row: Row) -> tuple[float | None, float | None]:
        """The lower and the upper limit."""
        return self.value(row, _LOWER), self.value(row, _UPPER)

    def chart(self) -> dict[str, Any] | None:
        """The curve with its limits; None when there is no point of it."""
        axis, *names = self.heading
        series = [one for name in names if (one := self._series(axis, name)) is not None]
        if not series:
            return None
        label, unit = _AXES.get(axis, (axis, ""))
        made = {
            "chartType": "LineLogX" if axis in _AXES else "Line",
            "label": f"{self.group} {self.name}".strip()[:100],
            "xLabel": label[:50],
            "yLabel": self.name[:50],
            "series": series,
        }
        return {**made, "xUnit": unit} if unit else made

    def _series(self, axis: str, name: str) -> dict[str, Any] | None:
        points = [(self.value(row, axis), self.value(row, name)) for row in self.rows]
        there = [(x, y) for x, y in points if x is not None and y is not None]
        if not there:
            return None
        return {
            "dataType": "XYG",
            "name": name[:100],
            "xdata": ";".join(str(x) for x, _ in there),
            "ydata": ";".join(str(y) for _, y in there),
        }


def table(source: Source) -> Table:
    """Read one file of the folder.

    Raises:
        NotReady: its last line has no end.
        Refused: it is no such table.
    """
    wait_for_last_line(source)
    stem = PurePosixPath(source.name).stem
    rows = [tuple(line.split("\t")) for line in lines(source) if line.strip()]
    if not rows:
        raise Refused("the table is empty", place=source.name)
    heading = tuple(cell.strip() for cell in rows[0])
    if len(heading) < 2 or len(set(heading)) != len(heading) or "" in heading[:2]:
        raise Refused(f"{shown(' '.join(rows[0]))} is not the heading of a table", place=source.name)
    for row in rows[1:]:
        if len(row) != len(heading):
            raise Refused(
                f"{len(row)} cells under {len(heading)} headings", place=source.name, field=row[0].strip()
            )
    name = "" if heading[0] == _NAME else heading[1]
    group = stem.removesuffix(f"-{name or _VALUES}")
    return Table(group, name, heading, rows[1:], source.name)
