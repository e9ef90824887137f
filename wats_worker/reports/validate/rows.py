"""Checks of the measurements of one step."""

import math
from dataclasses import dataclass, field
from typing import Final

from wats_worker.reports import judge
from wats_worker.reports.model import TWO_LIMITS, NumericMeasurement, Step, StringMeasurement
from wats_worker.reports.validate.finding import Findings

_NUMERIC_FIX: Final = "the tester's verdict is kept; look at its limits"


@dataclass
class Doubts:
    """What is worth one word per report rather than one per row: the first place of each, and how many."""

    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, text: str, path: str) -> None:
        """Count one."""
        self.places.setdefault(text, []).append(path)

    def tell(self, findings: Findings) -> None:
        """Check 27, once per kind."""
        for text, paths in self.places.items():
            findings.warn(27, paths[0], f"{text} ({len(paths)} in this report)")


def check_rows(step: Step, path: str, findings: Findings, doubts: Doubts) -> None:
    """Checks 6, 7, 13, 17, 19 and 27 for one step."""
    for number, row in enumerate(step.numeric_meas or ()):
        _check_numeric(row, f"{path}.numericMeas[{number}]", findings, doubts)
    for number, text_row in enumerate(step.string_meas or ()):
        _check_text(text_row, f"{path}.stringMeas[{number}]", findings)
    rows = step.numeric_meas or step.string_meas or step.boolean_meas or []
    names = [row.name for row in rows if row.name]
    if len(names) > 1 and len(set(names)) < len(names):
        findings.warn(13, path, "two rows of this step have one name", 'append " (2)"')
    if rows and step.status == "P" and any(row.status == "F" for row in rows):
        findings.warn(19, f"{path}.status", "is P, and one of its measurements is F")
    if rows and step.status == "S":
        findings.warn(19, f"{path}.status", "is S, and a skipped step measures nothing")


def _check_numeric(row: NumericMeasurement, path: str, findings: Findings, doubts: Doubts) -> None:
    operator = row.comp_op
    if not operator.isupper():
        findings.warn(7, f"{path}.compOp", f"{operator!r} is not in capitals", "write it in capitals")
        operator = operator.upper()
    low, high = row.low_limit, row.high_limit
    for member, limit in (("lowLimit", low), ("highLimit", high)):
        if limit is not None and not math.isfinite(limit):
            findings.reject(
                17, f"{path}.{member}", f"a limit can't be {limit}", "leave out a limit that is none"
            )
    _compare(row.status, judge.numeric(operator, row.value, low, high), path, findings)
    if operator == "EQ" and not (row.value.is_integer() and (low is None or low.is_integer())):
        doubts.add("EQ compares measured numbers to the last bit", path)
    if not row.unit:
        doubts.add("a number without a unit", path)
    if operator in TWO_LIMITS and low is not None and high is not None and low > high:
        doubts.add("the low limit is above the high limit", path)


def _check_text(row: StringMeasurement, path: str, findings: Findings) -> None:
    if not row.comp_op.isupper():
        findings.warn(7, f"{path}.compOp", f"{row.comp_op!r} is not in capitals", "write it in capitals")
    if row.value is None:
        findings.reject(6, f"{path}.value", "is null", "send an empty text")
    else:
        _compare(row.status, judge.text(row.comp_op, row.value, row.limit), path, findings)


def _compare(status: str, passed: bool | None, path: str, findings: Findings) -> None:
    """Check 19: the tester's verdict against the one that follows from value and limits."""
    if passed is not None and status != "S" and passed != (status == "P"):
        computed = "P" if passed else "F"
        findings.warn(19, f"{path}.status", f"is {status}, and the limits say {computed}", _NUMERIC_FIX)
