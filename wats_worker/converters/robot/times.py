"""When something began and how long it took, as the versions of Robot Framework write it."""

import re
from typing import Final

from lxml.etree import _Element

from wats_worker.converters.base import Refused
from wats_worker.converters.clock import read_iso
from wats_worker.converters.markup import place
from wats_worker.converters.texts import number

_OLD_TIME: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2}) ([0-9:]{8}\.[0-9]{3,6})")


def times(status: _Element | None) -> tuple[str, float | None]:
    """The start as ISO 8601 has it, and the seconds; empty and None where they are not told.

    Raises:
        Refused: the seconds are no number.
    """
    if status is None:
        return "", None
    start = status.get("start") or _iso(status.get("starttime", ""))
    if elapsed := status.get("elapsed"):
        try:
            return start, number(elapsed)
        except ValueError as error:
            raise Refused(str(error), place=place(status), field="elapsed") from None
    return start, _between(start, _iso(status.get("endtime", "")))


def _iso(text: str) -> str:
    """A time of a version before 7, 20220201 17:17:12.701; N/A is none."""
    if found := _OLD_TIME.fullmatch(text.strip()):
        return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}"
    return "" if text.strip() == "N/A" else text


def _between(start: str, end: str) -> float | None:
    try:
        seconds = (read_iso(end) - read_iso(start)).total_seconds()
    except (ValueError, TypeError):  # one of them is missing
        return None
    return round(seconds, 6) if seconds >= 0 else None
