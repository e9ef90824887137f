r"""Limits out of the sentences that OpenHTF's validators describe themselves with.

    3.135 <= x <= 3.465       0 <= Marginal:0.1 <= x <= Marginal:4.9 <= 5       x <= -70       x == 5
    'x' is within 5% of 3.3. Marginal: 2% of 3.3       'x' is equal to 'True'       'x' matches /^1\.4$/

Each sentence stands in its step's text as well: one that isn't understood here loses nothing but its limits.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wats_worker.converters.measures import Row, numeric
from wats_worker.converters.texts import number

_NUMBER: Final = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|inf)"
_RANGE: Final = re.compile(
    rf"(?:(?P<low>{_NUMBER}) <= )?(?:Marginal:{_NUMBER} <= )?x"
    rf"(?: <= Marginal:{_NUMBER})?(?: <= (?P<high>{_NUMBER}))?"
)
_EQUAL: Final = re.compile(rf"x == (?P<plain>{_NUMBER})|'x' is equal to '(?P<quoted>{_NUMBER})'")
_WITHIN: Final = re.compile(
    rf"'x' is within (?P<percent>{_NUMBER})% of (?P<of>[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\.?"
    r"(?: Marginal:.*)?"
)
#: What all values of a measurement with dimensions have to pass.
_EACH: Final = "All values pass: "
_EXACTLY: Final = re.compile(r"'x' matches /\^(?P<text>(?:[^\\.^$*+?{}\[\]|()]|\\[^0-9A-Za-z])*)\$/")
_IS: Final = re.compile(r"'x' is equal to '(?P<text>.*)'", re.DOTALL)


@dataclass(frozen=True)
class Bounds:
    """What a value has to keep to; all None when nothing is known."""

    low: float | None = None
    high: float | None = None
    equal: float | None = None

    def row(self, value: float, status: str, *, unit: str | None = None, name: str | None = None) -> Row:
        """The value with its limits, as the wire has them."""
        if self.equal is None:
            return numeric(value, status, low=self.low, high=self.high, unit=unit, name=name)
        return {**numeric(value, status, unit=unit, name=name), "compOp": "EQ", "lowLimit": self.equal}


def bounds(sentences: Iterable[str]) -> Bounds:
    """All sentences together: a value has to pass every one of them, so the narrowest limits count.

    >>> bounds(["0 <= x", "0.5 <= Marginal:1 <= x <= 9"])
    Bounds(low=0.5, high=9.0, equal=None)
    """
    lows, highs, equal = [-math.inf], [math.inf], None
    for sentence in (written.removeprefix(_EACH) for written in sentences):
        if found := _RANGE.fullmatch(sentence):
            lows.append(number(found["low"] or "-inf"))
            highs.append(number(found["high"] or "inf"))
        elif found := _EQUAL.fullmatch(sentence):
            equal = number(found["plain"] or found["quoted"])
        elif found := _WITHIN.fullmatch(sentence):
            middle, percent = number(found["of"]), number(found["percent"])
            lows.append(middle - abs(middle * percent / 100.0))
            highs.append(middle + abs(middle * percent / 100.0))
    low, high = max(lows), min(highs)
    # An infinite limit is none.
    return Bounds(low if math.isfinite(low) else None, high if math.isfinite(high) else None, equal)


def expected_text(sentences: Iterable[str]) -> str | None:
    r"""The one text that passes, where there is just one.

    >>> expected_text([r"'x' matches /^1\.4$/"]), expected_text(["'x' matches /^SN-[0-9]+$/"])
    ('1.4', None)
    """
    for sentence in sentences:
        if found := _EXACTLY.fullmatch(sentence):
            return re.sub(r"\\(.)", r"\1", found["text"])
        if found := _IS.fullmatch(sentence):
            return found["text"]
    return None
