"""When a TestStand run began: number by number where the report has them, as text where it has only that.

The texts are localised ("fredag 1. juli 2022", "4:52:21 PM") and never preferred to the numbers.
"""

import re
from datetime import date, datetime, time
from typing import Final

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.starts import local_time
from wats_worker.converters.teststand_xml.options import Options
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.converters.texts import shown

_DATE: Final = re.compile(r"([0-9]{1,4})[./\- ]+([0-9]{1,2})[./\- ]+([0-9]{1,4})\.?")


def clock(report: Props, source: Source, options: Options) -> datetime | None:
    """The local start, without a zone; None when the report has none at all.

    Raises:
        Refused: there is no such day or time, or its text can be read in two ways.
    """
    day, moment = _day(report, source, options), _time(report)
    return None if day is None or moment is None else datetime.combine(day, moment)


def _part(report: Props, path: str) -> int | None:
    try:
        return report.whole(path)
    except Refused as refused:
        raise Refused(refused.reason, place=refused.place, field="start") from None


def _day(report: Props, source: Source, options: Options) -> date | None:
    parts = [_part(report, f"StartDate.{name}") for name in ("Year", "Month", "MonthDay")]
    by_numbers = None not in parts
    if not by_numbers:
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
    if weekday is not None and weekday != day.isoweekday() % 7 + 1:  # Sunday is 1
        told = f"{day} is not day {weekday} of the week, as the report says"
        # A date that was read the wrong way round falls on another day of the week six times out of seven.
        if not by_numbers or not 1 <= weekday <= 7:
            raise Refused(told, place=report.place, field="start")
        source.warn(f"{report.place}: {told}")
    return day


def _time(report: Props) -> time | None:
    hour, minute, second = (_part(report, f"StartTime.{name}") for name in ("Hours", "Minutes", "Seconds"))
    milliseconds = _part(report, "StartTime.Milliseconds") or 0
    if hour is None or minute is None or second is None:
        text = report.text("StartTime.Text")
        if text is None:
            return None
        read = local_time(text, place=report.place)
        hour, minute, second = read.hour, read.minute, read.second
    try:
        return time(hour, minute, second, milliseconds * 1000)
    except ValueError as error:
        raise Refused(f"{hour}:{minute}:{second}.{milliseconds}: {error}", field="start") from None


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
