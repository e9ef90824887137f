"""The frame two of the layouts share: a head between two @, then groups, one for each board, up to a third.

    @
    * PASS *
    Model:B-1.SWX
    DATE 17/3/2026 08:14:05
    @
    * GROUP No.1   *
    * PASS *
    Serial No.:4711
    …rows…
    @

The counters of the head (D.F:3, three failures today) are no results.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from wats_worker.converters.base import NotReady, Options, Refused, Source
from wats_worker.converters.finish import begin, remember
from wats_worker.converters.lines import lines
from wats_worker.converters.starts import DateOrder, Told, day, time_of_day
from wats_worker.converters.takaya.probing import Probing, step
from wats_worker.converters.texts import Step, shown

_EDGE: Final = "@"
_VERDICT: Final = re.compile(r"[* ]*\* *(PASS|FAIL|NO-TEST)[* ]+")
_GROUP: Final = re.compile(r"[* ]*\* *GROUP No\. ?([0-9]{1,4})[* ]+")
_COUNTERS: Final = re.compile(r"D\.T:.*")
_FACT: Final = re.compile(r"([A-Za-z][A-Za-z .]{1,30}?) ?:(.*)")
_SERIAL: Final = "Serial No.:"
_DATE: Final = "DATE "
_PROGRAM: Final = re.compile(r"\.SW[A-Za-z0-9]{0,4}$")
_SECONDS: Final = re.compile(r"([0-9]{1,6}) s")

#: What begins such a file.
HEAD: Final = re.compile(rb"\s*@\s*\r?\n[* ]*\* *(?:PASS|FAIL|NO-TEST)[* ]+\r?\nD\.T:")


@dataclass
class Head:
    """What holds for all boards of a block."""

    line: int
    facts: dict[str, str] = field(default_factory=dict)
    verdict: str = ""


@dataclass
class Group:
    """One board: its number on the panel, its verdict, its serial number, its rows."""

    head: Head
    line: int
    number: int
    verdict: str = ""
    serial: str | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Where the board begins, for a message."""
        return f"the group of line {self.line}"


#: Reads a line of the table; None for one that is no row.
RowReader = Callable[[str, str], Probing | None]


def groups(source: Source, read: RowReader) -> Iterator[list[Group]]:
    """The boards of each block.

    Raises:
        NotReady: the last block has no end.
        Refused: a line can't be read, or stands where it can't.
    """
    head: Head | None = None
    boards: list[Group] | None = None
    count = 0
    for at, line in enumerate(lines(source), start=1):
        text, place = line.strip(), f"line {at}"
        if not text:
            continue
        if head is None:
            if text != _EDGE:
                if not count or not _VERDICT.fullmatch(text):
                    raise Refused(f"{shown(text)} stands outside of any block", place=place)
                head = Head(at, verdict=text)  # the @ above ended a block and begins this one
            else:
                head = Head(at)
        elif boards is None:
            if text == _EDGE:
                boards = []
            else:
                _take(head, text, place)
        elif text == _EDGE:
            yield boards
            head, boards, count = None, None, count + 1
        elif found := _GROUP.fullmatch(text):
            boards.append(Group(head, at, int(found[1])))
        elif not boards:
            raise Refused(f"{shown(text)} stands before the first group", place=place)
        else:
            _board(boards[-1], text, line, place, read)
    if head is not None or not count:
        raise NotReady("the closing @ is not there yet") if head else Refused("the file is empty")


def _take(head: Head, text: str, place: str) -> None:
    if _VERDICT.fullmatch(text) or _COUNTERS.fullmatch(text):
        return  # of the panel, and of the day
    if text.startswith(_DATE):
        key, value = "DATE", text.removeprefix(_DATE).strip()
    elif found := _FACT.fullmatch(text):
        key, value = found[1].strip(), found[2].strip()
    else:
        raise Refused(f"{shown(text)} is not a line of a head", place=place)
    if head.facts.setdefault(key, value) != value:
        raise Refused("stands twice with different values", place=place, field=key)


def _board(board: Group, text: str, line: str, place: str, read: RowReader) -> None:
    if text.startswith(_SERIAL):
        serial = text.removeprefix(_SERIAL).strip()
        if board.serial not in {None, serial}:
            reason = f"{shown(board.serial or '')} before, and now {shown(serial)}"
            raise Refused(reason, place=place, field="serial number")
        board.serial = serial
    elif found := _VERDICT.fullmatch(text):
        board.verdict = found[1]
    elif _COUNTERS.fullmatch(text):
        return
    else:
        row = read(line, place)
        if row is not None:
            board.steps.append(step(row, place))


def tested(boards: list[Group], source: Source) -> Iterator[Group]:
    """The boards that were tested at all."""
    for board in boards:
        if board.verdict == "NO-TEST":
            source.warn(f"{board.place}: a board that was not tested, left out")
        else:
            yield board


def document(
    board: Group, source: Source, options: Options, told: Told, *, usual: DateOrder, order: DateOrder | None
) -> dict[str, Any]:
    """A board's report in wire form, with all that the frame says.

    Raises:
        Refused: the date can't be read, or there is no verdict.
    """
    facts = dict(board.head.facts)
    if board.verdict not in {"PASS", "FAIL"}:
        raise Refused("the group has none", place=board.place, field="result")
    result = "P" if board.verdict == "PASS" else "F"
    model = facts.pop("Model", "")
    uut: dict[str, Any] = {"user": facts.pop("User name", ""), "testSocketIndex": board.number}
    made: dict[str, Any] = {
        "type": "T",
        "pn": _PROGRAM.sub("", model),
        "sn": board.serial or "",
        "machineName": facts.pop("Test ID", ""),
        "result": result,
        "uut": uut,
    }
    if written := facts.pop("DATE", ""):
        date, _, clock = written.partition(" ")
        began = day(date, source, order=order, usual=usual, place=board.place)
        moment = datetime.combine(began, time_of_day(clock, board.place))
        begin(made, told.apart(made, moment, board.number, source), source, options)
    if seconds := _SECONDS.fullmatch(facts.get("Test time", "")):
        uut["execTime"] = int(seconds[1])
    for key, value in facts.items():
        if value:
            remember(made, key, value)
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
    made["root"] = {**root, "seqCall": {"name": model[:200]} if model else {}, "steps": board.steps}
    return made
