"""From the lines of a table to the units in it."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.mapped.columns import Cell, Heading, captured, first, joined
from wats_worker.converters.mapped.facts import Found, StepFacts, Unit
from wats_worker.converters.mapped.model import FileName
from wats_worker.converters.mapped.patterns import safe
from wats_worker.converters.mapped.table_options import Measure, Options
from wats_worker.converters.mapped.texts import complete_lines, found
from wats_worker.converters.texts import shown

#: How many misses are told of a heading that isn't found.
_TOLD: Final = 5
#: A key in its cell, perhaps with a sign behind it, perhaps with the value.
_KEY: Final = re.compile(r"([^:=]+)[:=]?(.*)")

Row = Sequence[str]


class _Column(NamedTuple):
    """One fact, and the columns it is made of."""

    name: str
    cell: Cell
    at: tuple[int, ...]
    info: bool = False  # a misc info, and the name is its description


@dataclass
class _Plan:
    """Where everything stands, once the heading is known."""

    fields: list[_Column] = field(default_factory=list)
    further: list[_Column] = field(default_factory=list)  # those that may differ within a group
    further_at: list[int] = field(default_factory=list)  # where those stand
    steps: list[_Column] = field(default_factory=list)
    group: tuple[int, ...] = ()
    measures: list[tuple[Measure, int, int | None]] = field(default_factory=list)
    width: int = 0


class TableReader:
    """Reads one table.

    Args:
        source: The file.
        options: The mapping.
    """

    def __init__(self, source: Source, options: Options) -> None:
        self._source = source
        self._options = options
        self._named = {column for column in options.columns() if isinstance(column, str)}
        self._fields = list(options.fields.given().items())
        self._keys = {
            place.key
            for place in (*(place for _, place in self._fields), *options.infos.values())
            if isinstance(place, Cell) and place.key is not None
        }
        self._begins, self._table_ends = (
            safe(pattern) if pattern else None for pattern in (options.begins, options.table_ends)
        )
        self._heading: Heading | None = None
        self._nearest: set[str] = set(self._named)
        self._plan = _Plan()
        self._above: dict[str, Row] = {}  # the rows of units and limits, by what they hold
        marks = {"unit": options.unit_row, "low": options.low_row, "high": options.high_row}
        self._marks = {mark: name for name, mark in marks.items() if mark is not None}

    def units(self) -> Iterator[Unit]:
        """Every unit of the file, in its order.

        Raises:
            Refused: the table has no heading, or a row doesn't fit it.
            NotReady: the file's end is missing.
        """
        if not self._options.heading:
            self._settle(Heading((), 0))
        match self._options.layout:
            case "unit-per-row":
                yield from self._by_row()
            case "unit-per-group":
                yield from self._by_group()
            case "unit-per-file":
                yield from self._by_file()
        if self._heading is None and self._options.layout != "unit-per-file":
            raise self._no_heading()

    def _by_row(self) -> Iterator[Unit]:
        shared = Unit("the rows above the table")
        for line, row in self._data(shared):
            unit = self._unit(row, line, shared)
            unit.steps += self._wide_steps(row, line)
            yield unit

    def _by_group(self) -> Iterator[Unit]:
        shared = Unit("the rows above the table")
        open_units: dict[tuple[str, ...], Unit] = {}
        last: tuple[int, list[str]] | None = None
        for line, row in self._data(shared):
            key = self._group(row)
            unit = open_units.get(key)
            if unit is None:
                if not self._options.interleaved:
                    yield from open_units.values()
                    open_units.clear()
                unit = open_units[key] = self._unit(row, line, shared)
                last = None
            elif (said := (id(unit), [row[at] for at in self._plan.further_at])) != last:
                self._fill(unit, self._plan.further, row, line)
                last = said  # mostly the row above has said the same
            unit.steps.append(self._step(row, line))
        yield from open_units.values()

    def _by_file(self) -> Iterator[Unit]:
        unit = Unit("line 1")
        begun = self._begins is None
        in_table = not self._options.heading
        for line, text, row in self._rows():
            if self._begins is not None and found(self._begins, text):
                if begun:
                    yield self._named_by_file(unit)
                unit, begun, in_table = Unit(f"line {line}"), True, not self._options.heading
            if self._table_ends is not None and in_table and found(self._table_ends, text):
                in_table = False
            if not begun or self._key(row, line, unit):
                continue
            if self._is_heading(row, line):
                in_table = True
            elif in_table and not self._is_above(row):
                row = self._fitted(row, line)  # noqa: PLW2901 - the same row, as wide as the table
                self._fill(unit, self._plan.fields, row, line)
                unit.steps.append(self._step(row, line))
        if self._heading is None:
            raise self._no_heading()
        if begun:
            yield self._named_by_file(unit)

    def _data(self, shared: Unit) -> Iterator[tuple[int, Row]]:
        """The rows of units, without all that stands around them."""
        for line, _, row in self._rows():
            if self._key(row, line, shared) or self._is_heading(row, line) or self._is_above(row):
                continue
            if self._heading is not None:
                yield line, self._fitted(row, line)

    def _rows(self) -> Iterator[tuple[int, str, Row]]:
        """Every row that isn't empty, with the number of its line and its text."""
        options = self._options
        last = ""

        def seen() -> Iterator[str]:
            nonlocal last
            for number, text in enumerate(complete_lines(self._source, options), start=1):
                last = text
                if number < options.first_line or (options.comment and text.startswith(options.comment)):
                    text = ""  # noqa: PLW2901 - an empty line keeps the count right
                yield text + "\n"

        quoting: dict[str, Any] = (
            {"quotechar": options.quote} if options.quote else {"quoting": csv.QUOTE_NONE}
        )
        reader = csv.reader(seen(), delimiter=options.delimiter, strict=True, **quoting)
        try:
            for cells in reader:
                row = list(map(str.strip, cells))
                if any(row):
                    yield reader.line_num, last, row
        except csv.Error as error:
            raise Refused(f"not a table: {error}", place=f"line {reader.line_num}") from None

    def _key(self, row: Row, line: int, unit: Unit) -> bool:
        """Take a fact that stands beside its key; whether it was one."""
        if not self._keys:
            return False
        beside = _KEY.match(row[0])
        if beside is None or (key := beside[1].strip()) not in self._keys:
            return False
        value = beside[2].strip() or next((cell for cell in row[1:] if cell), "")
        for name, place in self._fields:
            if isinstance(place, Cell) and place.key == key:
                self._put(unit, name, place, value, line)
        for description, place in self._options.infos.items():
            if isinstance(place, Cell) and place.key == key:
                unit.inform(description, Found(_taken(place, value, description), f"line {line}"), place.take)
        return True

    def _is_heading(self, row: Row, line: int) -> bool:
        """Whether a row is the heading: the first that has all columns the mapping names."""
        if not self._options.heading:
            return False
        if self._heading is not None:
            return row[0] == self._heading.names[0] and tuple(row) == self._heading.names
        missing = self._named - set(row)
        if len(missing) < len(self._nearest):
            self._nearest = missing
        if missing:
            return False
        self._settle(Heading(row, line))
        return True

    def _settle(self, heading: Heading) -> None:
        """The columns are known: work out once where everything stands."""
        self._heading = heading
        plan, options = self._plan, self._options
        try:
            for name, place in self._fields:
                if isinstance(place, Cell) and place.columns:
                    plan.fields.append(_Column(name, place, heading.all_at(place.columns)))
            for description, place in options.infos.items():
                if isinstance(place, Cell) and place.columns:
                    plan.fields.append(_Column(description, place, heading.all_at(place.columns), info=True))
            for name, cell in options.step or ():
                if cell is not None:
                    plan.steps.append(_Column(name, cell, heading.all_at(cell.columns)))
            plan.group = self._group_columns(heading)
            plan.measures = list(self._measured(heading))
        except LookupError as error:
            raise Refused(str(error), place=f"line {heading.line}") from None
        plan.further = [column for column in plan.fields if not set(column.at) <= set(plan.group)]
        plan.further_at = sorted({at for column in plan.further for at in column.at})
        plan.width = len(heading.names) or 1 + max(
            (max(c.at) for c in (*plan.fields, *plan.steps)), default=0
        )

    def _no_heading(self) -> Refused:
        missing = ", ".join(sorted(map(shown, self._nearest))[:_TOLD])
        return Refused(
            f"no row has all headings of the mapping; the nearest lacks {missing}",
            fix="compare the mapping with the file's heading, the delimiter included",
        )

    def _is_above(self, row: Row) -> bool:
        """Keep a row that holds the units or the limits of all columns."""
        name = self._marks.get(row[0])
        if name is None:
            return False
        self._above[name] = row
        return True

    def _unit(self, row: Row, line: int, shared: Unit) -> Unit:
        unit = Unit(f"line {line}", dict(shared.fields), dict(shared.infos))
        self._fill(unit, self._plan.fields, row, line)
        return self._named_by_file(unit)

    def _fill(self, unit: Unit, columns: Sequence[_Column], row: Row, line: int) -> None:
        """Take the unit's facts that stand in columns."""
        for column in columns:
            text = _taken(column.cell, joined(column.at, row), column.name)
            (unit.inform if column.info else unit.put)(
                column.name, Found(text, f"line {line}"), column.cell.take
            )

    def _fitted(self, row: Row, line: int) -> Row:
        """A row as wide as the table; cells that the tester left out at its end are empty."""
        width = self._plan.width
        if len(row) < width:
            return [*row, *[""] * (width - len(row))]
        if self._options.heading and any(row[width:]):
            raise Refused(f"{len(row)} cells under {width} headings", place=f"line {line}")
        return row

    def _named_by_file(self, unit: Unit) -> Unit:
        """Take the facts that stand in the file's name."""
        for name, place in self._fields:
            if isinstance(place, FileName):
                unit.put(name, _in_name(place, self._source.name))
        for description, place in self._options.infos.items():
            if isinstance(place, FileName):
                unit.inform(description, _in_name(place, self._source.name))
        return unit

    def _put(self, unit: Unit, name: str, place: Cell, text: str, line: int) -> None:
        unit.put(name, Found(_taken(place, text, name), f"line {line}"), place.take)

    def _group(self, row: Row) -> tuple[str, ...]:
        return tuple([row[at] for at in self._plan.group])

    def _group_columns(self, heading: Heading) -> tuple[int, ...]:
        """The columns whose texts make a group: serial number and start, if the mapping names no others."""
        if self._options.group_by:
            return heading.all_at(self._options.group_by)
        fields = self._options.fields
        return tuple(
            at
            for place in (fields.serial_number, fields.start)
            if isinstance(place, Cell) and place.take == "only"
            for at in heading.all_at(place.columns)
        )

    def _step(self, row: Row, line: int) -> StepFacts:
        facts: dict[str, str] = {}
        for column in self._plan.steps:
            text = row[column.at[0]] if len(column.at) == 1 else joined(column.at, row)
            if column.cell.expression is None:
                facts[column.name] = text
            elif match := found(column.cell.expression, text):
                facts |= captured(match, column.name)
        return StepFacts(f"line {line}", facts)

    def _wide_steps(self, row: Row, line: int) -> Iterator[StepFacts]:
        """A step for each column that is one and has something in it."""
        for measure, at, status in self._plan.measures:
            value = row[at]
            facts = {"value": value, "name": measure.name or str(measure.column)}
            for name in ("sequence", "unit", "low", "high", "comparison"):
                above = self._above.get(name, ())
                facts[name] = getattr(measure, name) or (above[at] if at < len(above) else "")
            if status is not None:
                facts["status"] = row[status]
            if value or facts.get("status"):  # an empty cell was not executed
                yield StepFacts(f"line {line}, {shown(facts['name'])}", facts)

    def _measured(self, heading: Heading) -> Iterator[tuple[Measure, int, int | None]]:
        """The columns that are steps, as listed or by their headings, and those of their statuses."""
        for measure in self._options.measures:
            status = heading.at(measure.status) if measure.status is not None else None
            yield measure, heading.at(measure.column), status
        if self._options.measure_headings is None:
            return
        pattern: re.Pattern[str] = safe(self._options.measure_headings)
        taken = {heading.at(column) for column in self._options.columns()}
        for at, name in enumerate(heading.names):
            if at not in taken and (match := found(pattern, name)):
                yield self._options.measure(at, captured(match, "name")), at, None


def _taken(place: Cell, text: str, name: str) -> str:
    """What a field's pattern takes of a text; nothing, where it finds nothing."""
    if place.expression is None:
        return text
    match = found(place.expression, text)
    return first(captured(match, name), name) if match else ""


def _in_name(place: FileName, file_name: str) -> Found:
    match = found(safe(place.file_name), file_name)
    return Found(first(captured(match, ""), "") if match else "", "the file's name")
