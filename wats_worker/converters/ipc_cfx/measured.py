"""Measurements of all kinds that CFX has, and of those it will get: rows with their values and limits."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from wats_worker.converters import measures, units
from wats_worker.converters.base import Refused
from wats_worker.converters.ipc_cfx.results import letter
from wats_worker.converters.jsons import Object, double, text
from wats_worker.converters.measures import Row
from wats_worker.converters.scale import scaled
from wats_worker.converters.texts import OF_STEP, number, shown

#: What every measurement has, whatever it measured.
_COMMON: Final = frozenset(
    {
        "$type", "UniqueIdentifier", "MeasurementName", "TimeRecorded", "Sequence", "Result", "CRDs",
        "Components", "ComponentPad", "Image", "DepositImage", "Verification", "VerificationDetail", "RefNo",
        "ValueDataType", "MimeType",
    }
)  # fmt: skip
#: The units that the standard fixes for values without one: inspections of paste and of placed parts.
_FIXED: Final = {
    "X": "mm", "Y": "mm", "Z": "mm", "DX": "mm", "DY": "mm", "DZ": "mm", "Vol": "ml", "A": "mm²",
    "RXY": "deg", "RZX": "deg", "RZY": "deg",
}  # fmt: skip
#: What .NET has in the place of a limit that is none; also infinity, and what is no number.
_NO_LIMIT: Final = 1.79e308
#: Makers' spellings of units, and how they are read here.
_SPELLINGS: Final = (
    ("Ohms", "Ohm"),
    ("ohms", "Ohm"),
    ("ohm", "Ohm"),
    ("Ω", "Ohm"),
    ("Volts", "V"),
    ("Volt", "V"),
)


class Measurement:
    """One measurement: its rows, and what is to be told of it.

    Raises:
        Refused: its result is none, or a value that has to be a number is none.
    """

    def __init__(self, found: Object, place: str, default: str) -> None:
        self._found = found
        self._name = text(found, "MeasurementName") or text(found, "CRDs") or text(found, "ComponentPad")
        self.place = f"{place}, {self._name}" if self._name else place
        word = text(found, "Result")
        self._status = OF_STEP[letter(word, self.place) if word else default]
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.kind = "booleanMeas"
        self.rows = list(self._rows())

    def _rows(self) -> Iterator[Row]:
        measured = self._found.get("MeasuredValue")
        if isinstance(measured, dict):
            yield self._value(self._name, measured, numeric=True)
        elif "Value" in self._found:
            yield self._value(self._name, self._found, numeric=False)
        else:
            members = [name for name in self._found if name not in _COMMON]
            for member in members:
                if not (member[:1] == "E" and member[1:] in members):  # what was expected of another
                    yield from self._member(member)

    def _member(self, member: str) -> Iterator[Row]:
        """A value among several: a pad has a length, a width, a height."""
        value, name = self._found[member], f"{self._name} {member}".strip()
        if isinstance(value, dict) and "Value" in value:
            yield self._value(name, value, numeric=True)
        elif isinstance(value, (bool, str)):
            self.notes.append(f"{name}: {value}")
        elif (plain := self._number(value, numeric=True)) is not None:
            self.kind = "numericMeas"
            yield measures.numeric(plain, self._status, unit=_FIXED.get(member), name=name[:100])
            if (expected := self._found.get(f"E{member}")) is not None:
                self.notes.append(f"{name}: {value}, expected {expected}")

    def _value(self, name: str, found: Object, *, numeric: bool) -> Row:
        value, expected, named = found.get("Value"), found.get("ExpectedValue"), name[:100] or "-"
        plain = self._number(value, numeric=numeric)
        if plain is None:
            told = f", expected {expected}" if expected not in (None, "") else ""
            self.notes.append(f"{name}: {value}{told}".removeprefix(": "))
            return measures.verdict(self._status, name=named)
        self.kind = "numericMeas"
        unit = text(found, "ValueUnits")
        low, high = self._limit(found, "Minimum", unit), self._limit(found, "Maximum", unit)
        self._tell(name, found, unit, limited=low is not None or high is not None)
        return measures.numeric(plain, self._status, low=low, high=high, unit=unit[:20], name=named)

    def _limit(self, found: Object, side: str, unit: str) -> float | None:
        """A limit in the unit of the value; none where it is infinite, or in a unit of another kind."""
        limit = self._number(found.get(f"{side}AcceptableValue"), numeric=True)
        if limit is None or not abs(limit) < _NO_LIMIT:
            return None
        written = text(found, f"{side}AcceptableValueUnits") or text(found, "ExpectedValueUnits") or unit
        power = _power(written, unit)
        if power is None:
            self.warnings.append(
                f"{self.place}: a limit in {shown(written)} for a value in {shown(unit)}, left out"
            )
            return None
        try:
            return scaled(repr(limit), power)
        except ValueError as error:
            raise Refused(str(error), place=self.place, field=f"{side}AcceptableValue") from None

    def _tell(self, name: str, found: Object, unit: str, *, limited: bool) -> None:
        """Say what was expected, and the limits as they are written where the row has them otherwise."""
        other = text(found, "ExpectedValueUnits") or unit
        told = [
            f"{label} {found[member]} {other}".strip()
            for label, member in (
                ("expected", "ExpectedValue"),
                ("at least", "MinimumAcceptableValue"),
                ("at most", "MaximumAcceptableValue"),
            )
            if found.get(member) is not None and (label == "expected" or other != unit or not limited)
        ]
        if told:
            self.notes.append(f"{name}: {', '.join(told)}".removeprefix(": "))

    def _number(self, value: Any, *, numeric: bool) -> float | None:
        """A number, also one in quotes; None for what is none, unless it has to be one."""
        try:
            return number(value) if isinstance(value, str) else double(value)
        except ValueError as error:
            if isinstance(value, str) and not numeric:
                return None
            raise Refused(str(error), place=self.place, field="value") from None


@lru_cache(maxsize=1000)  # a message has few units, and each of them often
def _power(of: str, to: str) -> int | None:
    """The power of ten between two units; none where they are no multiples of one.

    >>> _power("kOhm", "Ohm"), _power("mV", "kV"), _power("V", "A"), _power("", "")
    (3, -6, None, 0)
    """
    if of == to:
        return 0
    try:
        first, second = units.quantity(f"1 {_plain(of)}"), units.quantity(f"1 {_plain(to)}")
    except ValueError:
        return None
    if first.unit != second.unit:
        return None
    return round(math.log10(first.value) - math.log10(second.value))


def _plain(unit: str) -> str:
    for spelling, known in _SPELLINGS:
        if unit.endswith(spelling):
            return unit.removesuffix(spelling) + known
    return unit
