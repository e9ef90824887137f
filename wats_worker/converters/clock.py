"""Local clock times of testers, put on the wire with the digits they were written in."""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.texts import shown
from wats_worker.reports.dates import Instant

#: A start outside these years was not read, it was misread.
_YEARS: Final = range(1970, 2100)
_ISO: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))? ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def read_iso(text: str) -> datetime:
    """A date as ISO 8601 writes it, with or without its zone; digits below the microsecond are cut.

    Raises:
        ValueError: anything else, or no such moment.

    >>> read_iso("2022-08-11T17:31:07.7581234+02:00").isoformat()
    '2022-08-11T17:31:07.758123+02:00'
    """
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{shown(text)} is not a date like 2026-03-17T08:14:05")
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{found['day']}T{found['time']}.{fraction}{found['zone'] or ''}")
    except ValueError as error:
        raise ValueError(f"{shown(text)}: {error}") from None


def assume_zone(clock: datetime, source: Source, options: Options) -> tuple[datetime, str]:
    """Put a clock time into the configured zone, or this host's; also say which zone that was.

    >>> summer = datetime(2022, 7, 1, 16, 52, 21)
    >>> assume_zone(summer, Source.of_bytes(b"", "x"), Options(timezone="Europe/Oslo"))[0].isoformat()
    '2022-07-01T16:52:21+02:00'
    """
    zone = ZoneInfo(options.timezone) if options.timezone else None

    def placed(fold: int) -> datetime:
        folded = clock.replace(fold=fold)
        return folded.replace(tzinfo=zone) if zone else folded.astimezone()

    first = placed(0)
    if first.utcoffset() != placed(1).utcoffset():
        source.warn(f"the clocks are changed around {clock}: the start may be an hour off")
    # astimezone() moves a time that the clock skipped; the digits of the tester stay.
    first = clock.replace(tzinfo=first.tzinfo)
    return first, options.timezone or f"host, UTC{wire_date(first)[-6:]}"


def wire_date(moment: datetime) -> str:
    """A time with its offset as the wire writes it, fractions only where there are any.

    >>> from datetime import UTC
    >>> wire_date(datetime(2022, 7, 1, 16, 52, 21, 36_000, tzinfo=UTC))
    '2022-07-01T16:52:21.036+00:00'
    """
    offset = moment.utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    digits = moment.replace(tzinfo=None).isoformat(timespec="microseconds").rstrip("0").rstrip(".")
    return f"{digits}{'-' if offset < timedelta() else '+'}{hours:02}:{minutes:02}"


def plausible(start: str) -> Instant:
    """The moment of a start, which must be one a test can have begun at.

    Raises:
        Refused: there is no such date, or its year can't be meant.
    """
    instant = Instant.read(start)
    if instant is None or instant.second.year not in _YEARS:
        raise Refused(f"{start!r} is not a time a test can have started", field="start")
    return instant
