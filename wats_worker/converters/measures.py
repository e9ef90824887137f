"""Rows of measurements, and the sequences they stand in, as testers with limits and verdicts write them."""

import math
from typing import Any, Final

from wats_worker.converters.texts import OF_STEP, Step, fit, wire_number

Row = dict[str, Any]

#: The types of a step with one row that needs no name, and with named ones.
_TYPES: Final = {
    "numericMeas": ("ET_NLT", "ET_MNLT"),
    "stringMeas": ("ET_SVT", "ET_MSVT"),
    "booleanMeas": ("ET_PFT", "ET_MPFT"),
}


def numeric(
    value: float,
    status: str,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str | None = None,
    name: str | None = None,
) -> Row:
    """A numeric row. What has one limit is one-sided, what has none is only logged.

    A limit that is infinite, or no number, is none.

    >>> numeric(3.2, "P", low=float("-inf"), high=5.0, unit="Ohm")
    {'compOp': 'LE', 'status': 'P', 'value': 3.2, 'lowLimit': 5.0, 'unit': 'Ohm'}
    """
    low, high = (limit if limit is not None and math.isfinite(limit) else None for limit in (low, high))
    row: Row = {"compOp": "LOG", "status": status, "value": wire_number(value)}
    if low is not None and high is not None:
        row["compOp"], row["lowLimit"], row["highLimit"] = "GELE", low, high
    elif low is not None:
        row["compOp"], row["lowLimit"] = "GE", low
    elif high is not None:
        row["compOp"], row["lowLimit"] = "LE", high  # where the wire has every single limit
    if unit:
        row["unit"] = unit
    if name:
        row["name"] = name
    return row


def verdict(status: str, *, name: str | None = None) -> Row:
    """A bare verdict."""
    return {"status": status, "name": name} if name else {"status": status}


def measured(name: str, status: str, member: str, rows: list[Row], text: str = "") -> Step:
    """A step with rows of the kind that goes into this member of it.

    >>> measured("Rail", "P", "booleanMeas", [verdict("P")])["stepType"]
    'ET_PFT'
    """
    several = len(rows) > 1 or "name" in rows[0]
    return _step(name, status, _TYPES[member][several], {member: rows}, text)


def numbers(name: str, status: str, rows: list[Row], text: str = "") -> Step:
    """A step with numeric rows."""
    return measured(name, status, "numericMeas", rows, text)


def verdicts(name: str, status: str, rows: list[Row], text: str = "") -> Step:
    """A step with pass or fail rows."""
    return measured(name, status, "booleanMeas", rows, text)


def passed_or_failed(name: str, status: str, text: str = "") -> Step:
    """A step that is nothing but a verdict. One that was skipped has no content."""
    rows = {} if status == "S" else {"booleanMeas": [{"status": OF_STEP[status]}]}
    return _step(name, status, "ET_PFT", rows, text)


def noted(name: str, status: str, value: str, text: str = "") -> Step:
    """A step with a text that isn't compared with anything."""
    step = _step(name, status, "ET_SVT", {}, text)
    value = fit(step, "Value", value, 100)
    step["stringMeas"] = [{"compOp": "LOG", "status": OF_STEP[status], "value": value}]
    return step


def action(name: str, text: str = "", status: str = "D") -> Step:
    """A step that ran and had nothing to judge."""
    return _step(name, status, "Action", {}, text)


def sequence(name: str, steps: list[Step], status: str) -> Step:
    """A step that holds other steps."""
    return _step(name, status, "SequenceCall", {"seqCall": {"name": name[:200]}, "steps": steps}, "")


def _step(name: str, status: str, kind: str, content: dict[str, Any], text: str) -> Step:
    step: Step = {"group": "M", "stepType": kind, "name": name, "status": status, **content}
    if text:
        step["reportText"] = text[:100_000]
    if len(name) > 100:
        step["name"] = fit(step, "Step name", name, 100)
    return step
