"""Checks of charts and attached files."""

import base64
import binascii
import math

from wats_worker.reports.model import Chart
from wats_worker.reports.validate.finding import Findings, Limits


def check_chart(chart: Chart, step: str, findings: Findings, limits: Limits) -> None:
    """Check 14: points that are numbers, as many x as y, not too many of them."""
    path = f"{step}.chart"
    if not chart.series:
        findings.warn(14, path, "a chart without a series")
    if len(chart.series) > limits.chart_series:
        findings.warn(
            14, path, f"{len(chart.series)} series; WATS shows {limits.chart_series}", "split the chart"
        )
    for number, series in enumerate(chart.series):
        at = f"{path}.series[{number}]"
        counts = [
            _check_points(points, f"{at}.{member}", findings, limits)
            for member, points in (("ydata", series.ydata), ("xdata", series.xdata))
            if points is not None
        ]
        if len(set(counts)) > 1:
            findings.reject(14, at, f"{counts[0]} y values and {counts[1]} x values")


def _check_points(text: str, path: str, findings: Findings, limits: Limits) -> int:
    points = text.split(";")
    try:
        finite = all(math.isfinite(float(point)) for point in points)
    except ValueError:
        findings.reject(14, path, "not numbers joined by semicolons", "use a point as the decimal sign")
    else:
        if not finite:
            findings.warn(14, path, "has values that are not finite, which can't be drawn")
    if len(points) > limits.chart_points:
        text = f"{len(points)} points; WATS keeps {limits.chart_points}"
        findings.warn(14, path, text, "thin them out")
    return len(points)


def check_file(data: str, path: str, findings: Findings, limits: Limits) -> None:
    """Check 15: Base64 that decodes, to a size a server takes."""
    try:
        size = len(base64.b64decode(data, validate=True))
    except binascii.Error as error:
        findings.reject(15, f"{path}.data", f"not Base64: {error}")
        return
    if size > limits.attachment_bytes:
        text = f"{size} bytes; servers are known to take {limits.attachment_bytes}"
        findings.warn(15, f"{path}.data", text, "zip it, or keep it elsewhere")
