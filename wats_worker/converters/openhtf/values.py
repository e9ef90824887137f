"""Measurements of a phase: whatever a test's author put into one becomes rows, a chart, or a table."""

import json
import math
from typing import Any, Final

from wats_worker.converters import measures
from wats_worker.converters.base import Refused
from wats_worker.converters.jsons import Object, double, objects, text
from wats_worker.converters.openhtf.limits import bounds, expected_text
from wats_worker.converters.openhtf.tables import as_chart, as_table
from wats_worker.converters.texts import OF_STEP, Step, fit, say, shown

#: How a measurement went. One that is only partially set belongs to a phase that broke off.
_STATUSES: Final = {"PASS": "P", "FAIL": "F", "SKIPPED": "S", "UNSET": "S", "PARTIALLY_SET": "E"}
#: What JSON has no number for, as OpenHTF writes it.
_WORDS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
#: A list of more values is drawn instead of listed.
_MOST_ROWS: Final = 100


def measurement(name: str, found: Object, place: str, *, must_be_set: bool) -> Step:
    """The step of one measurement.

    Args:
        name: What it is called.
        found: The measurement.
        place: Where it stands, for messages.
        must_be_set: One that was not measured made its phase fail.

    Raises:
        Refused: its outcome is none, or its value is none that could be kept.
    """
    word = text(found, "outcome")
    if word not in _STATUSES:
        raise Refused(f"{shown(word)} is not an outcome", place=place, field="outcome")
    status = "F" if word == "UNSET" and must_be_set else _STATUSES[word]
    sentences = _sentences(found)
    try:
        step = _step(name, found, status, sentences)
    except ValueError as error:
        raise Refused(str(error), place=place, field="measured_value") from None
    if "measured_value" not in found and word != "SKIPPED":
        say(step, "no value was set")
    for sentence in sentences:
        say(step, f"limit: {sentence}")
    for conditional in objects(found, "conditional_validators"):
        say(step, f"limit when {text(conditional, 'result')}: {text(conditional, 'validator')}")
    if documentation := text(found, "docstring"):
        say(step, documentation)
    return step


def _sentences(found: Object) -> list[str]:
    validators = found.get("validators")
    return [str(sentence) for sentence in validators] if isinstance(validators, list) else []


def _step(name: str, found: Object, status: str, sentences: list[str]) -> Step:
    if "measured_value" not in found or status == "S":
        return measures.passed_or_failed(name, status)
    value = found["measured_value"]
    dimensions = found.get("dimensions")
    if isinstance(dimensions, list) and dimensions and isinstance(value, list):
        return _with_dimensions(name, found, status)
    if isinstance(value, bool) or value is None:
        return measures.passed_or_failed(name, status, f"value: {value}")
    if isinstance(value, list) and value and (rows := _rows(list(enumerate(value, start=1)), found, status)):
        return measures.numbers(name, status, rows)
    if (plain := _number(value)) is not None:
        step = measures.numbers(name, status, [bounds(sentences).row(plain, OF_STEP[status])])
        if unit := unit_of(found.get("units")):
            step["numericMeas"][0]["unit"] = fit(step, "Unit", unit, 20)
        return step
    step = measures.noted(name, status, value if isinstance(value, str) else json.dumps(value))
    expected = expected_text(sentences)
    if expected is not None and isinstance(value, str) and len(expected) <= 100:
        step["stringMeas"][0] |= {"compOp": "EQ", "limit": expected}
    return step


def _with_dimensions(name: str, found: Object, status: str) -> Step:
    """Numbers over numbers are a curve, a few numbers over names are rows, everything else is a table."""
    points, axes = found["measured_value"], list(objects(found, "dimensions"))
    width = len(axes) + 1
    if not all(isinstance(point, list) and len(point) == width for point in points):
        raise ValueError(f"not every point has {width} values")
    numbers = [[_number(value) for value in point] for point in points]
    step = measures.passed_or_failed(name, status)
    if all(value is not None and math.isfinite(value) for point in numbers for value in point):
        drawn = as_chart(step, axes, found, numbers)
        if drawn:
            return step
    if width == 2 and (rows := _rows(points, found, status)):
        return measures.numbers(name, status, rows)
    as_table(step, [text(axis, "name") for axis in axes], points)
    return step


def _rows(named: list[Any], found: Object, status: str) -> list[measures.Row]:
    """A row for each name and number; none when there are too many, or some are no numbers."""
    if len(named) > _MOST_ROWS:
        return []
    limits, unit = bounds(_sentences(found)), unit_of(found.get("units"))[:20] or None
    rows = []
    for name, value in named:
        if (plain := _number(value)) is None:
            return []
        rows.append(limits.row(plain, OF_STEP[status], unit=unit, name=str(name)[:100] or "-"))
    return rows


def _number(value: Any) -> float | None:
    return _WORDS.get(value) if isinstance(value, str) else double(value)


def unit_of(descriptor: object) -> str:
    """The unit as it is written behind numbers, else its name, else nothing."""
    if not isinstance(descriptor, dict) or text(descriptor, "code") in {"NDL", ""}:
        return ""
    return text(descriptor, "suffix") or text(descriptor, "name")
