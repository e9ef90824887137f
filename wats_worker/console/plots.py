"""The plots, as the library that draws them wants to be told. Pure.

The colours can be seen on a light page and on a dark one, because nobody here knows which of them a browser
shows that goes by its system's wish.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from wats_broker.trend import Sample
from wats_worker.console.trend import points, rates
from wats_worker.control.models.numbers import HourLine

_INK: Final = "#8593a3"
_GRID: Final = "rgba(133, 147, 163, 0.22)"
_BLUE, _GREEN, _AMBER, _VIOLET = "#3d8fe0", "#2fa36b", "#e0992f", "#8f7ae5"

Curve = tuple[str, str, Iterable[tuple[float, float]]]


def throughput(samples: Sequence[Sample]) -> dict[str, Any]:
    """What came in and what was delivered."""
    found = rates(samples)
    return _plot(
        [
            ("files taken in", _BLUE, ((one.at, one.taken) for one in found)),
            ("reports delivered", _GREEN, ((one.at, one.delivered) for one in found)),
        ],
        stacked=False,
    )


def depth(samples: Sequence[Sample]) -> dict[str, Any]:
    """What waits, and where."""
    return _plot(
        [
            ("files to convert", _BLUE, ((one.at, one.converting) for one in samples)),
            ("upload queue", _VIOLET, ((one.at, one.queued) for one in samples)),
            ("held", _AMBER, ((one.at, one.held) for one in samples)),
        ],
        stacked=True,
    )


def hours(lines: Sequence[HourLine], *, days: bool) -> dict[str, Any]:
    """What came in and what was delivered, hour by hour.

    Args:
        lines: Every hour.
        days: Whether they are of many days, so that the axis has to tell which.
    """
    return _plot(
        [
            ("files taken in", _BLUE, ((one.at, one.files) for one in lines)),
            ("reports delivered", _GREEN, ((one.at, one.reports) for one in lines)),
        ],
        stacked=False,
        times="{MM}-{dd} {HH}:{mm}" if days else "{HH}:{mm}",
    )


def _plot(curves: Sequence[Curve], *, stacked: bool, times: str = "{HH}:{mm}") -> dict[str, Any]:
    return {
        "animation": False,
        "textStyle": {
            "fontFamily": "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif",
            "color": _INK,
        },
        "grid": {"left": 8, "right": 14, "top": 40, "bottom": 4, "containLabel": True},
        "legend": {
            "left": 0,
            "top": 0,
            "itemWidth": 14,
            "itemHeight": 8,
            "icon": "roundRect",
            "textStyle": {"color": _INK},
        },
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "time",
            "axisLine": {"lineStyle": {"color": _GRID}},
            "axisTick": {"show": False},
            "axisLabel": {"color": _INK, "hideOverlap": True, "formatter": times},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "minInterval": 1,
            "splitNumber": 4,
            "splitLine": {"lineStyle": {"color": _GRID}},
            "axisLabel": {"color": _INK},
        },
        "series": [
            {
                "name": name,
                "type": "line",
                "showSymbol": False,
                "color": colour,
                "lineStyle": {"width": 0 if stacked else 2},
                "areaStyle": {"opacity": 0.55 if stacked else 0.08},
                "stack": "all" if stacked else None,
                "data": points(pairs),
            }
            for name, colour, pairs in curves
        ],
    }
