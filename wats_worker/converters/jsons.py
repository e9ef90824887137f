"""JSON logs: one object in a file, read strictly."""

from collections.abc import Iterator, Mapping
from typing import Any

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.reports import wsjf

Object = Mapping[str, Any]


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
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def objects(holder: Object, key: str) -> Iterator[Object]:
    """The objects in a list; nothing when it is absent or null.

    Raises:
        Refused: it is something else, or holds something else.
    """
    found = holder.get(key)
    if found is None:
        return
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Refused("not a list of objects", field=key)
    yield from found
