"""What may be set for a source of ATML reports."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from wats_worker.converters import base

#: The standard's outcomes, and the qualifiers TestStand tells its own statuses with.
_STATUSES: Final[Mapping[str, str]] = {
    "passed": "P",
    "failed": "F",
    "done": "D",
    "skipped": "S",
    "notstarted": "S",
    "error": "E",
    "terminated": "T",
    "aborted": "T",
}
#: TestStand's qualifiers of what has not ended; a report may have been written meanwhile.
UNDER_WAY: Final = frozenset({"running", "looping"})


class Options(base.Options):
    """What may be different at one source of ATML reports."""

    #: Keep or drop steps that only steer the sequence: Statement, Label, Goto, NI_Flow_If and their like.
    bookkeeping: Literal["keep", "drop"] = "keep"
    #: How this site's own outcomes and qualifiers read, such as {"Inconclusive": "E"}.
    statuses: Mapping[str, Literal["P", "F", "D", "S", "E", "T"]] = Field(default_factory=dict)
    #: Which identification number is the part number, by its qualifier, where a unit has several.
    part_number_qualifier: Annotated[str, Field(min_length=1)] | None = None
    #: Units without a serial number, as of empty sockets: refuse the file, or leave them out.
    without_serial_number: Literal["refuse", "leave-out"] = "refuse"

    def letters(self) -> dict[str, str]:
        """The wire's letter for each outcome in lower case: the standard's own and this site's."""
        return {**_STATUSES, **{word.lower(): letter for word, letter in self.statuses.items()}}
