"""Agilent (Keysight) 3070 report of failures: the text that the tester prints for a board that failed.

    ----------------------------------------
    CONTROL UNIT                             title of the board, its version, when
    Board Version:  c2
    Tue Mar 17 08:14:05 2026
    ----------------------------------------
    r17 HAS FAILED                           a device, or a report on shorts, pins or vectorless tests
    Measured:   12.500k
    …
    ----------------------------------------
    Serial #: 4711                           the last line

Only what failed is in it. That a device is missing says nothing about it, and no board in it has passed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.agilent_report.document import document
from wats_worker.converters.agilent_report.sections import boards
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.reports.model import Report

NAME: Final = "agilent-report-txt"
TITLE: Final = "Agilent 3070 report of failures"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "Serial #, the last line",
    "part number, revision": "the title of the board, Board Version",
    "start": "the date below the title",
    "result": "failed: boards that pass are not printed",
    "steps": "a step per failed device, and one per report on shorts, pins or vectorless tests",
    "limits": "Low Limit and High Limit; of a Threshold the side that explains the failure",
}

Options = base.Options

_RULE: Final = re.compile(rb"(?:^|\n)-{40}\r?\n")
_FAILURE: Final = re.compile(
    rb"(?:^|\n)\S[^\n]{0,80} HAS FAILED\r?\n|\n(?:[A-Z][A-Za-z-]{1,20} )?[A-Za-z-]{3,20} Report for \""
)


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.9 for a rule of 40 dashes, a failure and a serial number; 0.6 as long as the number is missing."""
    if not _RULE.search(head) or not _FAILURE.search(head) or b"Board Version:" not in head:
        return 0.0
    return 0.9 if b"\nSerial #:" in tail else 0.6


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The failed boards of the file; as a rule it is one."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    count = 0
    for board in boards(source):
        yield finish(document(board, source, options), source, options, place=board.place)
        count += 1
    if not count:
        raise Refused("no board in the file")
