"""What a mapping of lines says: where the facts are, what a step looks like, what makes a unit."""

from collections.abc import Mapping as MappingOf
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from wats_worker.converters.mapped.facts import STEP_FACTS, Take
from wats_worker.converters.mapped.model import Fields, FileName, Kind, Mapping, Name, Part
from wats_worker.converters.mapped.patterns import Pattern, safe


class Line(Part):
    """A fact that stands in a line."""

    #: What finds the line; its first group is the fact.
    pattern: Pattern
    #: Which counts if a unit has several that differ. "only" refuses them.
    take: Take = "only"

    @model_validator(mode="after")
    def _takes_something(self) -> Self:
        if not safe(self.pattern).groups:
            raise ValueError(f"{self.pattern!r} has no group, so it takes nothing")
        return self


def _line(value: Any) -> Any:
    if isinstance(value, dict) and "file_name" in value:
        return FileName.model_validate(value)
    return {"pattern": value} if isinstance(value, str) else value


#: A line, or a part of the file's name.
Place = Annotated[FileName | Line, BeforeValidator(_line)]


class StepLine(Part):
    """A line that is a step, or ends one."""

    #: Its named groups are the step's facts: name, value, unit, low, high, comparison, status and so on.
    pattern: Pattern
    #: Facts that the line doesn't have: {unit = "V"}.
    facts: MappingOf[str, str] = Field(default_factory=dict)
    #: What its value is. Without it the value's looks decide.
    kind: Kind | None = None

    @model_validator(mode="after")
    def _names_facts(self) -> Self:
        unknown = {*safe(self.pattern).groupindex, *self.facts} - set(STEP_FACTS)
        if unknown:
            raise ValueError(f"{', '.join(sorted(unknown))}: a step has {', '.join(STEP_FACTS)}")
        return self


def _step(value: Any) -> Any:
    return {"pattern": value} if isinstance(value, str) else value


class Options(Mapping):
    """A mapping of lines."""

    #: What finds a unit\'s facts; there has to be a pattern for serial_number and start.
    fields: Fields[Place]
    #: Further facts of the unit, by their names.
    infos: MappingOf[Name, Place] = Field(default_factory=dict)
    #: The first that finds something in a line makes it a step.
    steps: tuple[Annotated[StepLine, BeforeValidator(_step)], ...] = ()
    #: Lines whose named groups belong to the next step: its value may stand above its verdict.
    remember: tuple[Pattern, ...] = ()
    #: Lines that name the sequence of the steps behind them; the first group is the name.
    sequences: tuple[Pattern, ...] = ()
    #: A line that begins a unit, where a file has several. What stands above the first belongs to all.
    begins: Pattern | None = None
    #: A line that ends each unit.
    unit_ends: Pattern | None = None
    #: Lines that mean nothing, where others are refused.
    ignore: tuple[Pattern, ...] = ()
    #: What becomes of lines that no pattern finds anything in.
    other_lines: Literal["ignore", "refuse"] = "ignore"
    #: A unit with fewer steps is refused: its lines may be written in another way than the patterns expect.
    least_steps: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _finds_steps(self) -> Self:
        if self.least_steps and not self.steps:
            raise ValueError("there are no patterns for steps: add some, or set least_steps = 0")
        for pattern in self.remember:
            unknown = set(safe(pattern).groupindex) - set(STEP_FACTS)
            if unknown or not safe(pattern).groupindex:
                raise ValueError(f"{pattern!r}: remember needs named groups, of {', '.join(STEP_FACTS)}")
        for pattern in self.sequences:
            if not safe(pattern).groups:
                raise ValueError(f"{pattern!r} has no group, so it names no sequence")
        return self
