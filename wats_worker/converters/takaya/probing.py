"""What a flying probe measures: a reading, held against a reference value in one of a few ways.

The tester keeps a reference and tolerances, not limits, so the limits are calculated. For opens and shorts
they are not in the file at all: the reading and the verdict are what there is.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.measures import Row
from wats_worker.converters.scale import scaled
from wats_worker.converters.texts import Step, number, shown

#: Prefix letters; capital M is mega, and in front of what nobody has a mega of it is refused.
_PREFIXES: Final[Mapping[str, int]] = {
    "f": -15, "p": -12, "P": -12, "n": -9, "N": -9, "u": -6, "U": -6, "µ": -6, "m": -3, "": 0, "k": 3, "K": 3,
    "M": 6,
}  # fmt: skip
_BASES: Final[Mapping[str, str]] = {"O": "Ohm", "Hz": "Hz", "HZ": "Hz", **{unit: unit for unit in "FHVA"}}
_MEGA: Final = frozenset({"O", "Hz", "HZ"})
#: How a reading is held against the reference.
_WITHIN: Final = frozenset({"**", "EQ"})  # within the tolerances around it
_AT_MOST: Final = frozenset({"E", "LE"})
_AT_LEAST: Final = frozenset({"F", "GE"})
_JUMP: Final = "JP"
#: What stands for a verdict where nothing was judged.
_SKIPPED: Final = frozenset({"", "SKIP", "UNTESTED", "JUMP"})
_WORD: Final = re.compile(r"[^0-9A-Za-z]{0,4}[A-Za-z]{2,20}[^0-9]{0,20}")
#: Pins instead of a component's value: 4-G, P3-4, 22Pin.
_PINS: Final = re.compile(r"[A-Za-z]{0,3}[0-9A-Za-z]{0,8}-[0-9A-Za-z-]{1,10}|[0-9A-Za-z]{1,10}Pin")


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in its base unit, and how it was written."""

    value: float
    unit: str | None
    raw: str


@dataclass(frozen=True, slots=True)
class Probing:
    """One row of a tester's table."""

    parts: str
    value: str
    comment: str
    function: str
    verdict: str
    reference: Reading | None
    readings: list[Reading]  # one, or two where the first didn't pass; none where nothing was measured
    above: str  # tolerances in percent
    below: str
    told: str
    texts: list[str] = field(default_factory=list)  # readings that are no numbers


def reading(digits: str, unit: str) -> Reading | None:
    """A cell and the unit beside it; None for an empty one, and for the dots of one that was not measured.

    Raises:
        ValueError: the number or the unit can't be read.
    """
    digits, unit = digits.strip(), unit.strip()
    if not digits or not digits.strip(".-"):
        return None
    if not unit:
        return Reading(number(digits), None, digits)
    base = unit if unit in _BASES else unit[1:]
    prefix = unit.removesuffix(base)
    if base not in _BASES or prefix not in _PREFIXES or (prefix == "M" and base not in _MEGA):
        raise ValueError(f"{shown(unit)} is not a unit")
    return Reading(scaled(digits, _PREFIXES[prefix]), _BASES[base], f"{digits} {unit}")


def step(test: Probing, place: str) -> Step:
    """The step of a row.

    Raises:
        Refused: its verdict or its tolerances can't be read.
    """
    name = _name(test)
    if not name:
        raise Refused("a row without a name", place=place)
    status = _status(test, name, place)
    if status == "S":
        return measures.passed_or_failed(name, status, test.told)
    if test.texts:
        return measures.noted(name, status, test.texts[0], test.told)
    if not test.readings and test.reference is None:
        return measures.passed_or_failed(name, status, test.told)
    try:
        low, high = _limits(test)
    except ValueError as error:
        raise Refused(str(error), place=place, field=name) from None
    return measures.numbers(name, status, _rows(test, status, low, high), test.told)


def _rows(test: Probing, status: str, low: float | None, high: float | None) -> list[Row]:
    """The readings. Of two the second decides: a first one that it made up for was not judged."""
    if test.reference and not test.readings:  # judged without a reading: the row stays what it is elsewhere
        return [measures.numeric(math.nan, status, low=low, high=high, unit=test.reference.unit)]
    if len(test.readings) == 1:
        [only] = test.readings
        return [measures.numeric(only.value, status, low=low, high=high, unit=only.unit)]
    last = len(test.readings)
    return [
        measures.numeric(
            read.value,
            status if status == "F" or place == last else "S",
            low=low,
            high=high,
            unit=read.unit,
            name=f"Test {place}",
        )
        for place, read in enumerate(test.readings, start=1)
    ]


def _name(test: Probing) -> str:
    """What the row is about: the component, and its pins or nets where it has many rows.

    >>> def named(parts: str, value: str, comment: str) -> str:
    ...     return _name(Probing(parts, value, comment, "", "", None, [], "", "", ""))
    >>> named("R17", "10", "P205266"), named("U16", "22Pin", "061"), named("P1P2", "P-Auto", "12V-3V3")
    ('R17', 'U16 22Pin', 'P1P2 12V-3V3')
    """
    if test.value.upper() == "P-AUTO":
        return f"{test.parts} {test.comment}".strip()
    if _PINS.fullmatch(test.value):
        return f"{test.parts} {test.value}".strip()
    return test.parts


def _status(test: Probing, name: str, place: str) -> str:
    verdict = test.verdict.strip().strip(".").upper()
    if test.function == _JUMP or verdict in _SKIPPED:
        return "S"
    if verdict == "PASS":
        return "P"
    if not _WORD.fullmatch(verdict):
        raise Refused(f"{shown(test.verdict)} is not a verdict", place=place, field=name)
    return "F"  # FAIL, or in which way it failed: OPEN, UPPER, LOWER, UNMEASURED


def _limits(test: Probing) -> tuple[float | None, float | None]:
    if test.reference is None:
        return None, None
    value = test.reference.value
    if test.function in _WITHIN:
        above, below = _percent(test.above), _percent(test.below)
        if above == below == 0:
            return None, None
        first, second = value * (1 + above), value * (1 - below)
        return min(first, second), max(first, second)
    if test.function in _AT_MOST:
        return None, value
    if test.function in _AT_LEAST:
        return value, None
    return None, None


def _percent(text: str) -> float:
    """A tolerance such as +30%, -30% or 30.0, without its sign; a line of dashes is none."""
    digits = text.strip().removesuffix("%").strip()
    if not digits.strip("-"):
        return 0.0
    return abs(number(digits)) / 100
