"""From lines to runs: headings, and what stands below them."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.lines import lines, wait_for_last_line
from wats_worker.converters.soundcheck.numbers import Numbers
from wats_worker.converters.soundcheck.options import Options
from wats_worker.converters.starts import DateOrder, day, time_of_day
from wats_worker.converters.texts import Step, fit, number, shown

_SERIAL: Final = "Serial #"
_TIME: Final = "Time"
#: The columns of a result, in their order.
_RESULT: Final = ("Name", "Margin", "Unit", "Result")
_TOLERANCE: Final = "Tolerance"
_LIMITS: Final = "Limits"
#: Tolerances that are numbers; the others name a curve.
_BOTH: Final = "max/min"
_ONE: Final = frozenset({"max", "min"})
_AXIS: Final = re.compile(r"[xyz] axis (lin|log)")
_CHARTS: Final = {
    ("lin", "lin"): "Line",
    ("log", "lin"): "LineLogX",
    ("lin", "log"): "LineLogY",
    ("log", "log"): "LineLogXY",
}
_MOMENT: Final = re.compile(r"(?P<day>\S+) +(?P<time>[0-9:]+)(?: ?(?P<half>[AaPp]\.?[Mm]\.?))?")


@dataclass(frozen=True)
class Heading:
    """One heading: the columns that stand in front of every line, and what comes behind them."""

    front: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def is_of_results(self) -> bool:
        """Whether lines of results stand below it, and no curve."""
        return set(_RESULT) <= set(self.rest)


@dataclass
class Curve:
    """What is known of a curve."""

    name: str
    chart: str = "Line"
    x_unit: str = ""
    y_unit: str = ""
    x: list[float] | None = None


@dataclass
class Run:
    """One run, as far as its lines have been read."""

    line: int
    front: dict[str, str]
    began: datetime
    steps: list[Step] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    curve: Curve | None = None  #: whose lines are still to come
    unnamed: int = 0

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"the run that begins in line {self.line}"


def runs(source: Source, options: Options) -> Iterator[Run]:
    """The runs of a file.

    Raises:
        NotReady: the last line has no end.
        Refused: a line can't be read, or stands where it can't.
    """
    if not source.head.removeprefix(b"\xef\xbb\xbf").strip():
        raise Refused("the file is empty")
    wait_for_last_line(source)
    reader = _Reader(source, options)
    for at, line in enumerate(lines(source), start=1):
        if line.strip():
            if not line.replace("\t", " ").isprintable():
                raise Refused(f"{shown(line)} has characters that can't be seen", place=f"line {at}")
            yield from reader.line(at, line.split("\t"))
    yield from reader.over()


class _Reader:
    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._order = options.date_order
        self._letters = options.letters()
        self._numbers = Numbers(options.decimal)
        self._heading: Heading | None = None
        self._results: Heading | None = None
        self._curve: Heading | None = None  #: whose lines have not begun
        self._run: Run | None = None

    def line(self, at: int, cells: list[str]) -> Iterator[Run]:
        """Take a line; the run before it, if it begins another one."""
        place = f"line {at}"
        if cells[0].strip().rstrip(":") == _SERIAL:
            self._take_heading(cells, place)
            return
        if self._heading is None:
            raise Refused("a line before any heading", place=place)
        width = len(self._heading.front)
        if len(cells) <= width:
            raise Refused(f"{len(cells)} cells, and more stand in the heading", place=place)
        front = dict(zip(self._heading.front, (cell.strip() for cell in cells[:width]), strict=True))
        if self._run is None or self._is_another(front):
            yield from self._ended()
            self._run = Run(at, front, self._moment(front.get(_TIME, ""), place))
        elif self._run.front != front:
            raise Refused("the columns in front change within a run", place=place)
        self._content(self._run, cells[width:], place)

    def over(self) -> Iterator[Run]:
        """The last run."""
        yield from self._ended()

    def _ended(self) -> Iterator[Run]:
        if self._run is None:
            return
        if self._run.curve is not None:
            raise Refused(f"a curve {self._run.curve.name!r} without its y values", place=self._run.place)
        yield self._run

    def _is_another(self, front: dict[str, str]) -> bool:
        known = self._run.front if self._run else {}
        return any(known.get(name) != front.get(name) for name in (_SERIAL, _TIME))

    def _take_heading(self, cells: Sequence[str], place: str) -> None:
        names = [cell.strip() for cell in cells]
        width = next((at for at, name in enumerate(names) if not name.endswith(":")), len(names))
        front = tuple(name.rstrip(":").strip() for name in names[:width])
        if len(set(front)) != len(front):
            raise Refused("two columns of one name", place=place)
        self._heading = Heading(front, tuple(names[width:]))
        if self._heading.is_of_results:
            self._results, self._curve = self._heading, None
        else:
            self._curve = self._heading

    def _content(self, run: Run, cells: list[str], place: str) -> None:
        if run.curve is None and (result := self._as_result(cells)) is not None:
            self._curve = None  # its heading was repeated, and there is nothing below it
            self._add_result(run, result, place)
            return
        values = self._values(cells, place)
        if run.curve is None:
            run.curve, self._curve = self._new_curve(run, place), None
            run.curve.x = values
            return
        self._add_curve(run, run.curve, values, place)
        run.curve = None

    def _as_result(self, cells: list[str]) -> dict[str, str] | None:
        """A line of results by its columns; None where it is none."""
        if self._results is None:
            return None
        names = self._results.rest
        # Cells with nothing in them may be left out at the end of a line, or be too many.
        found = dict(zip(names, [cell.strip() for cell in cells] + [""] * len(names), strict=False))
        # A line of numbers is a curve's, whatever stands above it.
        is_result = found["Result"] and not _is_number(found["Result"]) and not any(cells[len(names) :])
        return found if is_result else None

    def _add_result(self, run: Run, cells: dict[str, str], place: str) -> None:
        name, word = cells["Name"], cells["Result"]
        if not name:
            raise Refused("a result without a name", place=place)
        letter = self._letters.get(word.lower())
        if letter is None:
            fix = f'say what it means: statuses = {{"{word}" = "P"}} in the options of the source'
            raise Refused(f"{shown(word)} is not a result", place=place, field=name, fix=fix)
        run.statuses.append(letter)
        tolerance, limits = cells.get(_TOLERANCE, ""), cells.get(_LIMITS, "")
        text = ", ".join(part for part in (tolerance, limits) if part)
        if letter == "S" or not cells["Margin"]:
            run.steps.append(measures.passed_or_failed(name, letter, text))
            return
        try:
            value = self._numbers.read(cells["Margin"])
            low, high = self._limits(tolerance, limits)
        except ValueError as error:
            raise Refused(str(error), place=place, field=name) from None
        row = measures.numeric(value, letter, low=low, high=high)
        step = measures.numbers(name, letter, [row], text)
        if cells["Unit"]:
            row["unit"] = fit(step, "Unit", cells["Unit"], 20)
        run.steps.append(step)

    def _limits(self, tolerance: str, text: str) -> tuple[float | None, float | None]:
        """The lower and the upper limit: "100.0/90.0" has the upper one first."""
        kind = tolerance.lower()
        if kind in _ONE:
            only = self._numbers.read(text)
            return (only, None) if kind == "min" else (None, only)
        if kind != _BOTH:
            return None, None
        parts = text.split("/")
        if len(parts) != 2:
            raise ValueError(f"{shown(text)} is not an upper and a lower limit")
        high, low = (self._numbers.read(part) if part.strip() else None for part in parts)
        if high is not None and low is not None and low > high:
            raise ValueError(f"{shown(text)}: the upper limit stands first, and is the lower one")
        return low, high

    def _values(self, cells: list[str], place: str) -> list[float]:
        while cells and not cells[-1].strip():
            cells.pop()
        try:
            values = [self._numbers.read(cell) for cell in cells]
        except ValueError as error:
            raise Refused(f"neither a result nor values of a curve: {error}", place=place) from None
        if not values or not all(map(math.isfinite, values)):
            raise Refused("a curve without values, or with some that are no numbers", place=place)
        return values

    def _new_curve(self, run: Run, place: str) -> Curve:
        if self._curve is None:
            run.unnamed += 1
            self._source.warn(f"{place}: a curve without a heading of its own")
            return Curve(f"Curve {run.unnamed}")
        rest = self._curve.rest
        axes = [at for at, cell in enumerate(rest) if _AXIS.fullmatch(cell)]
        if not rest or not rest[0] or len(axes) < 2:
            raise Refused("the heading of a curve without its name or its axes", place=place)
        # The axes and their units are parted by a cell with nothing in it.
        units = rest[axes[-1] + 2 :][: len(axes)]
        x_unit, y_unit = (*units, "", "")[:2]
        kinds = (rest[axes[0]].split()[-1], rest[axes[1]].split()[-1])
        return Curve(rest[0], _CHARTS[kinds], x_unit, y_unit)

    def _add_curve(self, run: Run, curve: Curve, values: list[float], place: str) -> None:
        x = curve.x or []
        if len(x) != len(values):
            raise Refused(f"{len(x)} x values and {len(values)} y values", place=place, field=curve.name)
        step = measures.action(curve.name)
        name = step["name"]
        chart: dict[str, Any] = {
            "chartType": curve.chart,
            "label": name,
            "xLabel": "X",
            "yLabel": "Y",
            "series": [
                {
                    "dataType": "XYG",
                    "name": name,
                    "xdata": ";".join(map(str, x)),
                    "ydata": ";".join(map(str, values)),
                }
            ],
        }
        for member, unit in (("xUnit", curve.x_unit), ("yUnit", curve.y_unit)):
            if unit:
                chart[member] = fit(step, member, unit, 20)
        run.steps.append({**step, "chart": chart})

    def _moment(self, text: str, place: str) -> datetime:
        if not text:
            raise Refused("the file has none", place=place, field="start")
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise Refused(f"{shown(text)} is not a date and a time", place=place, field="start")
        order: DateOrder | None = "ymd" if re.match("[0-9]{4}", found["day"]) else self._order
        date = day(found["day"], self._source, order=order, usual=_usual(found["day"]), place=place)
        return datetime.combine(date, _half_day(time_of_day(found["time"], place), found["half"], place))


def _usual(text: str) -> DateOrder:
    """Slashes are American; who writes dashes or points has the day first."""
    return "mdy" if "/" in text else "dmy"


def _half_day(clock: time, half: str | None, place: str) -> time:
    if half is None:
        return clock
    if not 1 <= clock.hour <= 12:
        raise Refused(f"there is no hour {clock.hour} before or after noon", place=place, field="start")
    return clock.replace(hour=clock.hour % 12 + (12 if half[0] in "Pp" else 0))


def _is_number(text: str) -> bool:
    try:
        number(text.replace(",", "."))
    except ValueError:
        return False
    return True
