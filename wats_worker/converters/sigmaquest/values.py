"""Values of a run: numbers, texts and truths with their limits, and what is only told."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters import markup
from wats_worker.converters.base import Refused
from wats_worker.converters.sigmaquest.options import Options
from wats_worker.converters.texts import OF_STEP, Step, fit, number, say, shown, wire_number
from wats_worker.reports import judge
from wats_worker.reports.model import ONE_LIMIT, TWO_LIMITS

#: Which member of a step a value of each kind goes into.
_MEMBERS: Final = {
    "ValueDouble": "numericMeas",
    "ValueInteger": "numericMeas",
    "ValueString": "stringMeas",
    "ValueTimestamp": "stringMeas",
    "ValueBoolean": "booleanMeas",
}
#: What holds values and says nothing itself.
_HOLDERS: Final = frozenset({"Property", "ValueRecord"})
_OTHERS: Final = frozenset({"ValueArray", "ValueAttachment"})
#: How a value reads that nobody measured.
_NOTHING: Final = frozenset({"", "null"})
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_UPPER: Final = frozenset({"LE", "LT"})


def values(holder: _Element) -> Iterator["Value"]:
    """The values in an element, those in its properties and records too.

    Raises:
        Refused: something else stands there.
    """
    for child in holder:
        name = markup.local(child)
        if name in _HOLDERS:
            yield from values(child)
        elif name in _MEMBERS or name in _OTHERS:
            yield Value(child, name)
        else:
            raise Refused(f"{shown(name)} is no value", place=markup.place(child))


@dataclass(frozen=True)
class Value:
    """One value."""

    element: _Element
    tag: str

    @property
    def member(self) -> str:
        """Which member of a step it goes into; empty for what is only told."""
        return _MEMBERS.get(self.tag, "")

    @property
    def name(self) -> str:
        """What it is called, if it is."""
        return self.element.get("name", "").strip()

    @cached_property
    def text(self) -> str:
        """As it is written."""
        return self.element.get("fqn", "") if self.tag == "ValueAttachment" else markup.text(self.element)

    @property
    def judged(self) -> bool:
        """Whether the report says how it should be, or whether it was so."""
        return any(self.element.get(name, "").strip() for name in ("grade", "lsl", "usl"))

    def line(self) -> str:
        """All of it for a report text."""
        unit = self.element.get("uom", "")
        return " ".join(part for part in (f"{self.name or 'Value'}:", self.text, unit) if part)

    def row(self, comparison: str, run: str, step: Step, options: Options) -> dict[str, Any]:
        """The row of the wire.

        Args:
            comparison: The operator that the run names, if it does.
            run: The letter of the run's own grade, which is that of its values if they have none.
            step: Where it is said what doesn't fit.
            options: What zero means as a limit, and words for grades.

        Raises:
            Refused: it can't be read.
        """
        named = {"name": fit(step, "Value", self.name, 100)} if self.name else {}
        try:
            match self.member:
                case "numericMeas":
                    content, passed = self._number(comparison, step, options)
                case "stringMeas":
                    content, passed = self._text(comparison, step)
                case _:
                    content, passed = self._truth(step)
        except ValueError as error:
            raise Refused(str(error), place=markup.place(self.element), field=self.name or self.tag) from None
        return {"status": self._status(run, options, passed=passed), **content, **named}

    def _status(self, run: str, options: Options, *, passed: bool | None) -> str:
        if self.text in _NOTHING and self.member == "numericMeas":
            return "S"
        if grade := self.element.get("grade", "").strip():
            return OF_STEP[options.letter(grade, markup.place(self.element))]
        if run in {"P", "D", "S"}:
            return OF_STEP[run]
        # A run failed, and doesn't say by which of its values.
        return "F" if passed is False else "P"

    def _number(self, comparison: str, step: Step, options: Options) -> tuple[dict[str, Any], bool | None]:
        value = math.nan if self.text in _NOTHING else number(self.text)
        content: dict[str, Any] = {"compOp": "LOG", "value": wire_number(value)}
        limits = [
            self._limit(name, zero=bool(comparison) or options.zero_limit == "zero")
            for name in ("lsl", "usl")
        ]
        content |= _against(comparison, *limits)
        if unit := self.element.get("uom", "").strip():
            content["unit"] = fit(step, "Unit", unit, 20)
        if any(self.element.get(name, "").strip() for name in ("ldil", "udil")):
            # Beyond these it is the measurement that is doubted, and not the unit.
            least, most = (self.element.get(name, "") for name in ("ldil", "udil"))
            say(step, f"{self.name or 'Value'}: plausible from {least} to {most}")
        low, high = content.get("lowLimit"), content.get("highLimit")
        return content, judge.numeric(content["compOp"], value, low, high)

    def _limit(self, name: str, *, zero: bool) -> float | None:
        text = self.element.get(name, "").strip()
        if text.lower() in _NOTHING:
            return None
        limit = number(text)
        return limit if math.isfinite(limit) and (limit or zero) else None

    def _text(self, comparison: str, step: Step) -> tuple[dict[str, Any], bool | None]:
        content = {"compOp": "LOG", "value": fit(step, self.name or "Value", self.text, 100)}
        if limit := (self.element.get("usl") or self.element.get("lsl") or "").strip():
            content["compOp"] = comparison if comparison in ONE_LIMIT else "IGNORECASE"
            content["limit"] = fit(step, "Limit", limit, 100)
        return content, judge.text(content["compOp"], content["value"], content.get("limit"))

    def _truth(self, step: Step) -> tuple[dict[str, Any], bool | None]:
        """Nothing: a verdict has no value on the wire."""
        truth, wanted = (
            _TRUTHS.get(text.lower())
            for text in (self.text, self.element.get("lsl") or self.element.get("usl") or "true")
        )
        if truth is None:
            raise ValueError(f"{shown(self.text)} is not true or false")
        say(step, self.line())
        return {}, truth == wanted


def _against(comparison: str, low: float | None, high: float | None) -> dict[str, Any]:
    """The operator and its limits: the one that the run names if it has its limits, else what they allow."""
    if comparison in TWO_LIMITS and low is not None and high is not None:
        return {"compOp": comparison, "lowLimit": low, "highLimit": high}
    if comparison in ONE_LIMIT:
        first, second = (high, low) if comparison in _UPPER else (low, high)
        limit = second if first is None else first
        return {} if limit is None else {"compOp": comparison, "lowLimit": limit}
    if comparison == "LOG":
        return {}
    if low is not None and high is not None:
        return {"compOp": "GELE", "lowLimit": low, "highLimit": high}
    if low is not None:
        return {"compOp": "GE", "lowLimit": low}
    return {} if high is None else {"compOp": "LE", "lowLimit": high}
