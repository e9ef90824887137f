"""What may be set for a source of Klippel QC units."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from wats_worker.converters import base

#: What Ctrl_OverallVerdict has for them, and how the lists of results are called.
CODES: Final[Mapping[str, str]] = {
    "-1": "Void", "0": "Fail", "1": "Pass", "2": "Warning", "3": "Noise", "4": "Invalid",
}  # fmt: skip
#: Noise from outside, or a measurement that went wrong, says nothing about the unit.
_LETTERS: Final[Mapping[str, str]] = {"Pass": "P", "Fail": "F", "Noise": "E", "Invalid": "E"}


class Options(base.Options):
    """What may be different at one source of Klippel QC units."""

    #: What a verdict means that WATS has no word for, such as {"Warning" = "P"}. Without it a unit is refused
    #: whose overall verdict is Warning.
    verdicts: Mapping[Literal["Warning", "Noise", "Invalid"], Literal["P", "F", "E", "T"]] = Field(
        default_factory=dict
    )

    def letters(self) -> dict[str, str]:
        """The wire's letter for each verdict that has one."""
        return {**_LETTERS, **dict(self.verdicts.items())}
