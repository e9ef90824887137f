"""What a mapping of a table says: which columns there are, what makes a unit, what makes a step."""

from collections.abc import Iterator
from collections.abc import Mapping as MappingOf
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from wats_worker.converters.mapped.columns import AnyCell, Column, Place
from wats_worker.converters.mapped.model import Fields, Mapping, Name, Part
from wats_worker.converters.mapped.patterns import Pattern, safe


class StepCells(Part):
    """Where a step's facts stand in its row."""

    name: AnyCell
    #: The sequence it belongs to. Without one it stands right below the root.
    sequence: AnyCell | None = None
    #: The name of one measurement of several in a step.
    measurement: AnyCell | None = None
    #: A word for what the value is, see ``kinds``. Without it the value's looks decide.
    kind: AnyCell | None = None
    value: AnyCell | None = None
    unit: AnyCell | None = None
    low: AnyCell | None = None
    high: AnyCell | None = None
    comparison: AnyCell | None = None
    #: Without it the limits decide.
    status: AnyCell | None = None
    time: AnyCell | None = None
    text: AnyCell | None = None
    error_code: AnyCell | None = None
    error_message: AnyCell | None = None


class Measure(Part):
    """A column that is a step, in a table with a row per unit."""

    column: Column
    #: The step's name, if not the heading.
    name: Name | None = None
    sequence: Name | None = None
    unit: str = ""
    low: str = ""
    high: str = ""
    comparison: str = ""
    #: The column with its status.
    status: Column | None = None


class Options(Mapping):
    """A mapping of a table."""

    #: What makes a unit: a row, the rows with one serial number and start, or the file.
    layout: Literal["unit-per-row", "unit-per-group", "unit-per-file"]
    #: What parts the cells.
    delimiter: Literal[",", ";", "\t", "|"] = ","
    #: What stands around a cell that has the delimiter in it; the empty text is nothing.
    quote: Literal['"', "'", ""] = '"'
    #: The table begins with its headings. Without them columns are numbers.
    heading: bool = True
    #: Lines above this one are not looked at.
    first_line: Annotated[int, Field(ge=1)] = 1
    #: Lines that begin so are left out.
    comment: str = ""
    #: Where a unit's facts stand; there has to be a place for serial_number and start.
    fields: Fields[Place]
    #: Further facts of the unit, by their names.
    infos: MappingOf[Name, Place] = Field(default_factory=dict)
    #: Where a step's facts stand, in a table with a row per step.
    step: StepCells | None = None
    #: The columns that are steps, in a table with a row per unit.
    measures: tuple[Measure, ...] = ()
    #: Columns whose heading this finds are steps too. Groups: name, sequence, unit, low, high, comparison.
    measure_headings: Pattern | None = None
    #: What stands in the first cell of the row that holds the units of all columns.
    unit_row: Name | None = None
    #: The same for the low limits.
    low_row: Name | None = None
    #: The same for the high limits.
    high_row: Name | None = None
    #: The columns that make a group, if not serial number and start.
    group_by: tuple[Column, ...] = ()
    #: Rows of different groups may be mixed. All of the file is held in memory then.
    interleaved: bool = False
    #: A line that begins a further unit, where a file has several, each with its steps as rows.
    begins: Pattern | None = None
    #: A line that ends the table; what comes behind it are keys.
    table_ends: Pattern | None = None

    @model_validator(mode="after")
    def _has_what_its_layout_needs(self) -> Self:
        wide = bool(self.measures or self.measure_headings)
        if self.layout == "unit-per-row" and (self.step or not wide):
            raise ValueError("a row per unit needs measures or measure_headings, and no step")
        if self.layout != "unit-per-row" and (wide or not self.step):
            raise ValueError(f"{self.layout} needs step, and no measures")
        if self.layout != "unit-per-group" and (self.group_by or self.interleaved):
            raise ValueError("group_by and interleaved belong to unit-per-group")
        if self.layout != "unit-per-file" and (self.begins or self.table_ends):
            raise ValueError("begins and table_ends belong to unit-per-file")
        if self.measure_headings and "name" not in safe(self.measure_headings).groupindex:
            raise ValueError("measure_headings needs a group that is called name: (?P<name>...)")
        if not self.heading and any(isinstance(column, str) for column in self.columns()):
            raise ValueError("without a heading columns are numbers")
        return self

    @staticmethod
    def measure(at: int, facts: MappingOf[str, str]) -> Measure:
        """The measure that a heading describes."""
        known = {name: text for name, text in facts.items() if name in Measure.model_fields}
        return Measure(column=at + 1, **known)

    def columns(self) -> Iterator[str | int]:
        """Every column the mapping names."""
        places: list[Any] = [*self.fields.given().values(), *self.infos.values()]
        places += [cell for _, cell in self.step if cell is not None] if self.step else []
        for place in places:
            yield from getattr(place, "columns", ())
        for measure in self.measures:
            yield measure.column
            if measure.status is not None:
                yield measure.status
        yield from self.group_by
