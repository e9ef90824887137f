"""A cursor's value as JSON and back: whatever a database counts or dates its rows with."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from wats_worker.pollers.base import Unreachable


def encode(value: Any) -> Any:
    """A value as JSON holds it.

    >>> encode(17), encode(datetime(2026, 3, 17, 8, 14, 5)), encode(bytes([0, 7]))
    (17, {'datetime': '2026-03-17T08:14:05'}, {'bytes': '0007'})
    """
    match value:
        case bool() | int() | float() | str():
            return value
        case datetime():
            return {"datetime": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case bytes():  # what some databases count the changes of a row with
            return {"bytes": value.hex()}
    raise Unreachable(
        f"the cursor's column holds {type(value).__name__} values, which can't be remembered",
        fix="choose a column of numbers, texts or times",
    )


def decode(cursor: Any) -> Any:
    """The value again.

    >>> decode(encode(Decimal("12.50"))), decode(encode(date(2026, 3, 17)))
    (Decimal('12.50'), datetime.date(2026, 3, 17))
    """
    match cursor:
        case {"datetime": str(text)}:
            return datetime.fromisoformat(text)
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"bytes": str(text)}:
            return bytes.fromhex(text)
    return cursor
