r"""Keysight (Agilent, HP) i3070 log records: what the tester's data logging writes of each board.

    {@BATCH|board type|…|operator|controller|test plan|…       one run of the test plan, open to the end
    {@BTEST|board id|status|start|duration|…                   one test of one board
    {@BLOCK|r12|00                                             one block of the test plan
    {@A-RES|0|+1.001E+04{@LIM3|+1.0E+04|+1.1E+04|+9.0E+03}}    one measurement, with its limits
    }
    {@RETEST|260317081421}                                     the board is tested again
    }{@BTEST|…                                                 … in a test of its own
    }}

Line ends mean nothing, braces everything. Which records a log has is a setting of the tester: only failures,
every tenth board, no limits. A missing block is no sign of anything. The units are not in the file either:
they follow from the kind of measurement, where they do.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.i3070_log.document import document, is_board
from wats_worker.converters.i3070_log.options import Options
from wats_worker.converters.i3070_log.records import board_tests
from wats_worker.converters.starts import Told
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "i3070-log-record"
TITLE: Final = "Keysight i3070 log record"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "board id of BTEST",
    "part number, revision": "board type of BATCH; version label, or the revision of the board type",
    "process": "the process step of BATCH, by `process_codes`",
    "start": "start of BTEST; a test that begins in the same second as another is put a millisecond "
    "behind it",
    "result": "status of BTEST, by Keysight's table and `user_statuses`",
    "station, operator, batch, fixture, socket": "controller, operator, batch, fixture of BATCH; number "
    "on the panel of BTEST",
    "steps": "a sequence per kind of test, in it a step per block; several measurements of a block are rows",
    "limits": "LIM2 and LIM3; 9.999999E+99 is none",
    "units": "by the kind of measurement: ohms of A-RES, farads of A-CAP and so on",
    "misc infos": "test head, panel, learning, known good board, tested again",
}

_BEGINNING: Final = re.compile(rb"\s*\{@BATCH\|")
_TEST: Final = re.compile(rb"\{@BTEST\|")
#: How far into a file the first board test may begin when no batch stands before it.
_NEAR: Final = 4096
#: A clock that differs more than this from the file's own time is wrong, though it is all there is.
_CLOCK_ERROR: Final = timedelta(days=366)


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.98 for a batch at the beginning, 0.9 for a board test near it."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _BEGINNING.match(head):
        return 0.98
    return 0.9 if head.lstrip()[:2] == b"{@" and _TEST.search(head, 0, _NEAR) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """A report for each test of a board, in the file's order."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    told = Told()
    for test in board_tests(source):
        if not is_board(test, source):
            continue
        made, clock = document(test, source, options, told)
        if source.modified and abs(source.modified.replace(tzinfo=None) - clock) > _CLOCK_ERROR:
            source.warn(f"the tester's clock says {clock}, the file was written {source.modified:%Y-%m-%d}")
        yield finish(made, source, options, place=test.place)
