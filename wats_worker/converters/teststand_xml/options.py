"""What may be set for a source of TestStand reports."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from wats_worker.converters import base

_STATUSES: Final[Mapping[str, str]] = {
    "passed": "P",
    "failed": "F",
    "done": "D",
    "skipped": "S",
    "error": "E",
    "terminated": "T",
}
#: Statuses of what has not ended; a report may have been written meanwhile.
UNDER_WAY: Final = frozenset({"running", "looping"})


class Options(base.Options):
    """What may be different at one source of TestStand reports."""

    #: Keep or drop steps that only steer the sequence: Statement, Label, Goto, NI_Flow_If and their like.
    bookkeeping: Literal["keep", "drop"] = "keep"
    #: How this site's own step statuses read, such as {"Warning": "P"}.
    statuses: Mapping[str, Literal["P", "F", "D", "S", "E", "T"]] = Field(default_factory=dict)
    #: Where below UUT the part number stands, if not in its usual place: "AdditionalData.Product".
    part_number_property: Annotated[str, Field(min_length=1)] | None = None
    #: How a date is written, for reports that have it only as text.
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    #: Reports without a serial number, as of empty sockets: refuse the file, or leave them out.
    without_serial_number: Literal["refuse", "leave-out"] = "refuse"

    def letters(self) -> dict[str, str]:
        """The wire's letter for each status word in lower case: TestStand's own and this site's."""
        return {**_STATUSES, **{word.lower(): letter for word, letter in self.statuses.items()}}
