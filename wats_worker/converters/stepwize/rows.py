"""One row of results: what it measured, against what, and how that ended."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.stepwize.options import Options
from wats_worker.converters.texts import OF_STEP, Step, fit, number, say, shown, wire_number

#: Rows that say nothing about the unit, only about their step.
_ABOUT_THE_STEP: Final = frozenset({"overall outcome", "iteration"})
_INSIDE: Final = re.compile(r"LL\s*(<=?)\s*Value\s*(<=?)\s*UL")
_OUTSIDE: Final = re.compile(r"Value\s*(<=?)\s*LL\s*(?:or|\|\|)\s*Value\s*(>=?)\s*UL", re.IGNORECASE)
_ONE: Final = re.compile(r"Value\s*(<=|>=|<>|!=|==|[<>=])\s*(LL|UL)")
_NO_LIMITS: Final = frozenset({"", "none", "no limits", "record only", "n/a"})
_OPERATORS: Final = {
    "<": "LT", "<=": "LE", ">": "GT", ">=": "GE", "=": "EQ", "==": "EQ", "!=": "NE", "<>": "NE",
}  # fmt: skip
_MIRRORED: Final = {"<": "GT", "<=": "GE"}
#: The prefixes that change nothing: one, and the first of the list, which a row without a number has.
_UNITY: Final = frozenset({"", "unity [1]", "none", "yotta [y] 10^24"})
_TRUTHS: Final = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
_MEASURE: Final = {"0": "numericMeas", "1": "booleanMeas", "2": "stringMeas"}


def fields(element: _Element, *, leave_out: str = "") -> dict[str, str]:
    """The texts of an element's children by their names.

    Raises:
        Refused: two children of one name say different things.
    """
    found: dict[str, str] = {}
    for child in element:
        name = markup.local(child)
        text = (child.text or "").strip()
        if name != leave_out and found.setdefault(name, text) != text:
            reason = f"{shown(text)} stands here, and {shown(found[name])} before"
            raise Refused(reason, place=markup.place(child), field=name)
    return found


@dataclass(frozen=True)
class Row:
    """One result."""

    fields: Mapping[str, str]
    place: str

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def measures(self) -> bool:
        """Whether it says more than how its step ended."""
        return self["genus"].lower() not in _ABOUT_THE_STEP or self["dataType"] not in {"0", "2"}

    @property
    def name(self) -> str:
        """What was measured; empty where a step has one measurement only."""
        return self["subItemName"] or self["genus"]

    @property
    def kind(self) -> str:
        """Which member of a step it goes into.

        Raises:
            Refused: nobody knows what kind of data it has.
        """
        if self["dataType"] not in _MEASURE:
            reason = f"{shown(self['dataType'])} is no type of data"
            raise Refused(reason, place=self.place, field="dataType")
        return _MEASURE[self["dataType"]]

    def letter(self, options: Options) -> str:
        """How it ended.

        Raises:
            Refused: nobody knows what the word for it means.
        """
        field = "measurementOutcome" if self["measurementOutcome"] else "stepOutcome"
        return options.letter(self[field], field, self.place)

    def made(self, step: Step, source: Source, options: Options) -> dict[str, Any]:
        """The row of the wire. What doesn't fit into it is said in the step.

        Raises:
            Refused: a value, a limit or the way to compare them can't be read.
        """
        letter = self.letter(options)
        made = {"status": OF_STEP[letter]}
        if self.name:
            made["name"] = fit(step, "Measurement", self.name, 100)
        try:
            match self.kind:
                case "numericMeas":
                    return {**made, **self._number(letter, step, source)}
                case "stringMeas":
                    return {**made, **self._text(letter, step)}
                case _:
                    return {**made, **self._truth(step)}
        except ValueError as error:
            raise Refused(str(error), place=self.place, field=self.name or self["stepName"]) from None

    def _number(self, letter: str, step: Step, source: Source) -> dict[str, Any]:
        made: dict[str, Any] = {"compOp": "LOG", "value": wire_number(number(self["stepValue"]))}
        if letter != "D":  # what is only recorded has the limits that a new row is born with
            made |= self._limits()
        if unit := self["units"]:
            made["unit"] = fit(step, "Unit", unit, 20)
        if (prefix := self["SI_Prefix"]).lower() not in _UNITY:
            say(step, f"{self.name or 'Value'}: SI prefix {prefix}")
            source.warn(f"SI prefixes such as {prefix} were not applied: nothing says to what they belong")
        return made

    def _text(self, letter: str, step: Step) -> dict[str, Any]:
        made = {"compOp": "LOG", "value": fit(step, "Value", self["stringValue"], 100)}
        if letter != "D" and (expected := self["Expected_String"]):
            made["compOp"] = "CASESENSIT" if _truth(self["Case_Sensitive"] or "F") else "IGNORECASE"
            made["limit"] = fit(step, "Limit", expected, 100)
        return made

    def _truth(self, step: Step) -> dict[str, Any]:
        """Nothing: a verdict has no value on the wire."""
        value, expected = _truth(self["boolValue"]), self["Expected_Boolean"]
        say(step, f"{self.name or 'Value'}: {value}" + (f", expected {_truth(expected)}" if expected else ""))
        return {}

    def _limits(self) -> dict[str, Any]:
        """The operator, and the limits it takes. A limit that is no number is none."""
        mode = self["limitMode"].replace("&lt;", "<").replace("&gt;", ">")
        if found := _INSIDE.fullmatch(mode):
            return _two(_MIRRORED[found[1]], _OPERATORS[found[2]], self._limit("LL"), self._limit("UL"))
        if found := _OUTSIDE.fullmatch(mode):
            return _two(_OPERATORS[found[1]], _OPERATORS[found[2]], self._limit("LL"), self._limit("UL"))
        if found := _ONE.fullmatch(mode):
            limit = self._limit(found[2])
            return {} if limit is None else {"compOp": _OPERATORS[found[1]], "lowLimit": limit}
        if mode.lower() not in _NO_LIMITS:
            raise ValueError(f"{shown(mode)} is no way to compare a value with limits")
        return {}

    def _limit(self, which: str) -> float | None:
        limit = number(self[{"LL": "lowerLimit", "UL": "upperLimit"}[which]])
        return limit if math.isfinite(limit) else None


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise ValueError(f"{shown(text)} is not T or F")
    return _TRUTHS[text.lower()]


def _two(first: str, second: str, low: float | None, high: float | None) -> dict[str, Any]:
    if low is None and high is None:
        return {}
    if high is None:
        return {"compOp": first, "lowLimit": low}
    if low is None:
        return {"compOp": second, "lowLimit": high}
    return {"compOp": first + second, "lowLimit": low, "highLimit": high}
