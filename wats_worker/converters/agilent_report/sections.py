"""From lines to boards: what stands between the rules, and where a board's report ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.lines import lines, unbroken
from wats_worker.converters.starts import month
from wats_worker.converters.texts import shown

_RULE: Final = re.compile(r"-{20,200}")
_END: Final = re.compile(r"-{1,100}End, ([0-9]{1,6}) Problems? Reported-{1,100}")
_REPORT: Final = re.compile(r"(.{1,40}) Report for \"([^\"]{1,100})\"\.?")
_FAILED: Final = re.compile(r"(\S.{0,200}) HAS FAILED")
_DATE: Final = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Za-z]{3}) +([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})"
)
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_VERSION: Final = "Board Version:"
_SERIAL: Final = "Serial #:"


@dataclass
class Failure:
    """One thing that failed: a device, or a whole test with a report of its own."""

    name: str
    line: int
    kind: str = ""  # "CHEK-POINT", "TestJet", …; empty for a device
    lines: list[str] = field(default_factory=list)
    problems: int | None = None  # as its last line counts them

    @property
    def place(self) -> str:
        """Where it stands, for a message."""
        return f"line {self.line}"


@dataclass
class Board:
    """Everything one board's report says."""

    line: int
    title: str = ""
    version: str = ""
    serial: str = ""
    start: datetime | None = None
    failures: list[Failure] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where it begins, for a message."""
        return f"the board of line {self.line}"


def boards(source: Source) -> Iterator[Board]:
    """The boards of a file, each ended by its serial number.

    Raises:
        NotReady: the file breaks off.
        Refused: a board has no serial number, or the parts contradict each other.
    """
    board: Board | None = None
    section: list[str] = []
    last = ""
    for number, text in enumerate(lines(source), start=1):
        line = text.strip()
        if line:
            last = line
            board = board or Board(number)
        if board is None:
            continue
        if line.startswith(_SERIAL):
            _close(board, section, number)
            board.serial = line.removeprefix(_SERIAL).strip()
            if not board.failures:
                raise Refused("a serial number without anything that failed", place=f"line {number}")
            if not unbroken(source):
                raise NotReady("the last line has no end yet")
            yield board
            board, section = None, []
        elif ended := _END.fullmatch(line):
            _close(board, section, number)
            if board.failures:
                board.failures[-1].problems = int(ended[1])
            section = []
        elif _RULE.fullmatch(line):
            _close(board, section, number)
            section = []
        elif line:
            section.append(line)
    if board is not None:
        if unbroken(source) and (_RULE.fullmatch(last) or _END.fullmatch(last)):
            raise Refused("the report ends without one", place=board.place, field="serial number")
        raise NotReady("the report breaks off")


def _close(board: Board, section: list[str], number: int) -> None:
    """Put what stood between two rules where it belongs."""
    at = number - len(section)
    if not section:
        return
    if any(line.startswith(_VERSION) for line in section):
        _header(board, section, at)
        return
    for offset, line in enumerate(section):
        if failed := _FAILED.fullmatch(line):
            board.failures.append(Failure(failed[1], at + offset))
        elif board.failures:
            board.failures[-1].lines.append(line)
        else:
            board.remarks.append(line)


def _header(board: Board, section: list[str], at: int) -> None:
    """The lines that begin every report: of what, when, which board."""
    title, dated = "", False
    for line in section:
        if found := _REPORT.fullmatch(line):
            board.failures.append(Failure(found[2], at, kind=found[1]))
        elif line.startswith(_VERSION):
            board.version = _same(board.version, line.removeprefix(_VERSION).strip(), at, "revision")
        elif found := _DATE.fullmatch(line):
            moment, dated = _date(found, at), True
            board.start = board.start or moment
        elif line[:4].rstrip() in _WEEKDAYS and line[-4:].isdigit():
            raise Refused(f"{shown(line)} is not a date", place=f"line {at}", field="start")
        elif _FAILED.fullmatch(line):
            raise Refused(f"{shown(line)} among the lines of a heading", place=f"line {at}")
        elif title:
            board.remarks.append(line)
        else:
            title = board.title = _same(board.title, line, at, "part number")
    if not dated:
        raise Refused("a heading without a date", place=f"line {at}", field="start")


def _same(known: str, text: str, at: int, what: str) -> str:
    if known and known != text:
        raise Refused(f"{shown(known)} before, and now {shown(text)}", place=f"line {at}", field=what)
    return text


def _date(found: re.Match[str], at: int) -> datetime:
    weekday, name, day, hour, minute, second, year = found.groups()
    try:
        moment = datetime(int(year), month(name), int(day), int(hour), int(minute), int(second))  # noqa: DTZ001
    except ValueError as error:
        raise Refused(f"{shown(found[0])}: {error}", place=f"line {at}", field="start") from None
    # A digit that was damaged falls on the wrong day of the week six times out of seven.
    if _WEEKDAYS[moment.weekday()] != weekday:
        raise Refused(f"{shown(found[0])} was no {weekday}", place=f"line {at}", field="start")
    return moment
