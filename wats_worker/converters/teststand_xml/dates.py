"""When a TestStand run began: number by number where the report has them, as text where it has only that.

The texts are localised ("fredag 1. juli 2022", "4:52:21 PM") and never preferred to the numbers.
"""

import re
from datetime import date, datetime, time
from typing import Final

from wats_worker.converters.base import Refused
from wats_worker.converters.teststand_xml.options import Options
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.texts import shown

_CLOCK: Final = re.compile(
    r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2}))?(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?"
)
_DATE: Final = re.compile(r"([0-9]{1,4})[./\- ]+([0-9]{1,2})[./\- ]+([0-9]{1,4})\.?")


def clock(report: Props, options: Options) -> datetime | None:
    """The local start, without a zone; None when the report has none at all.

    Raises:
        Refused: there is no such day or time, or its text can be read in two ways.
    """
    day, moment = _day(report, options), _time(report)
    return None if day is None or moment is None else datetime.combine(day, moment)


def _part(report: Props, path: str) -> int | None:
    try:
        return report.whole(path)
    except Refused as refused:
        raise Refused(refused.reason, place=refused.place, field="start") from None


def _day(report: Props, options: Options) -> date | None:
    parts = [_part(report, f"StartDate.{name}") for name in ("Year", "Month", "MonthDay")]
    if None in parts:
        text = report.text("StartDate.ShortText")
        parts = list(_read_day(text, options)) if text else parts
    year, month, number = parts
    if year is None or month is None or number is None:
        return None
    try:
        day = date(year, month, number)
    except ValueError as error:
        raise Refused(f"{year}-{month}-{number}: {error}", field="start") from None
    weekday = _part(report, "StartDate.WeekDay")
    # Sunday is 1. A date that was mixed up falls on the wrong day of the week six times out of seven.
    if weekday is not None and weekday != day.isoweekday() % 7 + 1:
        raise Refused(f"{day} is not day {weekday} of the week, as the report says", field="start")
    return day


def _time(report: Props) -> time | None:
    hour, minute, second = (_part(report, f"StartTime.{name}") for name in ("Hours", "Minutes", "Seconds"))
    milliseconds = _part(report, "StartTime.Milliseconds") or 0
    if hour is None or minute is None or second is None:
        text = report.text("StartTime.Text")
        if text is None:
            return None
        hour, minute, second = _read_time(text)
    try:
        return time(hour, minute, second, milliseconds * 1000)
    except ValueError as error:
        raise Refused(f"{hour}:{minute}:{second}.{milliseconds}: {error}", field="start") from None


def _read_time(text: str) -> tuple[int, int, int]:
    found = _CLOCK.fullmatch(text)
    if not found:
        raise Refused(f"{shown(text)} is not a time of day", field="start")
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif half and (half == "p") != (hour > 12):  # "15:47:48 PM" is seen, and clear
        raise Refused(f"{shown(text)} is not a time of day", field="start")
    return hour, int(found["minute"]), int(found["second"] or 0)


def _read_day(text: str, options: Options) -> tuple[int, int, int]:
    found = _DATE.fullmatch(text)
    if not found:
        raise Refused(f"{shown(text)} is not a date of numbers", field="start")
    first, second, third = (int(part) for part in found.groups())
    order = options.date_order or (
        "ymd" if first > 31 else "dmy" if first > 12 else "mdy" if second > 12 else None
    )
    if order is None:
        reason = f"{shown(text)} can be read in two ways, and the report has no numbers for it"
        raise Refused(reason, field="start", fix="set date_order for the source: dmy, mdy or ymd")
    year, month, day = {
        "dmy": (third, second, first),
        "mdy": (third, first, second),
        "ymd": (first, second, third),
    }[order]
    return (year + 2000 if year < 100 else year), month, day
