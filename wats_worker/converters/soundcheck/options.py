"""What may be set for a source of SoundCheck files."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from wats_worker.converters import base
from wats_worker.converters.starts import DateOrder

_VERDICTS: Final[Mapping[str, str]] = {"pass": "P", "passed": "P", "fail": "F", "failed": "F"}


class Options(base.Options):
    """What may be different at one source of SoundCheck files."""

    #: How numbers are written. Without it the first number of a file with a point or a comma tells.
    decimal: Literal[".", ","] | None = None
    #: How a date is written.
    date_order: DateOrder | None = None
    #: What the column "Lot #" has. As a batch, the part number has to be configured.
    lot: Literal["part-number", "batch"] = "part-number"
    #: Runs with curves only, of which nothing says how they ended: the file is refused, or they passed.
    without_verdict: Literal["refuse", "passed"] = "refuse"
    #: How this site's own results read, such as {"Marginal" = "P"}.
    statuses: Mapping[str, Literal["P", "F", "S"]] = Field(default_factory=dict)

    def letters(self) -> dict[str, str]:
        """The wire's letter for each result in lower case."""
        return {**_VERDICTS, **{word.lower(): letter for word, letter in self.statuses.items()}}
