"""i3070 tab report: what a test plan in BT-Basic prints of a board, step by step.

    Traceability Number = 4711            the serial number
    DateTime = 20260317 08:14:05
    Overall_Status = 0                    0 is passed, 1 is failed
    TestStep  MeasResult  HiLimit  LoLimit  UOM
    r12       10.01       10.5     9.5      Ohm
    shorts    0           0        0        -         a verdict: 0 is passed
    Overall Status (Pass=0,Fail=1) = 0
    END

The high limit stands before the low one. A measurement has no verdict of its own, so it follows from the
limits; but in a board that passed, nothing failed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wats_worker.converters import base, measures
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import begin, finish, once
from wats_worker.converters.lines import lines
from wats_worker.converters.scale import SI, scaled
from wats_worker.converters.starts import compact
from wats_worker.converters.texts import Step, number, shown
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "i3070-text-report"
TITLE: Final = "i3070 tab report"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "Traceability Number",
    "start": "DateTime",
    "result": "Overall_Status",
    "steps": "a row each; its verdict follows from its limits",
    "limits, unit": "LoLimit, HiLimit, UOM",
    "report text": "everything else that is printed",
}

Options = base.Options

_SERIAL: Final = "Traceability Number"
_STATUS: Final = "Overall_Status"
_LAST_STATUS: Final = "Overall Status (Pass=0,Fail=1)"
_HEADING: Final = ("TestStep", "MeasResult", "HiLimit", "LoLimit", "UOM")
_FACT: Final = re.compile(r"([^=\t]{1,80}?(?:\([^)\t]{1,40}\))?)\s{0,40}=\s*(.*)")
_BEGINNING: Final = re.compile(rb"\s*Traceability Number\s*=")
_UNIT: Final = re.compile(r"([fpnumkKMGTµ]?)(Ohm|F|H|V|A|Hz|s|W)")
_RESULTS: Final[Mapping[str, str]] = {"0": "P", "1": "F"}
_NO_LIMIT: Final = 9.9e99


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the first line with the heading of the table, 0.6 for the first line alone."""
    if not _BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")):
        return 0.0
    return 0.95 if "\t".join(_HEADING).encode() in head else 0.6


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The boards of the file; as a rule it is one."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    count = 0
    for board in _boards(source):
        yield finish(_document(board, source, options), source, options, place=board.place)
        count += 1
    if not count:
        raise Refused("no board in the file")


@dataclass
class _Board:
    line: int
    facts: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    heading: bool = False

    @property
    def place(self) -> str:
        return f"the board of line {self.line}"


def _boards(source: Source) -> Iterator[_Board]:
    board: _Board | None = None
    for number_, line in enumerate(lines(source), start=1):
        text = line.strip()
        if not text:
            continue
        board = board or _Board(number_)
        cells = line.split("\t")
        if text == "END":
            yield board
            board = None
        elif tuple(cell.strip() for cell in cells) == _HEADING:
            board.heading = True
        elif board.heading and len(cells) == len(_HEADING):
            board.rows.append((number_, cells))
        elif len(cells) > 1:
            raise Refused(f"{len(cells)} cells, not {len(_HEADING)}", place=f"line {number_}")
        elif fact := _FACT.fullmatch(text):
            _take(board, fact[1].strip(), fact[2].strip(), number_)
        else:
            board.remarks.append(text)
    if board is not None:
        raise NotReady("the closing line END is not there yet")


def _take(board: _Board, key: str, value: str, line: int) -> None:
    if board.facts.get(key, value) != value:
        raise Refused(f"stands here with {shown(value)} and before with another value", place=f"line {line}",
                      field="serial number" if key == _SERIAL else key)  # fmt: skip
    board.facts[key] = value


def _document(board: _Board, source: Source, options: base.Options) -> dict[str, Any]:
    facts = dict(board.facts)
    made: dict[str, Any] = {"type": "T", "uut": {}, "sn": facts.pop(_SERIAL, "")}
    if written := facts.pop("DateTime", ""):
        clock = compact(written.replace(" ", "").replace(":", ""), board.place)
        begin(made, clock, source, options)
    result = made["result"] = _result(board, facts)
    steps = [_step(cells, f"line {line}", result, source) for line, cells in board.rows]
    if result == "F" and not any(step["status"] == "F" for step in steps):
        source.warn(f"{board.place}: failed, and no step says why")
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
    texts = [*board.remarks, *(f"{key}: {value}" for key, value in facts.items())]
    if texts:
        root["reportText"] = "\n".join(texts)[:100_000]
    made["root"] = {**root, "seqCall": {}, "steps": steps}
    return made


def _result(board: _Board, facts: dict[str, str]) -> str:
    given = {facts.pop(key) for key in (_STATUS, _LAST_STATUS) if key in facts}
    if len(given) != 1 or (word := given.pop()) not in _RESULTS:
        reason = "it says nothing" if not given else "it contradicts itself or says neither 0 nor 1"
        raise Refused(reason, place=board.place, field="result")
    return _RESULTS[word]


def _step(cells: list[str], place: str, result: str, source: Source) -> Step:
    name, measured, high, low, unit = (cell.strip() for cell in cells)
    if not name:
        raise Refused("a row without a name", place=place, field="TestStep")
    try:
        if unit == "-" and number(high) == number(low) == 0:
            return measures.passed_or_failed(name, "P" if number(measured) == 0 else "F")
        power, unit = _power(unit)
        value = scaled(measured, power)
        limits = [scaled(text, power) for text in (low, high)]
    except ValueError as error:
        raise Refused(str(error), place=place, field=name) from None
    least, most = (limit if abs(limit) < _NO_LIMIT else None for limit in limits)
    row = measures.numeric(value, "P", low=least, high=most, unit=unit)
    if judge.numeric(row["compOp"], value, row.get("lowLimit"), row.get("highLimit")) is False:
        if result == "P":
            source.warn(f"{place}: {name} is outside its limits, and the tester let the board pass")
        else:
            row["status"] = "F"
    text = f"{measured} {cells[4].strip()} ({low} to {high})" if power else ""
    return measures.numbers(name, row["status"], [row], text)


def _power(unit: str) -> tuple[int, str]:
    """The power of ten in a unit and the unit without it; nothing is done to units nobody knows."""
    found = _UNIT.fullmatch(unit)
    return (SI[found[1]], found[2]) if found else (0, "" if unit == "-" else unit[:20])
