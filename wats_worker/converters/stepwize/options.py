"""What may be set for a source of StepWize files."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from wats_worker.converters import base
from wats_worker.converters.base import Refused
from wats_worker.converters.texts import shown

_STATUSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("pass", "passed"), "P"),
    **dict.fromkeys(("fail", "failed"), "F"),
    **dict.fromkeys(("performed- record only", "performed", "record only", "done"), "D"),
    **dict.fromkeys(("skipped", "skip", "not performed", "not tested", "not run"), "S"),
    **dict.fromkeys(("incomplete", "aborted", "abort", "terminated", "stopped"), "T"),
    "error": "E",
}

Letter = Literal["P", "F", "D", "S", "E", "T"]


class Options(base.Options):
    """What may be different at one source of StepWize files."""

    #: How outcomes read that this site has added, such as {"waived" = "P"}.
    statuses: Mapping[str, Letter] = Field(default_factory=dict)

    def letter(self, word: str, field: str, place: str) -> str:
        """The wire's letter for an outcome.

        Raises:
            Refused: nobody knows what the word means.
        """
        own = {key.lower(): letter for key, letter in self.statuses.items()}
        letter = own.get(word.lower()) or _STATUSES.get(word.lower())
        if letter is None:
            fix = "say in statuses what the word means" if word else None
            raise Refused(f"{shown(word)} is not an outcome", place=place, field=field, fix=fix)
        return letter
