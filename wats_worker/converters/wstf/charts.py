"""Chart and Series rows: a chart belongs to the step above it, a series to the chart above it."""

from typing import Any, Final

from wats_worker.converters.base import Refused
from wats_worker.converters.texts import Step, number, shown, wire_number
from wats_worker.converters.wstf.blocks import Row

_TYPES: Final = frozenset({"Line", "LineLogXY", "LineLogX", "LineLogY"})


class Charts:
    """Puts charts on steps as the rows come in."""

    def __init__(self) -> None:
        self._step: Step | None = None
        self._chart: dict[str, Any] | None = None

    def follow(self, step: Step) -> None:
        """From now on charts belong to this step."""
        self._step, self._chart = step, None

    def begin(self, row: Row) -> None:
        """Chart, type, label, y unit, y label, x unit, x label."""
        if self._step is None:
            raise Refused("a chart before any step", place=row.place, field="Chart")
        if self._chart is not None or "chart" in self._step:
            raise Refused("a second chart for one step", place=row.place, field="Chart")
        kind, label, y_unit, y_label, x_unit, x_label = (*row.cells[1:7], *("",) * 6)[:6]
        if kind not in _TYPES:
            raise Refused(f"{shown(kind)} is not a chart type", place=row.place, field="Chart")
        self._chart = self._step["chart"] = {
            "chartType": kind,
            "label": label or self._step["name"],
            "yLabel": y_label or "Y",
            "yUnit": y_unit or None,
            "xLabel": x_label or "X",
            "xUnit": x_unit or None,
            "series": [],
        }

    def add(self, row: Row) -> None:
        """Series, name, XYG, y data, x data."""
        if self._chart is None:
            raise Refused("a series without a chart", place=row.place, field="Series")
        name, kind, y_data, x_data = (*row.cells[1:5], *("",) * 4)[:4]
        if kind != "XYG":
            raise Refused(f"{shown(kind)} is not XYG", place=row.place, field="Series")
        y, x = _points(y_data, row), _points(x_data, row) if x_data else None
        if x is not None and len(x) != len(y):
            raise Refused(f"{len(x)} x values and {len(y)} y values", place=row.place, field="Series")
        series = {"dataType": "XYG", "name": name or f"Series {len(self._chart['series']) + 1}"}
        series["ydata"] = ";".join(y)
        if x is not None:
            series["xdata"] = ";".join(x)
        self._chart["series"].append(series)


def _points(text: str, row: Row) -> list[str]:
    """The points as text, each of them a number. Semicolons part them, so a comma is a decimal one."""
    try:
        return [str(wire_number(number(point))) for point in text.replace(",", ".").split(";")]
    except ValueError as error:
        raise Refused(str(error), place=row.place, field="Series") from None
