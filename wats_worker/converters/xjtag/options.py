"""What may be set for a source of XJTAG logs."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from wats_worker.converters import base

_STATUSES: Final[Mapping[str, str]] = {
    "passed": "P",
    "failed": "F",
    "skipped": "S",
    "error": "E",
    "aborted": "T",
    "cancelled": "T",
    "stopped": "T",
}


class Options(base.Options):
    """What may be different at one source of XJTAG logs."""

    #: Take the part number from the name of the project file, BA-852.xjp, where none is configured.
    part_number_from_project: bool = False
    #: Lines of a test's text such as "3V3 = 3328 mV" are steps, logged without limits, or just text.
    values: Literal["steps", "text"] = "steps"
    #: How this site's own results read, such as {"Warning": "P"}.
    statuses: Mapping[str, Literal["P", "F", "D", "S", "E", "T"]] = Field(default_factory=dict)

    def letters(self) -> dict[str, str]:
        """The wire's letter for each result in lower case."""
        return {**_STATUSES, **{word.lower(): letter for word, letter in self.statuses.items()}}
