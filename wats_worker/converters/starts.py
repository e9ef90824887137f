"""When a run began: dates of numbers in this or that order, runs that began in one and the same second."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import remember
from wats_worker.converters.texts import shown

DateOrder = Literal["dmy", "mdy", "ymd"]

_DAY: Final = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})")
#: As a PC shows the time in its own culture: 16:31, 8:59:14.250 AM, 下午 04:31:05.
_LOCAL: Final = re.compile(
    r"(?:(?P<before>[^\d\s]{1,4})\s*)?(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})"
    r"(?:[:.](?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,7}))?)?(?:\s*(?P<after>[^\d\s][^\d]{0,5}))?"
)
#: What Windows writes for the two halves of a day, without dots and blanks.
_HALVES: Final = {
    **dict.fromkeys(("am", "上午", "午前", "오전", "πμ", "de", "dop", "öö", "sa", "ص", "vm", "fm"), 0),
    **dict.fromkeys(("pm", "下午", "午後", "오후", "μμ", "du", "odp", "ös", "ch", "م", "nm", "em"), 12),
}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def day(
    text: str, source: Source, *, order: DateOrder | None, usual: DateOrder, place: str | None = None
) -> date:
    """A date of three numbers.

    Args:
        text: The date as written.
        source: Is warned when the date can be read in two ways.
        order: What is known about this source.
        usual: What the makers of the tester write, as far as anybody knows.
        place: Where the date stands.

    Raises:
        Refused: there is no such day.
    """
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise Refused(f"{shown(text)} is not a date", place=place, field="start")
    numbers = (int(found[1]), int(found[3]), int(found[4]))
    if len(found[1]) == 4:
        order = "ymd"  # whatever the others of this source look like
    made = _day(numbers, order or usual, text, place)
    if order is None and usual != "ymd" and max(numbers[:2]) <= 12 and numbers[0] != numbers[1]:
        source.warn(f"{text.strip()} was read as {made}: say date_order for the source to be sure")
    return made


def _day(numbers: tuple[int, int, int], order: DateOrder, text: str, place: str | None) -> date:
    first, second, third = numbers
    year, month, number = {
        "dmy": (third, second, first),
        "mdy": (third, first, second),
        "ymd": (first, second, third),
    }[order]
    try:
        return date(year + 2000 if year < 100 else year, month, number)
    except ValueError as error:
        raise Refused(f"{shown(text)}: {error}", place=place, field="start") from None


def time_of_day(text: str, place: str | None = None) -> time:
    """A time such as 8:20:27.

    Raises:
        Refused: there is no such time.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Refused(f"{shown(text)} is not a time of day", place=place, field="start")
    try:
        return time(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise Refused(f"{shown(text)}: {error}", place=place, field="start") from None


def local_time(text: str, place: str | None = None) -> time:
    """A time of day as a PC shows it: with or without seconds, of twelve or twenty-four hours.

    Raises:
        Refused: there is no such time.

    >>> str(local_time("4:52:21 PM")), str(local_time("16.52")), str(local_time("下午 04:31:05"))
    ('16:52:21', '16:52:00', '16:31:05')
    """
    found = _LOCAL.fullmatch(text.strip())
    words = (
        [re.sub(r"[.\s]", "", found[name]).lower() for name in ("before", "after") if found[name]]
        if found
        else []
    )
    if found is None or len(words) > 1 or not _HALVES.keys() >= set(words):
        raise Refused(f"{shown(text)} is not a time of day", place=place, field="start")
    hour = int(found["hour"])
    if words and 1 <= hour <= 12:
        hour = hour % 12 + _HALVES[words[0]]
    elif words and (_HALVES[words[0]] == 12) != (hour > 12):  # "15:47:48 PM" is seen, and clear
        raise Refused(f"{shown(text)} is not a time of day", place=place, field="start")
    micro = int((found["fraction"] or "")[:6].ljust(6, "0"))
    try:
        return time(hour, int(found["minute"]), int(found["second"] or 0), micro)
    except ValueError as error:
        raise Refused(f"{shown(text)}: {error}", place=place, field="start") from None


def compact(text: str, place: str | None = None) -> datetime:
    """A moment of twelve or fourteen digits: YYMMDDhhmmss, YYYYMMDDhhmmss.

    Raises:
        Refused: there is no such moment.
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) in {12, 14}):
        raise Refused(f"{shown(text)} is not a date and a time", place=place, field="start")
    try:
        return datetime.strptime(digits, "%y%m%d%H%M%S" if len(digits) == 12 else "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise Refused(f"{shown(text)} is not a date and a time", place=place, field="start") from None


def month(text: str) -> int:
    """The number of an English month by its first three letters, 0 when it is none."""
    return _MONTHS.index(text.lower()) + 1 if text.lower() in _MONTHS else 0


class Told:
    """Tells runs of one unit apart that began in the same second.

    WATS knows a run by its unit and its start, and of two it keeps the last. So each further one begins one
    millisecond later, which its misc infos say. Only runs at different places are told apart (boards of a
    panel that share a serial number, say): two at the same place are one run that stands in the file twice.
    """

    def __init__(self) -> None:
        self._places: dict[tuple[object, ...], list[int]] = {}

    def apart(self, document: dict[str, Any], clock: datetime, place: int, source: Source) -> datetime:
        """The start that the run of this unit at this place is to have."""
        places = self._places.setdefault((document.get("pn"), document.get("sn"), clock), [])
        if place not in places:
            places.append(place)
        earlier = places.index(place)
        if earlier:
            source.warn("runs of one unit began in the same second: told apart by milliseconds, in order")
            told = f"{earlier} ms: run {earlier + 1} of this unit in that second"
            remember(document, "Start told apart by", told)
        return clock + timedelta(milliseconds=earlier)
