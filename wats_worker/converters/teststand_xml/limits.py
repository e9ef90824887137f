"""Values, limits and operators of TestStand's numeric and string tests."""

import math
from typing import Any, Final

from wats_worker.converters.base import Refused
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.texts import Step, fit, say, shown, wire_number
from wats_worker.reports.model import ONE_LIMIT, TWO_LIMITS

Row = dict[str, Any]

#: What is left of a two-limit operator when one of its limits is missing.
_LOW_ONLY: Final = {
    **dict.fromkeys(("GELE", "GELT"), "GE"),
    **dict.fromkeys(("GTLE", "GTLT"), "GT"),
    **dict.fromkeys(("LEGE", "LEGT"), "LE"),
    **dict.fromkeys(("LTGE", "LTGT"), "LT"),
}
_HIGH_ONLY: Final = {
    **dict.fromkeys(("GELE", "GTLE"), "LE"),
    **dict.fromkeys(("GELT", "GTLT"), "LT"),
    **dict.fromkeys(("LEGE", "LTGE"), "GE"),
    **dict.fromkeys(("LEGT", "LTGT"), "GT"),
}
#: Equal or not equal within a threshold: inside or outside of two limits.
_THRESHOLDS: Final = {"EQT": "GELE", "NET": "LTGT"}
_SHARES: Final = {"percentage": 100.0, "ppm": 1_000_000.0}
_TEXT_OPERATORS: Final = {
    "CASESENSITIVE": "CASESENSIT",
    "CASESENSIT": "CASESENSIT",
    "IGNORECASE": "IGNORECASE",
    "LOG": "LOG",
    **{operator: operator for operator in ONE_LIMIT},
}


def numeric(test: Props, value: float, step: Step) -> Row:
    """A numeric row without name and status: of a step, or of one measurement in it."""
    operator = (test.text("Comp") or "LOG").upper()
    low, high = _limit(test, "Limits.Low"), _limit(test, "Limits.High")
    if operator in _THRESHOLDS:
        operator, low, high = _THRESHOLDS[operator], *_threshold(test, low, high)
    row: Row = {"value": wire_number(value), **_limits(operator, low, high, test, step)}
    if unit := test.text("Units"):
        row["unit"] = fit(step, "Unit", unit, 20)
    return row


def text(test: Props, value: str, limit: str | None, step: Step) -> Row:
    """A string row without name and status."""
    word = test.text("Comp")
    operator = _TEXT_OPERATORS.get((word or "LOG").upper())
    if operator is None:
        raise Refused(f"{shown(word or '')} is not an operator", place=test.place, field="Comp")
    row: Row = {"compOp": operator, "value": fit(step, "Value", value, 100)}
    if operator != "LOG":
        row["limit"] = fit(step, "Limit", limit or "", 100)
    elif limit:
        say(step, f"Limit: {limit}")
    return row


def _limit(test: Props, path: str) -> float | None:
    """A limit; one at infinity, or none at all, is no limit."""
    value = test.number(path)
    return value if value is not None and math.isfinite(value) else None


def _limits(operator: str, low: float | None, high: float | None, test: Props, step: Step) -> Row:
    """The operator with the limits it has. What is one-sided in the report stays one-sided."""
    if operator in TWO_LIMITS:
        if low is not None and high is not None:
            return {"compOp": operator, "lowLimit": low, "highLimit": high}
        single, limit = (_LOW_ONLY, low) if low is not None else (_HIGH_ONLY, high)
        operator = single[operator]
    elif operator in ONE_LIMIT:
        # TestStand keeps every single limit in Low; some writers have that of LT and LE in High.
        limit = high if low is None and operator in {"LT", "LE"} else low
    elif operator == "LOG":
        return {"compOp": "LOG"}
    else:
        raise Refused(f"{shown(operator)} is not an operator", place=test.place, field="Comp")
    if limit is None:  # the report was written without limits
        say(step, f"Compared with {operator}; the report has no limit")
        return {"compOp": "LOG"}
    return {"compOp": operator, "lowLimit": limit}


def _threshold(test: Props, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """The limits a nominal value and its thresholds come to; RawLimits holds the thresholds."""
    nominal = _limit(test, "RawLimits.Nominal")
    kind = (test.text("Limits.ThresholdType") or "").lower()
    below, above = _limit(test, "RawLimits.Low"), _limit(test, "RawLimits.High")
    if nominal is None or below is None or above is None or kind not in {*_SHARES, "delta"}:
        return low, high
    unit = abs(nominal) / _SHARES[kind] if kind in _SHARES else 1.0
    return nominal - unit * below, nominal + unit * above
