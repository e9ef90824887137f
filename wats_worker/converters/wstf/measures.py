"""The three kinds of measurement rows: what their cells mean, and whether the value passes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wats_worker.converters.base import Refused
from wats_worker.converters.texts import Step, fit, number, shown, wire_number
from wats_worker.reports import judge
from wats_worker.reports.model import ONE_LIMIT, TWO_LIMITS

Measure = dict[str, Any]

_TEXT_OPERATORS: Final = ONE_LIMIT | {"LOG", "CASESENSIT", "IGNORECASE"}
_SPELLINGS: Final = {"CASESENSITIVE": "CASESENSIT"}
_TRUTHS: Final = {
    **dict.fromkeys(("true", "1", "passed", "pass"), True),
    **dict.fromkeys(("false", "0", "failed", "fail"), False),
}


@dataclass(frozen=True)
class Cells:
    """One row by column name; a column the file doesn't have is empty."""

    place: str
    texts: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.texts.get(column, "")

    def read(self, column: str, how: Callable[[str], float]) -> float:
        """A cell as a number.

        Raises:
            Refused: it is none.
        """
        try:
            return how(self[column])
        except ValueError as error:
            raise Refused(str(error), place=self.place, field=column) from None

    def limit(self, column: str) -> float | None:
        """A limit, if there is one."""
        if not self[column]:
            return None
        value = self.read(column, number)
        if not isinstance(wire_number(value), float):
            raise Refused("a limit must be a number", place=self.place, field=column)
        return value


@dataclass(frozen=True)
class Reading:
    """A measurement without its status, and the status that follows from its value."""

    row: Measure
    passed: bool | None


@dataclass(frozen=True)
class Kind:
    """One kind of measuring step."""

    member: str
    single: str
    several: str
    read: "Callable[..., Reading]"


def _numeric(cells: Cells, step: Step, *, judged: bool) -> Reading:
    value, low, high = cells.read("Value", number), cells.limit("LowLimit"), cells.limit("HighLimit")
    operator = cells["CompOperator"].upper() or _missing(low, high, cells, judged=judged)
    if operator in {"LE", "LT"} and low is None:
        low = high  # the wire has every single limit in lowLimit, some writers don't
    if operator in ONE_LIMIT:
        high = None
    elif operator == "LOG":
        low = high = None
    elif operator not in TWO_LIMITS:
        raise Refused(f"{shown(operator)} is not an operator", place=cells.place, field="CompOperator")
    passed = judge.numeric(operator, value, low, high)
    if passed is None:
        raise Refused(
            f"{operator} lacks a limit", place=cells.place, field="LowLimit" if low is None else "HighLimit"
        )
    row: Measure = {"compOp": operator, "value": wire_number(value), "lowLimit": low, "highLimit": high}
    if cells["Unit"]:
        row["unit"] = fit(step, "Unit", cells["Unit"], 20)
    return Reading({member: cell for member, cell in row.items() if cell is not None}, passed)


def _missing(low: float | None, high: float | None, cells: Cells, *, judged: bool) -> str:
    """The operator of a row that names none. Where it would decide the verdict it is not guessed."""
    if low is None and high is None:
        return "LOG"
    if not judged:
        raise Refused("limits, but neither an operator nor a status", place=cells.place, field="CompOperator")
    return "LE" if low is None else "GE" if high is None else "GELE"


def _text(cells: Cells, step: Step, *, judged: bool) -> Reading:
    value, limit = cells["Value"], cells["LowLimit"] or None
    operator = cells["CompOperator"].upper()
    operator = _SPELLINGS.get(operator, operator)
    if not operator:
        if limit is not None and not judged:
            raise Refused(
                "a limit, but neither an operator nor a status", place=cells.place, field="CompOperator"
            )
        operator = "EQ" if limit is not None else "LOG"
    if operator not in _TEXT_OPERATORS:
        raise Refused(f"{shown(operator)} is not an operator", place=cells.place, field="CompOperator")
    row: Measure = {"compOp": operator, "value": fit(step, "Value", value, 100)}
    if operator != "LOG":
        limit = limit or ""
        row["limit"] = fit(step, "Limit", limit, 100)
    return Reading(row, judge.text(operator, value, limit))


def _verdict(cells: Cells, step: Step, *, judged: bool) -> Reading:  # noqa: ARG001 - the three readers are called alike
    value = cells["Value"].lower()
    if value and value not in _TRUTHS:
        raise Refused(f"{shown(cells['Value'])} is not True or False", place=cells.place, field="Value")
    return Reading({}, _TRUTHS.get(value))


KINDS: Final[Mapping[str, Kind]] = {
    "NumericLimitTest": Kind("numericMeas", "ET_NLT", "ET_MNLT", _numeric),
    "StringValueTest": Kind("stringMeas", "ET_SVT", "ET_MSVT", _text),
    "PassFailTest": Kind("booleanMeas", "ET_PFT", "ET_MPFT", _verdict),
}
