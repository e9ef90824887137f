"""Checks of charts and attached files."""

import base64
import binascii
import math

from wats_worker.reports.model import Attachment, BinaryData, Chart, Series
from wats_worker.reports.validate.finding import Findings, Limits


def check_chart(chart: Chart, findings: Findings, limits: Limits) -> None:
    """Check 14: points that are numbers, as many x as y, not too many of them."""
    count = len(chart["series"])
    if not count:
        findings.warn(14, chart, "", "a chart without a series")
    if count > limits.chart_series:
        text = f"{count} series; WATS shows {limits.chart_series}"
        findings.warn(14, chart, "", text, "split the chart")
    for series in chart["series"]:
        counts = [
            _check_points(series, member, points, findings, limits)
            for member, points in (("ydata", series["ydata"]), ("xdata", series.get("xdata")))
            if points is not None
        ]
        if len(set(counts)) > 1:
            findings.reject(14, series, "", f"{counts[0]} y values and {counts[1]} x values")


def _check_points(series: Series, member: str, text: str, findings: Findings, limits: Limits) -> int:
    points = text.split(";")
    try:
        finite = all(math.isfinite(float(point)) for point in points)
    except ValueError:
        said = "not numbers joined by semicolons"
        findings.reject(14, series, member, said, "use a point as the decimal sign")
    else:
        if not finite:
            said = "has values that are not finite, which can't be drawn"
            findings.warn(14, series, member, said)
    if len(points) > limits.chart_points:
        said = f"{len(points)} points; WATS keeps {limits.chart_points}"
        findings.warn(14, series, member, said, "thin them out")
    return len(points)


def check_file(part: Attachment | BinaryData, data: str, findings: Findings, limits: Limits) -> None:
    """Check 15: Base64 that decodes, to a size a server takes."""
    try:
        size = len(base64.b64decode(data, validate=True))
    except binascii.Error as error:
        findings.reject(15, part, "data", f"not Base64: {error}")
        return
    if size > limits.attachment_bytes:
        text = f"{size} bytes; servers are known to take {limits.attachment_bytes}"
        findings.warn(15, part, "data", text, "zip it, or keep it elsewhere")
