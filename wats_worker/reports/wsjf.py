"""WSJF: one report as JSON, read strictly and written plainly.

Python's parser takes more than JSON is: of two equal keys it keeps the last, and it knows NaN. A log that
holds either is damaged, and a report made of it would be invented.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pydantic import ValidationError

from wats_worker.reports.model import Report

_BOM: Final = b"\xef\xbb\xbf"
_SURROGATE: Final = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]")
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
    return of(parse(data), draft=draft)


def of(document: Any, *, draft: bool = False) -> Report:
    """Make a report of a parsed document.

    Raises:
        InvalidReport: it is not one.
    """
    try:
        report = Report.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidReport(faults(error)) from None
    if report.id is None and not draft:
        raise InvalidReport([Fault("report.id", "Field required", "missing", ("id",))])
    return report


def dump(report: Report) -> bytes:
    """Write a report as compact UTF-8; absent members stay absent.

    A member that must be there even when null (``uur.refUUT`` and its like) has no default in the model, so
    leaving out what equals its default keeps exactly those nulls.
    """
    return report.model_dump_json(by_alias=True, exclude_defaults=True).encode()


def document(report: Report) -> dict[str, Any]:
    """The report as the JSON document that ``dump`` writes, as plain Python values."""
    # Not model_dump(mode="json"): that leaves NaN a float.
    document: dict[str, Any] = json.loads(dump(report))
    return document


def faults(error: ValidationError) -> list[Fault]:
    """Say what pydantic found in the words of the wire."""
    return list(_faults(error))


def _faults(error: ValidationError) -> Iterator[Fault]:
    for found in error.errors(include_url=False, include_input=False):
        path = "report" + "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in found["loc"])
        member = found.get("ctx", {}).get("member") if found["type"] == "rule" else None
        yield Fault(f"{path}.{member}" if member else path, found["msg"], found["type"], found["loc"])


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
    try:
        value = (_WITH_NAN if bare_nan else _DECODER).decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
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
    return value


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


_WITH_NAN: Final = json.JSONDecoder(object_pairs_hook=_once, parse_float=_double)
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_float=_double, parse_constant=_refuse)
