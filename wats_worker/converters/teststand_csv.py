"""Tables exported from a TestStand database: a row per unit, a column per step, its limits in the heading.

    Test Start,Station ID,Serial Number,Test Socket,Test Status,Test Time (s),Rail (V) 4.9 <= x <= 5.1 [0],…
    2023-04-18 13:08:20,FCT-1,4711,1,Passed,1159,5.01,…

An empty cell was not executed. The result is the unit's, and the limits are those of the day of the export:
a passed unit may have values outside of them. So its steps passed, and only in other units the limits tell
which step it was.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from wats_worker.converters import base, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.clock import read_iso
from wats_worker.converters.finish import begin, finish, once
from wats_worker.converters.lines import lines, wait_for_last_line
from wats_worker.converters.starts import Told
from wats_worker.converters.texts import Step, fit, number, shown, whole
from wats_worker.reports import judge
from wats_worker.reports.model import Report

NAME: Final = "teststand-db-csv"
TITLE: Final = "TestStand database as CSV"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, start, station, socket": "the columns of that name",
    "result, time": "Test Status, Test Time",
    "steps": "a column each, its unit and index in the heading",
    "limits": "in the heading: 4.9 <= x <= 5.1",
}


class Options(base.Options):
    """What may be different at one source of such tables."""

    #: Rows of units that nobody gave a serial number: the file is refused for them, or they are left out.
    without_serial_number: Literal["refuse", "leave-out"] = "refuse"


_FIXED: Final = ("Test Start", "Station ID", "Serial Number", "Test Socket", "Test Status", "Test Time (s)")
_START: Final = ",".join(_FIXED).encode()
_RESULTS: Final = {
    **{word: word[0].upper() for word in ("passed", "failed", "error", "terminated")},
    "done": "P",
    "skipped": "P",
}
#: name (unit) limits [loop]; of several brackets the last one before the limits is the unit.
_HEADING: Final = re.compile(r"(?P<name>.*) \((?P<unit>[^()]*)\)(?P<limits>[^()\[\]]*)\[(?P<loop>[0-9]+)\]")
_TWO: Final = re.compile(r"(\S+) (<=?) x (<=?) (\S+)")
_ONE: Final = re.compile(r"(?:x )?(<=|>=|<|>|==|!=) (\S+)")
_ABOVE: Final = {"<=": "GE", "<": "GT"}
_BELOW: Final = {"<=": "LE", "<": "LT"}
_SINGLE: Final = {**_BELOW, ">=": "GE", ">": "GT", "==": "EQ", "!=": "NE"}


@dataclass(frozen=True)
class _Column:
    """What one heading says."""

    name: str
    unit: str
    limits: dict[str, Any]  # of a numeric row: its operator and what the operator needs
    loop: int | None


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the heading decides
    """0.95 for the six headings every such table begins with."""
    return 0.95 if head.removeprefix(b"\xef\xbb\xbf").startswith(_START) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    told = Told()
    units: dict[tuple[str, ...], str] = {}
    rows = _rows(source)
    _, heading = next(rows, (1, []))
    if tuple(heading[: len(_FIXED)]) != _FIXED:
        raise Refused("not the headings of this format", place="line 1")
    columns = _columns(heading[len(_FIXED) :])
    for line, row in rows:
        place = f"line {line}"
        if not row[2] and options.without_serial_number == "leave-out":
            source.warn(f"{place}: a unit without a serial number, left out")
            continue
        start, station, serial, socket = row[:4]
        if (other := units.setdefault((start, station, socket), serial)) != serial:
            reason = f"{other} and {serial} began in socket {socket} in the same second"
            raise Refused(reason, place=place, field="serial number")
        yield finish(_document(row, columns, place, told, source, options), source, options, place=place)
    if not units:
        raise Refused("no unit in the file")


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    if not source.size:
        raise Refused("the file is empty")
    wait_for_last_line(source)
    width = 0
    reader = csv.reader((f"{line}\n" for line in lines(source)), strict=True)
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            width = width or len(row)
            if any(row) and len(row) > width:
                raise Refused(f"{len(row)} cells under {width} headings", place=f"line {reader.line_num}")
            if any(row):
                # What was not executed may be left out at the end of a row.
                yield reader.line_num, [*row, *[""] * (width - len(row))]
    except csv.Error as error:
        raise Refused(f"not a table: {error}", place=f"line {reader.line_num}") from None


def _columns(headings: Sequence[str]) -> list[_Column]:
    """Each heading's step. A step that stands there with several loop indexes is a loop."""
    found = [_HEADING.fullmatch(heading) for heading in headings]
    turns = Counter((match["name"], match["limits"]) for match in found if match)
    columns = []
    for heading, match in zip(headings, found, strict=True):
        if match is None:
            columns.append(_Column(heading, "", {"compOp": "LOG"}, None))
            continue
        loop = (
            int(match["loop"]) if turns[match["name"], match["limits"]] > 1 or match["loop"] != "0" else None
        )
        unit = match["unit"] if match["unit"] != "None" else ""
        columns.append(_Column(match["name"].strip(), unit, _limits(match["limits"].strip(), heading), loop))
    return columns


def _limits(text: str, heading: str) -> dict[str, Any]:
    try:
        if two := _TWO.fullmatch(text):
            low, above, below, high = two.groups()
            return {
                "compOp": _ABOVE[above] + _BELOW[below],
                "lowLimit": number(low),
                "highLimit": number(high),
            }
        if one := _ONE.fullmatch(text):
            return {"compOp": _SINGLE[one[1]], "lowLimit": number(one[2])}
    except ValueError as error:
        raise Refused(str(error), place="line 1", field=heading) from None
    if text:
        raise Refused(f"{shown(text)} are no limits", place="line 1", field=heading)
    return {"compOp": "LOG"}


def _document(
    row: Sequence[str],
    columns: Sequence[_Column],
    place: str,
    told: Told,
    source: Source,
    options: base.Options,
) -> dict[str, Any]:
    start, station, serial, socket, word, seconds = row[: len(_FIXED)]
    result = _RESULTS.get(word.lower())
    if result is None:
        raise Refused(f"{shown(word)} is not a result", place=place, field="result")
    uut: dict[str, Any] = {}
    made: dict[str, Any] = {"type": "T", "sn": serial, "uut": uut, "result": result, "machineName": station}
    try:
        if socket and (index := whole(socket)) >= 0:  # -1 is the sequential model: there are no sockets
            uut["testSocketIndex"] = index
        if seconds:
            uut["execTime"] = number(seconds)
    except ValueError as error:
        raise Refused(str(error), place=place) from None
    try:
        clock = read_iso(start)
    except ValueError as error:
        raise Refused(str(error), place=place, field="start") from None
    # Ten sockets start together; a unit that stands in two of them was tested in both.
    clock = told.apart(made, clock, uut.get("testSocketIndex", 0), source)
    begin(made, clock, source, options)
    steps = [
        _step(column, text, place, passed=result == "P")
        for column, text in zip(columns, row[len(_FIXED) :], strict=True)
        if text
    ]
    made["root"] = measures.sequence("MainSequence Callback", steps, result)
    return made


def _step(column: _Column, text: str, place: str, *, passed: bool) -> Step:
    try:
        value = number(text)
    except ValueError as error:
        if column.limits["compOp"] != "LOG":
            raise Refused(str(error), place=place, field=column.name) from None
        return measures.noted(column.name, "P", text)
    low, high = column.limits.get("lowLimit"), column.limits.get("highLimit")
    held = passed or judge.numeric(column.limits["compOp"], value, low, high)
    row = {**measures.numeric(value, "P" if held else "F"), **column.limits}
    step = measures.numbers(column.name, row["status"], [row])
    if column.unit:
        row["unit"] = fit(step, "Unit", column.unit, 20)
    if column.loop is not None:
        step["loop"] = {"idx": column.loop}
    return step
