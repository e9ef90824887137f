"""JSON logs: one object in a file, read strictly."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.reports import wsjf

Object = Mapping[str, Any]

#: Milliseconds from 1970 to a year that is not plausible any more.
_LAST: Final = 2**43


def one_object(source: Source, *, bare_nan: bool = False) -> Object:
    """The object the file is.

    Args:
        source: The file.
        bare_nan: Take NaN and the infinities as numbers, as Python writes them.

    Raises:
        NotReady: it ends in the middle.
        Refused: it is no JSON, or no object.
    """
    text = source.text()
    if not text.strip():
        raise Refused("the file is empty")
    try:
        found = wsjf.parse_text(text, bare_nan=bare_nan)
    except wsjf.NotJson as error:
        if error.cut_off:
            raise NotReady(f"the JSON ends in the middle: {error}") from None
        raise Refused(
            f"not JSON: {error.reason}", place=f"line {error.line}" if error.line else None
        ) from None
    if not isinstance(found, dict):
        raise Refused("not an object, so not a log of this format")
    return found


def text(holder: Object, key: str) -> str:
    """A member as text, trimmed; empty when it is absent, null or no plain value.

    >>> text({"a": " x ", "b": 1.5, "c": None}, "a"), text({"b": 1.5}, "b"), text({"c": None}, "c")
    ('x', '1.5', '')
    """
    value = holder.get(key)
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return str(value)


def objects(holder: Object, key: str) -> Iterator[Object]:
    """The objects in a list; nothing when it is absent or null.

    Raises:
        Refused: it is something else, or holds something else.
    """
    found = holder.get(key)
    if found is None or found == []:
        return
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Refused("not a list of objects", field=key)
    yield from found


def double(value: object) -> float | None:
    """A number of any kind as a double, None when the value is none; a truth is no number.

    Raises:
        ValueError: it is larger than a double can hold.

    >>> double(3), double("3"), double(True)
    (3.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number larger than a double can hold") from None


def moment(milliseconds: object) -> datetime | None:
    """A time in milliseconds since 1970; None for 0 and for what is no number.

    Raises:
        ValueError: no test was ever run then.
    """
    value = double(milliseconds)
    if not value:
        return None
    if not 0 < value < _LAST:
        raise ValueError(f"{value:.0f} is not a time since 1970")
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
