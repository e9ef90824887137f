"""Measurements over one or more dimensions, as a chart where that can be drawn and as a table otherwise."""

import base64
import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from wats_worker.converters.jsons import Object, text
from wats_worker.converters.texts import Step, fit, say

#: What WATS draws.
_SERIES: Final = 10
_POINTS: Final = 10_000
#: The largest table that is attached to a step.
_LARGEST: Final = 2_048_000


def as_chart(
    step: Step, axes: Sequence[Object], found: Object, points: Sequence[Sequence[float | None]]
) -> bool:
    """Draw points on the step, if WATS can show so many of them.

    The dimension with the most different values is the x axis; every combination of the others is a curve.
    """
    across = max(range(len(axes)), key=lambda at: len({point[at] for point in points}), default=0)
    curves: dict[tuple[float | None, ...], list[Sequence[float | None]]] = {}
    for point in points:
        key = tuple(value for at, value in enumerate(point[:-1]) if at != across)
        curves.setdefault(key, []).append(point)
    if not points or len(curves) > _SERIES or max(map(len, curves.values())) > _POINTS:
        return False
    others = [axis for at, axis in enumerate(axes) if at != across]
    step["chart"] = {
        "chartType": "Line",
        "label": step["name"],
        "xLabel": fit(step, "X label", text(axes[across], "name") or "x", 50),
        "yLabel": fit(step, "Y label", step["name"], 50),
        "series": [
            {
                "dataType": "XYG",
                "name": (", ".join(map(_named, others, key)) or step["name"])[:100],
                "xdata": ";".join(f"{point[across]!r}" for point in curve),
                "ydata": ";".join(f"{point[-1]!r}" for point in curve),
            }
            for key, curve in curves.items()
        ],
    }
    units = found.get("units")
    for member, unit in (("xUnit", axes[across]), ("yUnit", units if isinstance(units, dict) else {})):
        if written := text(unit, "suffix"):
            step["chart"][member] = fit(step, member, written, 20)
    return True


def _named(axis: Object, value: float | None) -> str:
    return f"{text(axis, 'name')} {value:g}{text(axis, 'suffix')}"


def as_table(step: Step, headings: list[str], points: list[list[Any]]) -> None:
    """Attach points as CSV: whatever they are, they are there."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow([*headings, "value"])
    table.writerows(points)
    attach(step, f"{step['name'][:96]}.csv", "text/csv", written.getvalue().encode())


def attach(step: Step, name: str, kind: str, content: bytes) -> None:
    """Attach a file to a step; of one that is too large the step's text tells."""
    if len(content) > _LARGEST:
        say(step, f"{name}: {len(content)} bytes, too large to be attached")
        return
    step["attachment"] = {
        "name": fit(step, "File", name, 100),
        "contentType": kind[:100] or "application/octet-stream",
        "data": base64.b64encode(content).decode(),
    }
