"""What a mapping of a TDMS file says: which property is which fact, and which channel which step."""

from collections.abc import Mapping as MappingOf
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from wats_worker.converters import base
from wats_worker.converters.mapped.model import (
    DateFormat,
    Fields,
    FileName,
    Letter,
    Mapping,
    Name,
    Part,
    TwoLimits,
)

#: Which value of a channel counts. "only" refuses a channel with several, "none" wants it for a chart alone.
Take = Literal["only", "first", "last", "lowest", "highest", "mean", "rms", "none"]


class Property(Part):
    """A property of the file, or of a group or a channel in it."""

    property: Name
    #: A group; ``*`` in it stands for anything. Without it the property is the file's.
    group: str | None = None
    channel: str | None = None

    @model_validator(mode="after")
    def _channels_stand_in_groups(self) -> Self:
        if self.channel is not None and self.group is None:
            raise ValueError(f"channel {self.channel!r} needs its group; '*' stands for any")
        return self


def _place(value: Any) -> Any:
    if isinstance(value, dict) and "file_name" in value:
        return FileName.model_validate(value)
    return {"property": value} if isinstance(value, str) else value


#: A property, or a part of the file's name. A text alone is a property of the file.
Place = Annotated[FileName | Property, BeforeValidator(_place)]
#: A number, or the property that has it.
Limit = float | Annotated[Property, BeforeValidator(_place)]


class StepOf(Part):
    """A channel or a property that becomes a step."""

    name: Name
    #: Where the value stands: in a channel …
    group: str = "*"
    channel: str | None = None
    take: Take = "only"
    #: … or in a property.
    value: Place | None = None
    #: Without it that of the channel.
    unit: str | None = None
    low: Limit | None = None
    high: Limit | None = None
    #: How the limits are meant: two of them including both, one of them including it.
    comparison: TwoLimits | Literal["EQ", "NE", "GT", "GE", "LT", "LE"] | None = None
    #: The tester's verdict. Without it the limits decide.
    status: Place | None = None
    #: The sequence that it stands in.
    sequence: str = ""
    #: Whether the channel is drawn as well, and then every how manieth of its points.
    chart: bool = False
    every: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Self:
        if (self.channel is None) == (self.value is None):
            raise ValueError(f"step {self.name!r} needs either a channel or a value")
        if self.chart and self.channel is None:
            raise ValueError(f"step {self.name!r}: only a channel can be drawn")
        if self.take == "none" and not self.chart:
            raise ValueError(f"step {self.name!r} takes nothing and draws nothing")
        return self


class Options(base.Options):
    """A mapping. Without one nothing can be said about a unit."""

    #: Where a unit's facts stand: {serial_number = "UUT", start = "DateTime"}; these two are needed.
    fields: Fields[Place] | None = None
    #: Further facts of the unit, by their names.
    infos: MappingOf[Name, Place] = Field(default_factory=dict)
    #: The steps, in their order.
    steps: tuple[StepOf, ...] = ()
    #: How a start is written that is no time to TDMS but a text.
    date_format: DateFormat = "iso"
    #: What this tester's words mean, beside the usual ones: {"true" = "P", "0" = "F"}.
    statuses: MappingOf[str, Letter] = Field(default_factory=dict)

    def mapping(self, *, dates: str) -> Mapping:
        """The same for what becomes of the facts once they are found."""
        common = {name: getattr(self, name) for name in base.Options.model_fields}
        return Mapping(**common, date_format=dates, statuses=self.statuses)
