"""What may be set for a source of SigmaQuest reports."""

import re
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from wats_worker.converters import base
from wats_worker.converters.base import Refused
from wats_worker.converters.texts import shown

_STATUSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("pass", "passed"), "P"),
    "done": "D",
    **dict.fromkeys(("fail", "failed"), "F"),
    "error": "E",
    # A run that is pending has a start, so it began; and it has not ended.
    **dict.fromkeys(("incomplete", "aborted", "abort", "terminated", "pending"), "T"),
    **dict.fromkeys(("skipped", "skip"), "S"),
}
#: "FAIL(3)" and "PASS - retested" are a grade and a remark.
_WORD: Final = re.compile(r"\w+")

Letter = Literal["P", "F", "D", "S", "E", "T"]


class Options(base.Options):
    """What may be different at one source of SigmaQuest reports."""

    #: What a limit of zero means: that there is none, or zero. Beside a comparison it is always zero.
    zero_limit: Literal["none", "zero"] = "none"
    #: How grades read that this site has added, such as {"waived" = "P"}.
    statuses: Mapping[str, Letter] = Field(default_factory=dict)

    def letter(self, grade: str, place: str) -> str:
        """The wire's letter for a grade.

        Raises:
            Refused: nobody knows what it means.
        """
        own = {key.lower(): letter for key, letter in self.statuses.items()}
        word = _WORD.match(grade.strip())
        letter = own.get(grade.strip().lower()) or _STATUSES.get(word[0].lower() if word else "")
        if letter is None:
            fix = "say in statuses what it means" if grade.strip() else None
            raise Refused(f"{shown(grade)} is not a grade", place=place, field="grade", fix=fix)
        return letter
