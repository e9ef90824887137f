"""Checks of the measurements of one step."""

import math
from typing import Final

from wats_worker.reports import judge
from wats_worker.reports.model import TWO_LIMITS, NumericMeasurement, Row, Step, StringMeasurement
from wats_worker.reports.validate.finding import Findings

_NUMERIC_FIX: Final = "the tester's verdict is kept; look at its limits"


class Doubts:
    """What is worth one word per report rather than one per row: the first row of each, and how many."""

    def __init__(self) -> None:
        self._first: dict[str, object] = {}
        self._counts: dict[str, int] = {}

    def add(self, text: str, row: object) -> None:
        """Count one."""
        self._first.setdefault(text, row)
        self._counts[text] = self._counts.get(text, 0) + 1

    def tell(self, findings: Findings) -> None:
        """Check 27, once per kind."""
        for text, row in self._first.items():
            findings.warn(27, row, "", f"{text} ({self._counts[text]} in this report)")


def check_rows(step: Step, findings: Findings, doubts: Doubts) -> None:
    """Checks 6, 7, 13, 17, 19 and 27 for one step."""
    rows: list[Row] = []
    for number in step.get("numericMeas", ()):
        _check_numeric(number, findings, doubts)
        rows.append(number)
    for text in step.get("stringMeas", ()):
        _check_text(text, findings)
        rows.append(text)
    rows += step.get("booleanMeas", ())
    if not rows:
        return
    if len(rows) > 1:
        names = [name for row in rows if (name := row.get("name"))]
        if len(set(names)) < len(names):
            findings.warn(13, step, "", "two rows of this step have one name", 'append " (2)"')
    status = step["status"]
    if status == "P" and any(row["status"] == "F" for row in rows):
        findings.warn(19, step, "status", "is P, and one of its measurements is F")
    if status == "S":
        findings.warn(19, step, "status", "is S, and a skipped step measures nothing")


def _check_numeric(row: NumericMeasurement, findings: Findings, doubts: Doubts) -> None:
    operator, value = row["compOp"], row["value"]
    if not operator.isupper():
        findings.warn(7, row, "compOp", f"{operator!r} is not in capitals", "write it in capitals")
        operator = operator.upper()
    low, high = row.get("lowLimit"), row.get("highLimit")
    for member, limit in (("lowLimit", low), ("highLimit", high)):
        if limit is not None and not math.isfinite(limit):
            fix = "leave out a limit that is none"
            findings.reject(17, row, member, f"a limit can't be {limit}", fix)
    _compare(row, judge.numeric(operator, value, low, high), findings)
    if operator == "EQ" and not (value.is_integer() and (low is None or low.is_integer())):
        doubts.add("EQ compares measured numbers to the last bit", row)
    if not row.get("unit"):
        doubts.add("a number without a unit", row)
    if low is not None and high is not None and low > high and operator in TWO_LIMITS:
        doubts.add("the low limit is above the high limit", row)


def _check_text(row: StringMeasurement, findings: Findings) -> None:
    operator, value = row["compOp"], row["value"]
    if not operator.isupper():
        findings.warn(7, row, "compOp", f"{operator!r} is not in capitals", "write it in capitals")
    if value is None:
        findings.reject(6, row, "value", "is null", "send an empty text")
    else:
        _compare(row, judge.text(operator, value, row.get("limit")), findings)


def _compare(row: NumericMeasurement | StringMeasurement, passed: bool | None, findings: Findings) -> None:
    """Check 19: the tester's verdict against the one that follows from value and limits."""
    status = row["status"]
    if passed is not None and status != "S" and passed != (status == "P"):
        computed = "P" if passed else "F"
        findings.warn(19, row, "status", f"is {status}, and the limits say {computed}", _NUMERIC_FIX)
