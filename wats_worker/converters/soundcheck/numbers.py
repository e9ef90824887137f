"""Numbers as the tester's Windows writes them: with a point or with a comma, but never with both."""

import re
from typing import Final

from wats_worker.converters.texts import number, shown

#: 1,234 may be a thousand or little more than one.
_EITHER: Final = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
_WITH_COMMA: Final = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")


class Numbers:
    """Reads the numbers of one file. The first one with a sign in it tells how all are written.

    Args:
        decimal: What is known about it.

    >>> numbers = Numbers(None)
    >>> numbers.read("7"), numbers.read("95,50"), numbers.read("-1,0")
    (7.0, 95.5, -1.0)
    """

    def __init__(self, decimal: str | None) -> None:
        self._decimal = decimal

    def read(self, text: str) -> float:
        """One number.

        Raises:
            ValueError: it is none, or one that is written otherwise.
        """
        text = text.strip()
        if "," not in text:
            if "." in text and "#" not in text:
                self._see(".", text)
            return number(text)
        if self._decimal is None and _EITHER.fullmatch(text):
            raise ValueError(f"{shown(text)} has a comma that may stand for two things; say decimal")
        if not _WITH_COMMA.fullmatch(text):
            raise ValueError(f"{shown(text)} is not a number")
        self._see(",", text)
        return number(text.replace(",", "."))

    def _see(self, sign: str, text: str) -> None:
        self._decimal = self._decimal or sign
        if self._decimal != sign:
            raise ValueError(f"{shown(text)} stands among numbers written with {self._decimal!r}")
