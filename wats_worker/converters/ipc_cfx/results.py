"""The words CFX has for results."""

from typing import Final

from wats_worker.converters.base import Refused
from wats_worker.converters.texts import shown

_LETTERS: Final = {"passed": "P", "failed": "F", "error": "E", "aborted": "T", "skipped": "S"}


def letter(word: str, place: str) -> str:
    """The wire's letter for a result.

    Raises:
        Refused: CFX has no such result.
    """
    if word.lower() not in _LETTERS:
        reason = f"{shown(word)} is not a result" if word else "the message has none"
        raise Refused(reason, place=place, field="result")
    return _LETTERS[word.lower()]
