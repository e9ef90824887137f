"""Measurements in the tags of a test: ``meas:3.3`` or, where it has several, ``meas:rail=3.3``."""

from collections.abc import Iterable, Iterator
from typing import Final

_MEASURE: Final = {
    "meas": "value", "measure": "value", "measurement": "value", "value": "value", "unit": "unit",
    "units": "unit", "low": "low", "high": "high", "min": "low", "max": "high",
}  # fmt: skip


def measurements(pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """The measurements of a test; Robot Framework sorts tags, so what belongs to a value tells its name.

    >>> list(measurements([("low", "3.1"), ("meas", "3.3"), ("unit", "V")]))
    [{'name': 'value', 'low': '3.1', 'value': '3.3', 'unit': 'V'}]
    """
    groups: dict[str, dict[str, str]] = {}
    for key, value in pairs:
        if member := _MEASURE.get(key.strip().lower()):
            name, equals, rest = value.partition("=")
            group = groups.setdefault(name.strip() if equals else "value", {})
            group.setdefault(member, (rest if equals else value).strip())
    for name, group in groups.items():
        if "value" in group:
            yield {"name": name, **group}
