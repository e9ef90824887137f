"""From lines to tests: where one begins, where it ends, and with which verdict."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.gr228x.results import Reader, Run, is_result, printed
from wats_worker.converters.lines import lines
from wats_worker.converters.starts import month
from wats_worker.converters.texts import shown

#: How a test ended: the first sign of its last line.
ENDS: Final[Mapping[str, tuple[str, str]]] = {
    '"': ("P", "passed"),
    "/": ("F", "failed"),
    "?": ("T", "aborted"),
    "!": ("T", "cancelled"),
    "*": ("E", "error"),
    "&": ("E", "system error"),
}
#: Written when a board is taken back to its diagnosis; it ends no test.
_RETURNED: Final = "]"
_MARKS: Final = frozenset({*ENDS, _RETURNED})
_WHEN: Final = r"([0-9]{2})-([A-Za-z]{3})-([0-9]{2})\s+([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
_PROGRAM: Final = re.compile(rf"([A-Za-z]:[\\/][^\[\]]{{1,300}}\.[oO][bB][cC])\[{_WHEN}\]?")
_BEGINNING: Final = re.compile(rf"@{_WHEN}(?:\s+SN\s*(.*))?")
_END: Final = re.compile(rf"([{re.escape(''.join(ENDS))}\]]){_WHEN}")


def runs(source: Source) -> Iterator[Run]:
    """The tests of a file.

    Raises:
        NotReady: the last one has not ended.
        Refused: a line can't be read, or a test begins within another.
    """
    program, run, reader = "", None, None
    pending: dict[str, str] = {}
    for at, line in enumerate(lines(source), start=1):
        text, place = line.strip(), f"line {at}"
        if not text:
            continue
        if found := _PROGRAM.fullmatch(text):
            _moment(found.groups()[1:], place)
            program = found[1]
        elif text.startswith("@"):
            if run is not None:
                raise Refused(f"a test begins before the one of line {run.line} has ended", place=place)
            run = _begun(text, program, at)
            run.facts.update(pending)
            reader, pending = Reader(run), {}
        elif text[0] in _MARKS and text[1:2].isdigit():
            ended = _ended(text, place, run)
            if ended is not None and run is not None:
                run.mark, run.end = text[0], ended
                yield run
                run = reader = None
        elif reader is not None:
            reader.take(text, place)
        elif fact := printed(text):
            pending.update(fact)  # before the test it is about
        elif is_result(text):
            raise Refused(f"{shown(text)} stands outside of any test", place=place)
        else:
            source.warn(f"{place}: {shown(text)} stands outside of any test, left out")
    if run is not None:
        raise NotReady(f"{run.place} has no end yet")


def _begun(text: str, program: str, at: int) -> Run:
    found = _BEGINNING.fullmatch(text)
    if found is None:
        raise Refused(f"{shown(text)} is not the beginning of a test", place=f"line {at}", field="start")
    *parts, serial = found.groups()
    return Run(at, program, _moment(parts, f"line {at}"), (serial or "").strip())


def _ended(text: str, place: str, run: Run | None) -> datetime | None:
    """When a test ended; None for the sign that ends none."""
    found = _END.fullmatch(text)
    if found is None:
        raise Refused(f"{shown(text)} is not the end of a test", place=place)
    ended = _moment(found.groups()[1:], place)
    if found[1] == _RETURNED:
        return None
    if run is None:
        raise Refused("a test ends that hasn't begun", place=place)
    return ended


def _moment(parts: Iterable[str], place: str) -> datetime:
    day, name, year, *clock = parts
    try:
        hour, minute, second = (int(part) for part in clock)
        century = 1900 if int(year) >= 70 else 2000
        return datetime(century + int(year), month(name), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError as error:
        raise Refused(str(error), place=place, field="start") from None
