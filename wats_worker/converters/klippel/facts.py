"""The text of facts: key=value, with comments between."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.klippel.options import CODES
from wats_worker.converters.lines import lines, wait_for_last_line
from wats_worker.converters.texts import shown

_COMMENT: Final = "//"
_FACT: Final = re.compile(r"([A-Za-z][^=\t]{0,80})=(.*)")
#: The list of each verdict's results; the last one is the last line of the text.
LISTS: Final = ("Pass", "Fail", "Warning", "Void", "Noise", "Invalid")
_LAST: Final = f"Results_{LISTS[-1]}"
#: Year, month, week, day of the year, weekday, day, hour, minute, second, millisecond, minutes from UTC, and
#: seconds since 1970 that are rounded beyond use.
_CLOCK: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-[0-9]{1,2}-(?P<yearday>[0-9]{1,3})-[0-9]-(?P<day>[0-9]{1,2})"
    r"-(?P<hour>[0-9]{1,2})-(?P<minute>[0-9]{1,2})-(?P<second>[0-9]{1,2})-(?P<milli>[0-9]{1,3})"
    r"-(?P<offset>-?[0-9]{1,4})-[0-9.eE+-]{1,20}"
)


@dataclass(frozen=True)
class Facts:
    """What the text says."""

    values: Mapping[str, str]
    start: datetime
    verdict: str  #: in a word
    results: Mapping[str, str]  #: by result, the word for its verdict


def read(source: Source) -> Facts:
    """The facts of a unit.

    Raises:
        NotReady: the text has no end yet.
        Refused: something else stands in it, or one thing twice.
    """
    values = _values(source)
    if _LAST not in values:
        raise NotReady(f"the text ends before {_LAST}")
    verdict = CODES.get(values.get("Ctrl_OverallVerdict", ""))
    if verdict is None:
        raise Refused(f"{shown(values.get('Ctrl_OverallVerdict', ''))} is not a verdict", field="result")
    start = _moment(values.get("Cfg_DutStartTime", ""))
    return Facts(values, start, verdict, _results(values))


def _values(source: Source) -> dict[str, str]:
    if not source.read(1024 * 1024).strip():
        raise Refused("the file is empty")
    wait_for_last_line(source)
    values: dict[str, str] = {}
    for number, line in enumerate(lines(source), start=1):
        text, place = line.strip(" "), f"line {number}"
        if not text or text.startswith(_COMMENT):
            continue
        if not text.replace("\t", " ").isprintable():
            raise Refused(f"{shown(text)} has characters that can't be seen", place=place)
        found = _FACT.fullmatch(text)
        if found is None:
            raise Refused(f"{shown(text)} is neither a comment nor key=value", place=place)
        if found[1] in values:
            raise Refused("it stands there twice", place=place, field=found[1])
        values[found[1]] = found[2]
    return values


def _moment(text: str) -> datetime:
    """The time as SciLab's getdate() gives it.

    >>> _moment("2020-5-20-135-5-14-10-1-37-563-120-1.589E+09").isoformat()
    '2020-05-14T10:01:37.563000+02:00'
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise Refused(f"{shown(text)} is not a date as SciLab writes it", field="start")
    parts = {name: int(digits) for name, digits in found.groupdict().items()}
    try:
        moment = datetime(
            parts["year"],
            parts["month"],
            parts["day"],
            parts["hour"],
            parts["minute"],
            parts["second"],
            1000 * parts["milli"],
            tzinfo=timezone(timedelta(minutes=parts["offset"])),
        )
    except ValueError as error:
        raise Refused(f"{shown(text)}: {error}", field="start") from None
    if moment.timetuple().tm_yday != parts["yearday"]:
        raise Refused(f"{shown(text)}: that is not day {parts['yearday']} of the year", field="start")
    return moment


def _results(values: Mapping[str, str]) -> dict[str, str]:
    results: dict[str, str] = {}
    for word in LISTS:
        for cell in values.get(f"Results_{word}", "").split("\t"):
            name = cell.strip()
            if name and results.setdefault(name, word) != word:
                raise Refused(f"{results[name]} and {word} at once", field=name)
    return results
