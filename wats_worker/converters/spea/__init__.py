"""SPEA 3030: rows of semicolons, from START to END a run of the test program; retests stand in the same file.

    FORMAT;mmdd                                               the order of a date's numbers
    START;Programme;4711-TS;2.1;4711-TS;op17;03/17/2026;08:14:05
    LOT;
    ANL;1;R12;87;1;R12 10k 1%;;PASS;1.001e+04;9.9e+03;1.01e+04;ohm;12 30 ;187
    FUNC;1;FKT;0;1000;Firmware;;PASS;1.0e+00;1.0e+00;0.0e+00;;
    SN;4711
    BOARDRESULT;PASS
    END;PASS;03/17/2026;08:15:21

Three zeros are no measurement, only a verdict. Limits that are both zero, or the wrong way round, are none.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.spea.document import document
from wats_worker.converters.spea.runs import runs
from wats_worker.converters.starts import DateOrder
from wats_worker.reports.model import Report

NAME: Final = "spea-3030"
TITLE: Final = "SPEA 3030 in-circuit test"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "SN",
    "part number": "the test program of START, if none is configured: the format has no field for it",
    "start, time": "START, in the order that FORMAT tells; up to END",
    "result": "END, which has to agree with BOARDRESULT",
    "operator, batch": "START, LOT",
    "steps": "a sequence per task, in it a step per ANL or FUNC row",
    "limits, unit": "low limit, high limit and unit of the row",
}

_FORMAT: Final = re.compile(rb"\s*FORMAT;[a-z]{4,8}\s*+START;")
_START: Final = re.compile(rb"\s*START;(?:[^;\n]{0,200};){5}[0-9/.-]{6,10};[0-9:]{5,8}")


class Options(base.Options):
    """What may be different at one source of SPEA logs."""

    #: How a date is written, in files that have no FORMAT row.
    date_order: DateOrder | None = None


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for a FORMAT row followed by a START row, 0.7 for the START row alone."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _FORMAT.match(head):
        return 0.95
    return 0.7 if _START.match(head) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each run, in the file's order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    for run in runs(source, options.date_order):
        yield finish(document(run, source, options), source, options, place=run.place)
        count += 1
    if not count:
        raise Refused("no run in the file")
