"""OpenHTF: the record of one test run as JSON, as ``OutputToJSON`` writes it.

    {"dut_id": "SN-1", "station_id": "FCT-1", "start_time_millis": 1795381427728, "outcome": "FAIL",
     "metadata": {"test_name": "board_fct", "test_version": "2.1", "part_number": "PN-1", …},
     "phases": [{"name": "power_up", "outcome": "FAIL", "result": {"phase_result": "CONTINUE"},
       "measurements": {"rail": {"outcome": "FAIL", "measured_value": 3.6, "units": {"suffix": "V", …},
         "validators": ["3.1 <= x <= 3.5"]}}, "attachments": {…}}],
     "subtests": […], "diagnoses": […], "log_records": […]}

Limits are written as sentences only, and in the same unit as the value. The record has no place for a part
number or a process: they are metadata, under whatever name the authors of the test gave them.
"""

from collections.abc import Iterable
from typing import Final

from wats_worker.converters import base
from wats_worker.converters.base import Source
from wats_worker.converters.finish import finish
from wats_worker.converters.jsons import one_object
from wats_worker.converters.openhtf.document import document
from wats_worker.converters.openhtf.options import Options
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "openhtf-json"
TITLE: Final = "OpenHTF test record (JSON)"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "dut_id",
    "part number, revision, process": "metadata of those names, or as `names` says",
    "station": "station_id",
    "start, time": "start_time_millis, end_time_millis",
    "result": "outcome",
    "steps": "phases and sub tests; their measurements are steps, or rows where they have dimensions",
    "limits": "validators such as `3.1 <= x <= 3.5`",
    "attachments": "the attachments of a phase",
    "misc infos": "the other metadata",
}

#: The members that only this format has together.
_MARKS: Final = (b'"dut_id"', b'"start_time_millis"', b'"station_id"')
#: Those that others have as well. In a long record some of them are out of sight.
_OTHERS: Final = (b'"outcome"', b'"phases"', b'"metadata"', b'"phase_result"')


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for an object with the members of a test record."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return 0.0
    seen = head + tail
    known = all(mark in seen for mark in _MARKS) and sum(mark in seen for mark in _OTHERS) > 1
    return 0.95 if known else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The one report of the file."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    yield finish(document(one_object(source), source, options), source, options)
