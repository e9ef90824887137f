"""Facts about one unit, collected from cells and lines, before anything is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from wats_worker.converters.base import Refused
from wats_worker.converters.texts import shown

#: Which of several texts for one fact counts. "only" refuses a second one that differs.
Take = Literal["only", "first", "last"]

#: What a unit's facts are called in mappings.
FIELDS: Final = (
    "serial_number", "start", "part_number", "revision", "process", "result", "station", "location",
    "purpose", "operator", "batch", "fixture", "socket", "program", "program_version", "execution_time",
    "error_code", "error_message", "comment",
)  # fmt: skip
#: What a step's facts are called in mappings, and as named groups of patterns.
STEP_FACTS: Final = (
    "name", "sequence", "measurement", "kind", "value", "unit", "low", "high", "comparison", "status",
    "time", "text", "error_code", "error_message",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A text from the file, trimmed, and where it stands."""

    text: str
    place: str


class StepFacts(dict[str, str]):
    """What one row or line says about a step. What it doesn't say is an empty text, and not in it."""

    __slots__ = ("place",)

    def __init__(self, place: str, texts: Mapping[str, str]) -> None:
        super().__init__(texts)
        self.place = place

    def __missing__(self, name: str) -> str:
        return ""


@dataclass
class Unit:
    """Everything one unit's report is made of."""

    place: str
    fields: dict[str, Found] = field(default_factory=dict)
    infos: dict[str, Found] = field(default_factory=dict)  # misc infos, by their description
    steps: list[StepFacts] = field(default_factory=list)

    def put(self, name: str, found: Found, take: Take = "only") -> None:
        """Add a field.

        Raises:
            Refused: it stands there already with another text, and only one can be right.
        """
        _put(self.fields, name, found, take)

    def inform(self, description: str, found: Found, take: Take = "only") -> None:
        """Add a misc info; the rules are those of ``put``."""
        _put(self.infos, description, found, take)


def _put(facts: dict[str, Found], name: str, found: Found, take: Take) -> None:
    earlier = facts.get(name)
    if earlier is None or not earlier.text or take == "last":
        facts[name] = found
    elif take == "only" and found.text and found.text != earlier.text:
        raise Refused(
            f"{shown(found.text)} stands here, and {shown(earlier.text)} in {earlier.place}",
            place=found.place,
            field=name.replace("_", " "),
        )
