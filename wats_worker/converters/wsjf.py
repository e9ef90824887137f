"""WATS reports that already are WSJF: one object, an array of them, or one per line.

Nothing is added but ``startUTC``, and nothing is dropped but what the server fills in by itself. A member the
wire doesn't know is refused with its path: it is a fact somebody wrote down and WATS would lose.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from wats_worker.converters import base
from wats_worker.converters.base import READ_LIMIT, NotReady, Refused, Source, decode
from wats_worker.converters.finish import finish, once
from wats_worker.reports import wsjf
from wats_worker.reports.model import Report

NAME: Final = "wats-json"
TITLE: Final = "WATS JSON report (WSJF), tests and repairs"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "everything": "the member of the same name; `startUTC` is added where it is missing",
    "left out": "what the server fills in (`origin`, `productName`, `assetStats`), and the members that "
    "`ignore_members` names",
}

_BOM: Final = b"\xef\xbb\xbf"
_TYPE: Final = re.compile(rb'"type"\s*:\s*"[TR]"')
_MARKS: Final = (rb'"pn"\s*:', rb'"sn"\s*:', rb'"processCode"\s*:', rb'"(?:root|uur|uut|machineName)"\s*:')


class Options(base.Options):
    """What may be different at one source of WSJF files."""

    #: Unknown members that are dropped with a warning instead of refused. pywats writes ``uur.active``.
    ignore_members: tuple[str, ...] = ("active",)


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for the members every report has, 0.7 when one of them lies outside of what is shown."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in {b"{", b"["}:
        return 0.0
    shown = head + tail
    found = sum(re.search(mark, shown) is not None for mark in _MARKS)
    if not _TYPE.search(shown) or found < len(_MARKS) - 1:
        return 0.0
    return 0.98 if found == len(_MARKS) else 0.7


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    with source.open() as reader:
        first = reader.readline(READ_LIMIT)
    if len(first) < source.size and first.endswith(b"\n") and _is_whole(first):
        yield from _by_line(source, options)
        return
    report = None if _begins_a_list(source) else _one(source)
    if report is None:
        yield from _listed(source.text(), source, options)
    else:
        yield finish(cast("dict[str, Any]", report), source, options, is_report=True)


def _begins_a_list(source: Source) -> bool:
    # Reports are then parsed one by one; all of them at once would take ten times the file in memory.
    return source.head.removeprefix(_BOM).lstrip()[:1] == b"["


def _one(source: Source) -> Report | None:
    """The report that the file is; None if it lacks what can be configured, or is none. The refusals know."""
    try:
        return wsjf.load(source.read().removeprefix(_BOM), draft=True)
    except (wsjf.NotJson, wsjf.InvalidReport):
        return None


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(wsjf.parse(line.removeprefix(_BOM)), dict)
    except wsjf.NotJson:
        return False


def _listed(text: str, source: Source, options: Options) -> Iterator[Report]:
    if not text.strip():
        raise Refused("the file is empty")
    several = text.lstrip().startswith("[")
    count = 0
    try:
        for count, document in enumerate(wsjf.elements(text), start=1):
            yield _report(document, source, options, place=f"report {count}" if several else None)
    except wsjf.NotJson as error:
        if error.cut_off:
            raise NotReady(f"the JSON ends in the middle: {error}") from None
        raise Refused(f"not JSON: {error.reason}", place=_line(error.line)) from None
    if not count:
        raise Refused("a list without reports")


def _by_line(source: Source, options: Options) -> Iterator[Report]:
    """One report per line. Only one line is in memory, so the file may be of any size."""
    count = 0
    with source.open() as reader:
        for number, line in enumerate(iter(lambda: reader.readline(READ_LIMIT), b""), start=1):
            if not line.strip():
                continue
            try:
                document = wsjf.parse_text(decode(line))
            except wsjf.NotJson as error:
                if error.cut_off and not line.endswith(b"\n"):
                    raise NotReady(f"the last line ends in the middle: {error}") from None
                raise Refused(
                    f"not JSON, and not one report per line: {error.reason}", place=_line(number)
                ) from None
            count += 1
            yield _report(document, source, options, place=f"report {count}")


def _report(document: Any, source: Source, options: Options, *, place: str | None) -> Report:
    if not isinstance(document, dict):
        raise Refused("not an object, so not a report", place=place)
    _drop_ignored(document, source, options.ignore_members)
    return finish(document, source, options, place=place)


def _line(number: int | None) -> str | None:
    return f"line {number}" if number else None


def _drop_ignored(document: dict[str, Any], source: Source, names: tuple[str, ...]) -> None:
    """Drop the members the operator allows to be lost, and only where the wire doesn't know them."""
    if not names:
        return
    try:
        wsjf.of(document, draft=True)
    except wsjf.InvalidReport as error:
        for fault in error.faults:
            if fault.kind == "extra_forbidden" and fault.at[-1] in names:
                part: Any = document
                for key in fault.at[:-1]:
                    part = part[key]
                part.pop(fault.at[-1], None)
                source.warn(f"{fault.path}: unknown to WATS, dropped")
