"""WATS standard text format: tab separated, one block per unit under test.

--Header-Start--            key TAB value, one per line; keys of one's own become misc infos
--Step-Data-Start--         a line of column names, then one row per step or measurement
--Step-Data-End--           a few header keys may follow here, when they are known only at the end
--UUT-End--                 the next unit may follow
"""

from collections.abc import Iterable, Iterator
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.wstf.blocks import HEADER_START, read_blocks
from wats_worker.converters.wstf.document import document
from wats_worker.reports.model import Report

NAME: Final = "wats-text"
TITLE: Final = "WATS standard text format (WSTF)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number, part number, revision": "SerialNumber, PartNumber, Revision",
    "process": "OperationTypeCode, or OperationTypeName",
    "start": "StartDateTime, with its offset from UTCStartDateTime",
    "result": "UUTStatus, in the header or the footer",
    "station, operator, batch, fixture, socket": "StationName, OperatorName, BatchSerialNumber, "
    "FixtureId, TestSocketIndex",
    "sub units": "Subunit rows",
    "misc infos": "every other key",
    "steps": "SequenceCall … EndSequenceCall, and a step type per row; more rows of one step are "
    "measurements",
    "limits": "LowLimit, HighLimit and CompOperator; a text's limit stands in LowLimit",
    "charts": "Chart and its Series",
}

Options = base.Options


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the first line decides
    """0.95 when the file begins with the one line every such file begins with."""
    return 0.95 if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(HEADER_START.encode()) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order."""
    return once(_reports(source, options))


def _reports(source: Source, options: base.Options) -> Iterator[Report]:
    for block in read_blocks(source.text("cp1252")):
        place = f"the unit that begins in line {block.line}"
        yield finish(document(block, source, options), source, options, place=place)
