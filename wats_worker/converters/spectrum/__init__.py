"""Teradyne TestStation, Spectrum software: nodes in parentheses, each with a name and a colon.

    (PROGRAM_NAME: "PB-1")
    (SECTION_NAME: "CAPACITORS")
    (STEP: (TYPE: RAW) (TIME: 03/17/2026 08:14:05 ) (SNAME: "CAP[C1]")
        (PAGE: (TYPE: CAP) (PAGE_NAME: "C1") (STAT: PASS)
            (ANA: (TYPE: CAP) (STAT: PASS)
                (LOLIM: (VAL: 3.9) (SCALE: n) (UNIT: F) ) (MEASVAL: …) (HILIM: …) …)) (STAT: PASS))
    (USER:  Serialnumber:4711)
    (USER:  STATUS: BOARD PASSED)

What stands in USER nodes is printed by the test program, the serial number and the board's verdict with it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Source
from wats_worker.converters.finish import finish
from wats_worker.converters.spectrum.document import document
from wats_worker.converters.spectrum.options import Options
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "teradyne-spectrum"
TITLE: Final = "Teradyne TestStation Spectrum"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, operator": "USER: Serialnumber, Operator",
    "part number": "PROGRAM_NAME",
    "start": "the time of the first step; USER: StartTime and EndTime have no date",
    "result": "USER: STATUS",
    "steps": "a sequence per SECTION_NAME, a step per STEP; its pages and readings are measurements",
    "limits, unit": "LOLIM, HILIM, scaled by SCALE to the base UNIT",
    "misc infos": "further USER lines",
}

_BEGINNING: Final = re.compile(rb"\s*\(PROGRAM_NAME:\s*\"")
_STEP: Final = re.compile(rb"\n[ \t]{0,40}\(STEP:\s")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the program's name followed by a step, 0.7 for the name alone."""
    if not _BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf")):
        return 0.0
    return 0.95 if _STEP.search(head) else 0.7


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The report of the file's one board."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return _reports(source, options)


def _reports(source: Source, options: Options) -> Iterator[Report]:
    yield finish(document(source, options), source, options)
