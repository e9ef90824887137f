"""LitePoint IQDVT, CSV: many tables in one file, each with a title and headings of its own.

    General
    Serial Number,IQDVT Version,CV VERSION,DUT VERSION,Date,Time
    SN-1,1.8.7.2,wlan_7.2,2.27.1,2026/1/19,16:31
    TX Calibration 24GHz
    Test,Band,Ant,Measure Power,Power Limit,Power Pass/Fail,UEvm,Power & EVM Limit [<=-25dB],Pass/Fail
    2.1,2G,0,17.65,(17.00 - 18.00),Pass,-25.12,Pass,Pass

A row has several verdicts: each is about the numbers left of it, the last about the row. Limits stand in
cells and in headings. Some sites leave the serial number empty and write it into the file's name: see
``file_name``.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from wats_worker.converters import barcodes, base, file_names, measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import begin, finish, once, remember
from wats_worker.converters.litepoint.tables import Unit, units
from wats_worker.converters.starts import DateOrder, day, local_time
from wats_worker.reports import judge
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "litepoint-iqdvt-csv"
TITLE: Final = "LitePoint IQDVT (CSV)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "Serial Number, else the file's name, by `file_name`",
    "part number, revision, station, operator": "columns of those names, or `file_name`",
    "start": "Date and Time",
    "result": "what the rows come to",
    "steps": "a sequence per table, a step per row, a measurement per number in it",
    "limits": "cells such as (17.00 - 18.00), and headings such as [<=-25dB]",
}

_BEGINNING: Final = re.compile(rb"\s*General[\s,]*?\n\s*Serial Number,[^\n]{0,200}\bIQDVT Version\b")
_PROGRAM: Final = "IQDVT Version"
_MEMBERS: Final = {
    "part number": "pn",
    "revision": "rev",
    "station": "machineName",
    "station id": "machineName",
}


class Options(file_names.Options):
    """What may be different at one source of IQDVT files."""

    #: How a date is written; one that begins with the year needs no telling.
    date_order: DateOrder | None = None


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the first title and the headings below it."""
    return 0.95 if _BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each General table in the file."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    for unit in units(source):
        yield finish(_document(unit, source, options), source, options, place=unit.place)
        count += 1
    if not count:
        raise Refused("no unit in the file", field="General")


def _document(unit: Unit, source: Source, options: Options) -> dict[str, Any]:
    facts = dict(unit.facts)
    uut: dict[str, Any] = {}
    made: dict[str, Any] = {"type": "T", "uut": uut, "sn": barcodes.code(facts.pop("Serial Number", ""))}
    program = facts.pop(_PROGRAM, "")
    date, clock = facts.pop("Date", ""), facts.pop("Time", "")
    if date:
        began = day(date, source, order=options.date_order, usual="mdy", place=unit.place)
        begin(made, datetime.combine(began, local_time(clock, unit.place)), source, options)
    for name, text in facts.items():
        if member := _MEMBERS.get(name.lower()):
            made[member] = text
        elif name.lower() == "operator":
            uut["user"] = text
        elif text:
            remember(made, name, text)
    file_names.put(made, source, options)
    steps = [
        measures.sequence(
            section.title, section.steps, judge.of_steps(step["status"] for step in section.steps)
        )
        for section in unit.sections
        if section.steps
    ]
    if not steps:
        raise Refused("no results", place=unit.place, field="result")
    status = judge.of_steps(step["status"] for step in steps)
    if status == "S":
        raise Refused("nothing was tested", place=unit.place, field="result")
    made["result"] = {"D": "P"}.get(status, status)
    made["root"] = measures.sequence("Board test", steps, made["result"])
    made["root"]["seqCall"] = {"name": f"IQDVT {program}".strip()[:200]}
    if program:
        made["root"]["seqCall"]["version"] = program[:30]
    return made
