"""TRI in-circuit testers: a line about the board, a row per component that failed, shorts and opens as text.

    [FAIL,]1,17,BOARD-A,SN-1,20260317,081409,F,0,0,,FPPPPPPPPPNN,1,F,0,20260317,081405,0,,,0,0[,4.02 sec]

    120, R12,   100.00K ,    10.00K ,  10.0,  10.0, 2, R, 51, 52, A1, 12.5000000K , 1

    Short <  17>-VDD_A -> Parts:U1.1 < 11  80 >-VDD_B -> Parts:U1.12
    Open < 51> < 20  23 > -> <51>-VS_TP Parts:J1.3

Only what failed is listed, so a board that passed has a line and nothing else; one that failed may have no
more. The limits are percentages of the standard value, which is not the value printed on the part.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from wats_worker.converters import base, measures
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import begin, finish, once, remember
from wats_worker.converters.lines import lines, unbroken
from wats_worker.converters.scale import SI, scaled, split
from wats_worker.converters.starts import compact
from wats_worker.converters.texts import Step, number, say, shown
from wats_worker.reports.model import Report

NAME: Final = "tri-ict"
TITLE: Final = "TRI in-circuit test (CSV, DCL)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision": "BarCode, BoardName, BoardVersion",
    "start, time": "BeginDate and BeginTime; up to Date and Time",
    "result": "Result, MulBrdResult and PASS/FAIL, which have to agree",
    "station, operator, fixture, socket": "ICT_ID, OperID, FixtureBarcode, MulBrdNum",
    "steps": "a row per failed component, a step per short and open",
    "limits": "the standard value with its percentages",
    "misc infos": "SeriesNo, Retest, RetryCnt, WorkSchedule, DetailResult, Version",
}

Options = base.Options

#: The fields of the line about the board, as the tester itself names them.
_FIELDS: Final = (
    "ICT_ID", "SeriesNo", "BoardName", "BarCode", "Date", "Time", "Result", "Retest", "WorkSchedule",
    "OperID", "DetailResult", "MulBrdNum", "MulBrdResult", "RetryCnt", "BeginDate", "BeginTime", "Version",
    "BoardVersion", "FixtureBarcode", "PinOffset", "LeftRight",
)  # fmt: skip
_VERDICTS: Final[Mapping[str, str]] = {"PASS": "P", "FAIL": "F", "P": "P", "F": "F"}
_INFOS: Final = ("SeriesNo", "Retest", "RetryCnt", "WorkSchedule", "DetailResult", "Version", "Test time")
#: What a component is measured in when its value has no unit of its own.
_UNITS: Final[Mapping[str, str]] = {"R": "Ohm", "C": "F", "L": "H", "D": "V", "Q": "V", "U": "V"}
#: A jumper's reading is a code, not a resistance.
_JUMPER: Final = "J"
_COLUMNS: Final = 13

_COMMENT: Final = "//"
_HEADER_DATA: Final = re.compile(rb"// ?Header_Data\s+// ?(?:PASS/FAIL, ?)?ICT_ID,")
_BOARD: Final = re.compile(
    rb"(?:(?:PASS|FAIL),)?[^,\n]{0,40},[^,\n]{0,40},[^,\n]{1,200},[^,\n]{0,200},[0-9]{8},[0-9]{6},[A-Z],"
    rb"[^,\n]{0,40},[^,\n]{0,40},[^,\n]{0,100},[PFN]{12},"
)
_SECONDS: Final = re.compile(r"[0-9.]{1,12} ?sec")
_SHORT: Final = re.compile(r"Short\s*<\s*([0-9]{1,6})[^<]{0,2000}<\s*([0-9]{1,6})")
_FAULT: Final = re.compile(r"([A-Z][A-Za-z /-]{1,30}?)\s*<\s*([0-9]{1,6})")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the tester's own comment, 0.9 for a board's line without it."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HEADER_DATA.match(head):
        return 0.95
    return 0.9 if _BOARD.match(head) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of the file's board."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    if source.name.lower().endswith(".dcf"):
        raise Refused("this is a TRI setting file, not a test log", fix="exclude *.dcf")
    board = _read(source)
    yield finish(_document(board, source, options), source, options, place=board.place)


@dataclass
class _Board:
    line: int
    facts: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"line {self.line}"


def _read(source: Source) -> _Board:
    board: _Board | None = None
    for at, line in enumerate(lines(source), start=1):
        text = line.strip()
        if not text or text.startswith(_COMMENT):
            continue
        place = f"line {at}"
        if not text.replace("\t", " ").isprintable():
            raise Refused(f"{shown(text)} has characters that can't be seen", place=place)
        cells = [cell.strip() for cell in text.split(",")]
        if board is None:
            board = _Board(at, _facts(cells, place))
        elif _BOARD.match(text.encode()):
            raise Refused("a second board", place=place, field="serial number")
        elif cells[0].isdigit():
            board.steps.append(_component(cells, place))
        else:
            _fault(board, text, place, source)
    if board is None:
        raise Refused("no board in the file")
    if not unbroken(source):
        raise NotReady("the last line has no end yet")
    return board


def _facts(cells: list[str], place: str) -> dict[str, str]:
    facts: dict[str, str] = {}
    if cells[0] in {"PASS", "FAIL"}:  # which moves all the others by one
        facts["PASS/FAIL"], *cells = cells
    if len(cells) == len(_FIELDS) + 1 and _SECONDS.fullmatch(cells[-1]):
        facts["Test time"] = cells.pop()
    if len(cells) != len(_FIELDS):
        raise Refused(f"{len(cells)} fields, not {len(_FIELDS)}", place=place)
    return {**facts, **dict(zip(_FIELDS, cells, strict=True))}


def _document(board: _Board, source: Source, options: base.Options) -> dict[str, Any]:
    facts = board.facts
    result = _result(board)
    started = compact(facts["BeginDate"] + facts["BeginTime"], board.place)
    seconds = (compact(facts["Date"] + facts["Time"], board.place) - started) / timedelta(seconds=1)
    uut: dict[str, Any] = {"user": facts["OperID"]}
    if seconds >= 0:
        uut["execTime"] = seconds
    if facts["FixtureBarcode"]:
        uut["fixtureId"] = facts["FixtureBarcode"]
    if facts["MulBrdNum"].isdigit() and len(facts["MulBrdNum"]) < 5:
        uut["testSocketIndex"] = int(facts["MulBrdNum"])
    made: dict[str, Any] = {
        "type": "T",
        "pn": facts["BoardName"],
        "rev": facts["BoardVersion"],
        "sn": facts["BarCode"],
        "machineName": facts["ICT_ID"],
        "result": result,
        "uut": uut,
    }
    begin(made, started, source, options)
    for name in _INFOS:
        if facts.get(name):
            remember(made, name, facts[name])
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Failures", "status": result}
    if failed := [str(place) for place, letter in enumerate(facts["DetailResult"], start=1) if letter == "F"]:
        say(root, f"Failed in {', '.join(failed)} of the {len(facts['DetailResult'])} parts of the test")
    for remark in board.remarks:
        say(root, remark)
    made["root"] = {**root, "seqCall": {"name": facts["BoardName"][:200]}, "steps": board.steps}
    return made


def _result(board: _Board) -> str:
    facts = board.facts
    fields = ("PASS/FAIL", "Result", "MulBrdResult")
    given = {_VERDICTS.get(facts[name], "") for name in fields if facts.get(name)}
    if len(given) != 1 or "" in given:
        reason = f"{', '.join(fields)} don't say one and the same thing"
        raise Refused(reason, place=board.place, field="result")
    return given.pop()


def _component(cells: list[str], place: str) -> Step:
    """StepNum, PartName, Act_V, Std_V, HLim, LLim, Mode, Type, HPin, LPin, Loc, Msr_V, Result."""
    if len(cells) != _COLUMNS:
        raise Refused(f"{len(cells)} cells, not {_COLUMNS}", place=place)
    name, actual, standard, above, below, kind, measured, result = (
        cells[column] for column in (1, 2, 3, 4, 5, 7, 11, 12)
    )
    if not name:
        raise Refused("a component without a name", place=place, field="PartName")
    status = "P" if result == "0" else "F"
    text = (
        f"Step {cells[0]}, pins {cells[8]} and {cells[9]}, {cells[10]}: {measured}, "
        f"standard {standard} +{above}% -{below}%, part {actual}"
    )
    try:
        value, unit = _value(measured, kind)
        low, high = (None, None) if kind == _JUMPER else _limits(standard, above, below, kind)
    except ValueError as error:
        raise Refused(str(error), place=place, field=name) from None
    return measures.numbers(
        name, status, [measures.numeric(value, status, low=low, high=high, unit=unit)], text
    )


def _value(text: str, kind: str) -> tuple[float, str | None]:
    """A value such as 703.8737614K, 216.9179240nF or 0.335V in its base unit."""
    digits, letters = split(text)
    for prefix, unit in ((letters[:1], letters[1:]), ("", letters)):
        if prefix in SI and unit in {"", "F", "H", "V", "A"}:
            return scaled(digits, SI[prefix]), unit or _UNITS.get(kind)
    raise ValueError(f"{shown(letters)} is not a unit")


def _limits(standard: str, above: str, below: str, kind: str) -> tuple[float | None, float | None]:
    nominal, _ = _value(standard, kind)
    least, most = (nominal * (1 - number(below) / 100), nominal * (1 + number(above) / 100))
    return (least, most) if least < most else (None, None)


def _fault(board: _Board, text: str, place: str, source: Source) -> None:
    """A short, an open, or what else is told in words."""
    if found := _SHORT.match(text):
        name = f"Short {found[1]}-{found[2]}"
    elif found := _FAULT.match(text):
        name = f"{found[1]} {found[2]}"
    else:
        source.warn(f"{place}: {shown(text)} was kept as a remark")
        board.remarks.append(text)
        return
    board.steps.append(measures.passed_or_failed(name, "F", text))
