"""Charts that the WATS step types leave in a result."""

from typing import Any

from wats_worker.converters.base import Refused
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.texts import Step, fit, wire_number


def chart(drawn: Props, step: Step) -> dict[str, Any]:
    """A chart with its series; axes without a label get the names every chart has for them."""
    made: dict[str, Any] = {
        "chartType": drawn.text("ChartType") or "Line",
        "label": fit(step, "Chart label", drawn.text("ChartLabel") or step["name"], 100),
        "xLabel": fit(step, "X label", drawn.text("Xlabel") or "X", 50),
        "yLabel": fit(step, "Y label", drawn.text("Ylabel") or "Y", 50),
        "series": [_series(plot, number) for number, plot in enumerate(drawn.items("Plots"), start=1)],
    }
    for member, name in (("xUnit", "Xunit"), ("yUnit", "Yunit")):
        if unit := drawn.text(name):
            made[member] = fit(step, name, unit, 20)
    return made


def _series(plot: Props, number: int) -> dict[str, Any]:
    """A plot is an array of two rows (or columns): x and y. One row alone is y."""
    cells = plot.cells("PlotData")
    if not cells or any(len(index) != 2 for index, _ in cells):
        raise Refused("a plot without a table of points", place=plot.place, field="PlotData")
    by_rows = {index[0] for index, _ in cells} <= {0, 1}
    lines: dict[int, dict[int, str]] = {0: {}, 1: {}}
    for (row, column), text in cells:
        line, point = (row, column) if by_rows else (column, row)
        if line not in lines:
            raise Refused("a plot of more than x and y", place=plot.place, field="PlotData")
        lines[line][point] = _point(plot, text)
    x, y = lines[0], lines[1]
    if not y:
        x, y = {}, x
    if x and x.keys() != y.keys():
        raise Refused(f"{len(x)} x values and {len(y)} y values", place=plot.place, field="PlotData")
    series = {"dataType": "XYG", "name": (plot.text("PlotName") or f"Plot {number}")[:100]}
    series["ydata"] = ";".join(y[point] for point in sorted(y))
    if x:
        series["xdata"] = ";".join(x[point] for point in sorted(x))
    return series


def _point(plot: Props, text: str) -> str:
    try:
        return str(wire_number(plot.read(text)))
    except ValueError as error:
        raise Refused(str(error), place=plot.place, field="PlotData") from None
