r"""Teradyne (GenRad) GR228X and Z18xx: a day's log, test after test.

    F:\BOARDS\4711_CPU.obc[17-MAR-26  08:12:35       the test program, when it was loaded
    @17-MAR-26  08:14:05 SN SN-1                       a test begins
    (O 17,18,                                        what failed before anything was measured
    R12=10.01K(9.9K,10.1K)R                 a measurement: =, < or > for good, too low, too high
    R13#4.7(,)R                                 # for one that is only logged
    /17-MAR-26  08:15:21                               it ends; the first sign is the verdict

M is milli here, and MEG is mega.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.gr228x.document import document
from wats_worker.converters.gr228x.runs import runs
from wats_worker.reports.model import Report

NAME: Final = "teradyne-gr228x"
TITLE: Final = "Teradyne GR228X and Z18xx"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "SN behind the beginning of a test",
    "part number": "as printed by the test program, else the name of the program",
    "start": "the time behind @",
    "result": 'the sign of the last line: " passed, / failed, ? and ! broken off, * and & error',
    "station, operator, revision": "as printed by the test program, where it does",
    "steps": "a result each; those of a panel's boards in a sequence per board",
    "limits": "the two in parentheses",
}

Options = base.Options

_PROBED: Final = re.compile(
    rb"(?:^|\n)[A-Za-z]:\\[^\n\[]{1,300}\.[oO][bB][cC]\[[0-9]{2}-[A-Za-z]{3}-[0-9]{2}\s"
    rb"[^\n]{0,40}\n\s*+@[0-9]{2}-[A-Za-z]{3}-[0-9]{2}\s"
)


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for a program's line followed by the beginning of a test."""
    return 0.95 if _PROBED.search(head.removeprefix(b"\xef\xbb\xbf")) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each test, in the file's order; those that were aborted as well."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    count = 0
    for run in runs(source):
        yield finish(document(run, source, options), source, options, place=run.place)
        count += 1
    if not count:
        raise Refused("no test in the file")
