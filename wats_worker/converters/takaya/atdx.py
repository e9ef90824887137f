"""TAKAYA ATDX: text in spite of its name, sections with a heading each, tables of semicolons.

    #############"Main header"############
    Tester ID:  APT-1 FPT-A
    Model: 4711-B
    Serial number : SN-1
    Test Date: 17/03/2026 08:14:05
    --------------------------------
    #############"Group header"#########
    Group No.: 1 Side: A FAIL
    --------------------------------
    Order;Aux;M.Aux;Parts;Value;Unit;…

A file grows with each try of a panel, and each try repeats the whole head, the time of the first one too. So
the order of the blocks is the only thing that tells tries apart: they begin a millisecond after each other. A
board that has passed is not tested again, and its block is repeated to the last digit; its report says so. A
whole try that is repeated so is a copy, and refused.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from wats_worker.converters import base
from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.finish import begin, finish, once, remember
from wats_worker.converters.starts import DateOrder, Told, day, time_of_day
from wats_worker.converters.takaya.sections import Block, blocks
from wats_worker.converters.texts import Step
from wats_worker.reports.model import Report

NAME: Final = "takaya-atdx"
TITLE: Final = "TAKAYA flying probe (ATDX)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, station": "Serial number, Model, Tester ID",
    "start": "Test Date; the tries of a panel begin a millisecond after each other",
    "result": "the verdict of the group",
    "socket": "the group's number",
    "steps": "a row each; two tries of one part are two measurements",
    "limits": "the reference value with its percentages",
    "misc infos": "the side, further lines of the head, and that a board was not tested again",
}

_BEGINNING: Final = re.compile(rb"\s*#{5,20}\"Main header\"#{5,20}\s")
_SERIAL, _DATE, _MODEL, _TESTER = "Serial number", "Test Date", "Model", "Tester ID"


class Options(base.Options):
    """What may be different at one source of ATDX files."""

    #: How a date is written; without it 01/02/2025 is the 1st of February, and a warning says so.
    date_order: DateOrder | None = None


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the heading of the first section, as no other format writes it."""
    return 0.95 if _BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each board of each try, in the file's order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    told = Told()
    known: dict[bytes, int] = {}  # blocks by their content
    lengths: dict[int, int] = {}
    for panel in _tries(blocks(source)):
        if all(block.digest in known for block in panel):
            reason = "the same try stands in the file twice"
            raise Refused(reason, place=panel[0].place, fix="remove the copy")
        for block in panel:
            if lengths.setdefault(block.number, len(block.steps)) != len(block.steps):
                raise NotReady(f"{len(block.steps)} rows, and {lengths[block.number]} in the try before")
            if block.verdict == "NO-TEST":
                source.warn(f"{block.place}: a board that was not tested, left out")
                continue
            made = _document(block, source, options, told)
            if (line := known.setdefault(block.digest, block.line)) != block.line:
                remember(made, "Not tested again", f"the same to the last digit as in line {line}")
            yield finish(made, source, options, place=block.place)
    if not known:
        raise Refused("no board in the file")


def _tries(found: Iterable[Block]) -> Iterator[list[Block]]:
    """The blocks of each try of the panel: their group numbers rise."""
    panel: list[Block] = []
    for block in found:
        if panel and block.number <= panel[-1].number:
            yield panel
            panel = []
        panel.append(block)
    if panel:
        yield panel


def _document(block: Block, source: Source, options: Options, told: Told) -> dict[str, Any]:
    facts = dict(block.facts)
    result = "P" if block.verdict == "PASS" else "F"
    model = facts.pop(_MODEL, "")
    made: dict[str, Any] = {
        "type": "T",
        "pn": model,
        "sn": facts.pop(_SERIAL, ""),
        "machineName": facts.pop(_TESTER, ""),
        "result": result,
        "uut": {"testSocketIndex": block.number},
    }
    if written := facts.pop(_DATE, ""):
        date, _, clock = written.partition(" ")
        began = day(date, source, order=options.date_order, usual="dmy", place=block.place)
        moment = datetime.combine(began, time_of_day(clock, block.place))
        begin(made, told.apart(made, moment, block.line, source), source, options)
    remember(made, "Side", block.side)
    for key, value in facts.items():
        if value:
            remember(made, key, value)
    root: Step = {"group": "M", "stepType": "SequenceCall", "name": "Board test", "status": result}
    made["root"] = {**root, "seqCall": {"name": model[:200]} if model else {}, "steps": block.steps}
    return made
