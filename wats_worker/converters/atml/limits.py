"""Limits in the three shapes the standard has for them: a pair, a single limit, an expected value."""

import math
from typing import Any, Final

from lxml.etree import _Element

from wats_worker.converters.atml.data import kind, numeric, unit, written
from wats_worker.converters.base import Refused
from wats_worker.converters.markup import local, place
from wats_worker.converters.texts import Step, fit, say, wire_number
from wats_worker.reports.model import ONE_LIMIT

Row = dict[str, Any]

_ABOVE: Final = frozenset({"GE", "GT"})
_BELOW: Final = frozenset({"LE", "LT"})
#: Equal with or without regard to case. Case-blind inequality has no operator in WATS.
_TEXT: Final = {
    **dict.fromkeys(("CIEQ", "IGNORECASE"), "IGNORECASE"),
    **dict.fromkeys(("CASESENSITIVE", "CASESENSIT"), "CASESENSIT"),
    **{operator: operator for operator in ONE_LIMIT},
}
#: Equal or not equal within a threshold: inside or outside of two limits.
_WITHIN: Final = {"EQ": "GELE", "NE": "LTGT"}
_SHARES: Final = {"percentage": 100.0, "ppm": 1_000_000.0, "delta": None}


def row(result: _Element, datum: _Element, step: Step) -> Row:
    """A measurement without its name and status.

    Args:
        result: The TestResult.
        datum: What was measured.
        step: Takes what a row has no room for into its report text.
    """
    limits = result.find("{*}TestLimits/{*}Limits")
    if kind(datum) == "String":
        return _text(written(datum), limits, step)
    value = numeric(datum, result.get("name") or result.get("ID") or "value")
    made: Row = {"compOp": "LOG", "value": wire_number(value)}
    measured_in = unit(datum)
    if limits is not None:
        measured_in = measured_in or _limit_unit(limits)
        if _limit_unit(limits) in {"", measured_in}:
            made |= _numeric(limits, result, step)
        else:
            say(step, f"Limits in another unit than the value, {measured_in}: {_told(limits)}")
    if measured_in:
        made["unit"] = fit(step, "Unit", measured_in, 20)
    return made


def _limit_unit(limits: _Element) -> str:
    found = {unit(datum) for datum in limits.iter("{*}Datum")} - {""}
    return " or ".join(sorted(found))


def _told(limits: _Element) -> str:
    """Limits of any shape in a line: ``GE 4.9 V, LE 5.1 V``."""
    parts = []
    for datum in limits.iter("{*}Datum"):
        parent = datum.getparent()
        comparator = parent.get("comparator", "") if parent is not None else ""
        parts.append(" ".join(filter(None, (comparator, written(datum), unit(datum)))))
    return ", ".join(parts)


def _text(value: str, limits: _Element | None, step: Step) -> Row:
    made: Row = {"compOp": "LOG", "value": fit(step, "Value", value, 100)}
    if limits is None:
        return made
    shape = next((child for child in limits if local(child) != "Extension"), limits)
    datum = shape.find("{*}Datum")
    operator = _TEXT.get(shape.get("comparator", "").upper())
    if local(shape) == "LimitPair" or operator is None or datum is None:
        say(step, f"Compared with: {_told(limits)}")
        return made
    return {**made, "compOp": operator, "limit": fit(step, "Limit", written(datum), 100)}


def _numeric(limits: _Element, result: _Element, step: Step) -> Row:
    shapes = [child for child in limits if local(child) != "Extension"]
    if len(shapes) == 1:
        shape = shapes[0]
        # A step that was forced to fail, or to pass, has its limits with empty comparators.
        if local(shape) == "LimitPair" and any(limit.get("comparator") for limit in shape):
            return _pair(shape, _properties(limits, result))
        datum = shape.find("{*}Datum")
        operator = shape.get("comparator", "")
        if local(shape) in {"SingleLimit", "Expected"} and datum is not None and operator in ONE_LIMIT:
            if operator in _WITHIN and (bounds := _threshold(_properties(limits, result))):
                return {"compOp": _WITHIN[operator], "lowLimit": bounds[0], "highLimit": bounds[1]}
            limit = numeric(datum, "limit")
            return {"compOp": operator, "lowLimit": limit} if math.isfinite(limit) else {}
    if told := _told(limits):
        say(step, f"Compared with: {told}")
    return {}


def _pair(pair: _Element, properties: _Element | None) -> Row:
    """Two limits in any order; one at infinity is none. A nominal value with thresholds is a pair as well."""
    bounds: dict[str, tuple[str, float]] = {}
    for limit in pair.iterchildren("{*}Limit"):
        comparator, datum = limit.get("comparator", ""), limit.find("{*}Datum")
        side = "low" if comparator in _ABOVE else "high" if comparator in _BELOW else None
        if datum is None or side is None or side in bounds:
            raise Refused(f"{comparator!r} doesn't make a pair", place=place(limit), field="comparator")
        bounds[side] = comparator, numeric(datum, "limit")
    if len(bounds) != 2:
        raise Refused("a pair of one limit", place=place(pair), field="limit")
    (above, low), (below, high) = bounds["low"], bounds["high"]
    if pair.find("{*}Nominal") is not None:
        low, high = _threshold(properties) or (low, high)
    # Inside, a value is above the low limit and below the high one. Outside it is the other way round.
    first, second = (above, low), (below, high)
    if pair.get("operator", "AND") == "OR":
        first, second = second, first
    given = [(operator, limit) for operator, limit in (first, second) if math.isfinite(limit)]
    if len(given) == 2:
        return {"compOp": first[0] + second[0], "lowLimit": first[1], "highLimit": second[1]}
    return {"compOp": given[0][0], "lowLimit": given[0][1]} if given else {}


def _properties(limits: _Element, result: _Element) -> _Element | None:
    """What TestStand says about the limits; older versions say it beside them."""
    found = limits.find("{*}Extension/{*}TSLimitProperties")
    return found if found is not None else result.find("{*}Extension/{*}TSLimitProperties")


def _threshold(properties: _Element | None) -> tuple[float, float] | None:
    """The limits that a nominal value and its thresholds come to."""
    if properties is None:
        return None
    kind_of = (properties.findtext("{*}ThresholdType") or "").strip().lower()
    raw = {name: properties.find(f"{{*}}RawLimits/{{*}}{name}") for name in ("Nominal", "Low", "High")}
    values = [numeric(element, name) for name, element in raw.items() if element is not None]
    if kind_of not in _SHARES or len(values) != len(raw) or not all(map(math.isfinite, values)):
        return None
    nominal, low, high = values
    share = _SHARES[kind_of]
    scale = abs(nominal) / share if share else 1.0
    return nominal - scale * low, nominal + scale * high
