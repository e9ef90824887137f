"""Instants on the wire, to the tenth of a microsecond. Pure.

A WATS date has up to seven fraction digits and Python's has six, so the fraction stays text: ``Instant``
holds whole seconds and the digits behind the point.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

_DATE: Final = re.compile(
    r"(?P<clock>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]*))?"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2}))?"
)


@dataclass(frozen=True, order=True)
class Instant:
    """A point in time; two instants are equal when they mean the same moment, however they were written."""

    second: datetime  # UTC, whole seconds
    fraction: str = ""  # digits behind the point, without zeros at the end

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The moment a wire date means, or None when there is no such moment. Without an offset it is UTC.

        >>> Instant.read("2026-01-30T22:01:41.4707353+01:00") == Instant.read("2026-01-30T21:01:41.4707353Z")
        True
        >>> Instant.read("2026-02-30T00:00:00Z") is None
        True
        """
        found = _DATE.fullmatch(text)
        if not found:
            return None
        shift = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
        if shift > timedelta(hours=14):
            return None
        try:
            clock = datetime.fromisoformat(found["clock"]).replace(tzinfo=UTC)
            second = clock + shift if found["sign"] == "-" else clock - shift
        except (ValueError, OverflowError):
            return None
        return cls(second, (found["fraction"] or "").rstrip("0"))

    def utc(self) -> str:
        """The wire form in UTC.

        >>> Instant.read("2026-03-17T08:14:05.250+01:00").utc()
        '2026-03-17T07:14:05.25Z'
        """
        fraction = f".{self.fraction}" if self.fraction else ""
        return f"{self.second:%Y-%m-%dT%H:%M:%S}{fraction}Z"

    def moment(self) -> datetime:
        """The same point in time for arithmetic, cut to microseconds."""
        return self.second.replace(microsecond=int(self.fraction[:6].ljust(6, "0")))


def has_offset(text: str) -> bool:
    """Whether a wire date names its zone."""
    found = _DATE.fullmatch(text)
    return bool(found and found["offset"])
