"""WSJF: one report as JSON, read strictly and written plainly.

Parsers take more than JSON is: of two equal keys they keep the last, and some know NaN. A log that holds
either is damaged, and a report made of it would be invented.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from wats_worker.reports.model import AnyReport, Report
from wats_worker.reports.model.types import OR_ABSENT

#: Up to so many bytes nothing in a document can do harm.
_LARGE: Final = 1 << 20
_MOST_MEMBERS: Final = 1000
_BOM: Final = b"\xef\xbb\xbf"
_SURROGATE: Final = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]")
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
#: What may be left of the last word when a text ends in the middle of it.
_STUMP: Final = re.compile(r"\s*(?:-|tr?u?|fa?l?s?|nu?l?|[.eE][+-]?)?\s*$")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a document, and where: ``report.root.steps[0].name``."""

    path: str
    text: str
    kind: str = "rule"  # pydantic's name for it: "missing", "extra_forbidden", "string_too_long"…
    at: tuple[str | int, ...] = ()  # the path as keys and positions


class InvalidReport(ValueError):
    """The document is JSON but not a report; ``faults`` says where, one entry per place."""

    def __init__(self, faults: list[Fault]) -> None:
        shown = "; ".join(f"{fault.path}: {fault.text}" for fault in faults[:3])
        more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
        super().__init__(shown + more)
        self.faults = faults


class NotJson(ValueError):
    """The text is not JSON, or JSON that does not say one thing only."""

    def __init__(self, reason: str, *, line: int | None = None, cut_off: bool = False) -> None:
        super().__init__(f"{reason} (line {line})" if line else reason)
        self.reason = reason
        self.line = line
        self.cut_off = cut_off  # the text is fine as far as it goes: the rest may still come


def load(data: bytes, *, draft: bool = False) -> Report:
    """Read one report; a draft may lack its id.

    Raises:
        NotJson: not UTF-8, not JSON, a duplicate member, a bare NaN, a lone surrogate, nested too deep.
        InvalidReport: JSON, but not a report.
    """
    # The quick parser takes more than JSON is, and here more than a report has. The strict one takes three
    # times as long, and is asked whenever something may have got lost.
    try:
        report: Report = _REPORT.validate_json(data, extra="ignore")
    except ValidationError:
        return _load_strictly(data, draft=draft)
    return (
        _with_id(report, draft=draft) if _says_all(dump(report), data) else _load_strictly(data, draft=draft)
    )


def _load_strictly(data: bytes, *, draft: bool) -> Report:
    document = parse(data)
    # A large one has room for a million members that nobody knows, and telling them takes gigabytes.
    return of(_few(document) if len(data) > _LARGE else document, draft=draft)


def _says_all(body: bytes, data: bytes) -> bool:
    r"""Whether a report that is written like this can have lost nothing of the text that it was read from.

    Of two equal members one is lost, and its colon with it. So the colons are counted: without those of
    nulls, which a report does without, and only where no text can hide one as ``\u003a``.
    """
    if body == data:
        return True
    nulls = data.count(b"null")
    if body.count(b":") != data.count(b":") - nulls:
        return False
    hidden = (nulls and b"null" in body) or (b"\\" in data and b"\\u003" in data)
    return not hidden and b"Infinity" not in body  # 1e400 would be one


def _few(document: Any) -> Any:
    """The document, if no part of it has more members than any part of a report."""
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if len(part) > _MOST_MEMBERS:
                raise NotJson(f"an object of {len(part)} members")
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return document


def of(document: Any, *, draft: bool = False) -> Report:
    """Make a report of a parsed document, which stays as it is.

    Raises:
        InvalidReport: it is not one.
    """
    try:
        report: Report = _REPORT.validate_python(document)
    except ValidationError as error:
        raise InvalidReport(faults(error)) from None
    return _with_id(report, draft=draft)


def _with_id(report: Report, *, draft: bool) -> Report:
    if report.get("id") is None and not draft:
        raise InvalidReport([Fault("report.id", "Field required", "missing", ("id",))])
    return report


def dump(report: Report) -> bytes:
    """Write a report as compact UTF-8."""
    return to_json(report, inf_nan_mode="strings")


def document(report: Report) -> dict[str, Any]:
    """The report as the JSON document that ``dump`` writes, as plain Python values of the reader's own."""
    # By way of the text, which has NaN as the wire wants it.
    return cast("dict[str, Any]", json.loads(dump(report)))


def faults(error: ValidationError) -> list[Fault]:
    """Say what pydantic found in the words of the wire."""
    return list(_faults(error))


def _faults(error: ValidationError) -> Iterator[Fault]:
    for found in error.errors(include_url=False, include_input=False):
        if found["type"] == "none_required":
            continue  # the other half of a choice between a value and null, and it was not null
        at = tuple(key for key in found["loc"] if key != OR_ABSENT)
        path = "report" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in at)
        member = found.get("ctx", {}).get("member") if found["type"] == "rule" else None
        yield Fault(f"{path}.{member}" if member else path, found["msg"], found["type"], at)


def elements(text: str) -> Iterator[Any]:
    """The elements of a list, or the one value that is none: each parsed when it is asked for; see ``parse``.

    >>> list(elements('[1, {"a": 2}]')), list(elements('{"a": 2}'))
    ([1, {'a': 2}], [{'a': 2}])
    """
    at = _blanks(text, 0)
    if text[at : at + 1] != "[":
        yield parse_text(text)
        return
    with _refusals():
        suspect = _SURROGATE.search(text) is not None
        at = _blanks(text, at + 1)
        more = text[at : at + 1] != "]"
        while more:
            value, at = _DECODER.raw_decode(text, at)
            if suspect:
                _encode(value)
            yield value
            at = _blanks(text, at)
            if more := text[at : at + 1] == ",":
                at = _blanks(text, at + 1)
        if text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        if (end := _blanks(text, at + 1)) != len(text):
            raise json.JSONDecodeError("Extra data", text, end)


def _blanks(text: str, at: int) -> int:
    """Where the blanks end that stand here, if any."""
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def parse(data: bytes) -> Any:
    """Parse strict JSON.

    Raises:
        NotJson: with ``cut_off`` set when the text ends in the middle.

    >>> parse(b'{"sn": "1", "sn": "2"}')
    Traceback (most recent call last):
    wats_worker.reports.wsjf.NotJson: the member 'sn' stands twice in one object
    """
    if data.startswith(_BOM):
        raise NotJson("a byte order mark stands before the JSON")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from None
    return parse_text(text)


def parse_text(text: str, *, bare_nan: bool = False) -> Any:
    """Parse strict JSON that is already text; see ``parse``.

    Args:
        text: The JSON.
        bare_nan: Take NaN and the infinities as numbers: Python writes them so, and some logs are Python's.
    """
    with _refusals():
        value = (_WITH_NAN if bare_nan else _DECODER).decode(text)
        if _SURROGATE.search(text):
            _encode(value)
    return value


def _encode(value: Any) -> None:
    """See that a value can be written at all."""
    json.dumps(value, ensure_ascii=False).encode()


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in our words what a parser finds."""
    try:
        yield
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, line=error.lineno, cut_off=_cut_off(error)) from None
    except RecursionError:
        raise NotJson("nested too deep") from None
    except UnicodeEncodeError:
        raise NotJson("a lone surrogate, which no text can hold") from None
    except NotJson:
        raise
    except ValueError as error:  # int() refuses numbers of more than 4300 digits
        raise NotJson(f"a number too long to read: {error}") from None


def _cut_off(error: json.JSONDecodeError) -> bool:
    if error.msg.startswith("Unterminated"):
        return True
    if error.msg.startswith("Invalid \\"):  # an escape at the very end
        return len(error.doc) - error.doc.rfind("\\") <= len("\\u00e9")
    return _STUMP.match(error.doc, error.pos) is not None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise NotJson(f"the member {twice!r} stands twice in one object")
    return members


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotJson(f"{text} is larger than a double can hold")
    return value


def _refuse(constant: str) -> NoReturn:
    raise NotJson(f'a bare {constant} is not JSON; the wire writes "{constant}" as a string')


_REPORT: Final = TypeAdapter(AnyReport)
_WITH_NAN: Final = json.JSONDecoder(object_pairs_hook=_once, parse_float=_double)
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_float=_double, parse_constant=_refuse)
