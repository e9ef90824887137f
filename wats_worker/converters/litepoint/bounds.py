"""Limits as IQDVT writes them into cells and headings. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from wats_worker.converters.texts import number, shown
from wats_worker.reports import judge

_NUMBER: Final = r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
#: (17.00 - 18.00), (-10 ~ 10)
_RANGE: Final = re.compile(rf"({_NUMBER})\s*(?:\s-\s|~|\sto\s)\s*({_NUMBER})\s*([A-Za-z%/]*)")
#: >=23dBm, <1
_ONE: Final = re.compile(rf"(<=|>=|<|>|==?)\s*({_NUMBER})\s*([A-Za-z%/]*)")
#: 35+-/4, +-4, 20 +/- 1 dB
_AROUND: Final = re.compile(rf"({_NUMBER})?\s*(?:\+-/|\+/-|\+-|±)\s*([0-9]+(?:\.[0-9]*)?)\s*([A-Za-z%/]*)")
_BRACKETS: Final = re.compile(r"[()\[\]]")
_OPERATORS: Final = {"<": "LT", "<=": "LE", ">": "GT", ">=": "GE", "=": "EQ", "==": "EQ"}
_NONE: Final = frozenset({"", "-", "--", "n/a", "na", "none"})


@dataclass(frozen=True)
class Bound:
    """What a number is held against."""

    operator: str
    low: float
    high: float | None = None
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Whether a value is as it should be."""
        return judge.numeric(self.operator, value, self.low, self.high) is True

    def members(self) -> dict[str, Any]:
        """For the row of the wire."""
        high = {} if self.high is None else {"highLimit": self.high}
        return {"compOp": self.operator, "lowLimit": self.low, **high}


@lru_cache(maxsize=1000)  # a table has few of them, each in many rows
def bound(text: str) -> Bound | None:
    """The limits in a text; None where there are none.

    Raises:
        ValueError: it says something else.

    >>> bound("(17.00 - 18.00)"), bound(" ")
    (Bound(operator='GELE', low=17.0, high=18.0, unit=''), None)
    >>> bound(">=23dBm").members(), bound("35+-/4").members()
    ({'compOp': 'GE', 'lowLimit': 23.0}, {'compOp': 'GELE', 'lowLimit': 31.0, 'highLimit': 39.0})
    """
    inner = _BRACKETS.sub(" ", text).strip()
    if inner.lower() in _NONE:
        return None
    if found := _RANGE.fullmatch(inner):
        return Bound("GELE", number(found[1]), number(found[2]), found[3])
    if found := _ONE.fullmatch(inner):
        return Bound(_OPERATORS[found[1]], number(found[2]), None, found[3])
    if found := _AROUND.fullmatch(inner):
        middle, width = number(found[1] or "0"), number(found[2])
        return Bound("GELE", middle - width, middle + width, found[3])
    raise ValueError(f"{shown(text)} are no limits")
