"""Instants in ticks of 100 ns, the unit .NET keeps: two reports that differ in the seventh digit differ."""

from datetime import UTC, datetime, timedelta
from typing import Final

from wats_worker.reports.dates import Instant

TICKS: Final = 10_000_000  # in a second
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def ticks(text: str) -> int:
    """Read a date of the wire; without a zone it is UTC.

    Raises:
        ValueError: no such date.

    >>> ticks("1970-01-01T01:00:00.0000005+01:00")
    5
    """
    found = Instant.read(text)
    if found is None:
        raise ValueError(f"'{text}' is not a date with a time")
    return (found.second - _EPOCH) // timedelta(seconds=1) * TICKS + int(found.fraction[:7].ljust(7, "0"))


def utc(instant: int) -> str:
    """Write ticks the way a server exports them.

    >>> utc(5)
    '1970-01-01T00:00:00.0000005Z'
    """
    seconds, fraction = divmod(instant, TICKS)
    return (
        f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction:07d}".rstrip("0").rstrip(".")
        + "Z"
    )


def utc_seconds(seconds: float) -> str:
    """Write a clock reading."""
    return utc(round(seconds * TICKS))
