"""NI TestStand XML reports, and the dumps the WATS client writes of them.

    <Reports>                          one file, one or many units (append to file, batch model)
      <Report Type='UUT' UUTResult='Passed'>
        <Prop Name='UUT'>              serial number, part number, misc infos, sub units
        <Prop Name='StartTime'> <Prop Name='StartDate'> <Prop Name='StationInfo'>
        <Prop Type='TEResult'>         the main sequence; its results nest below TS.SequenceCall.ResultList

A dump has <TSReport> as its root, with <ReportInfo key= value=> lines for the id and the start.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml.etree import _Element

from wats_worker.converters import base, markup
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.finish import finish, once
from wats_worker.converters.teststand_xml.document import document, serial_number
from wats_worker.converters.teststand_xml.options import Options
from wats_worker.converters.teststand_xml.props import Props
from wats_worker.reports.model import Report

__all__ = ["NAME", "TITLE", "VERSION", "Options", "convert", "probe"]

NAME: Final = "teststand-xml"
TITLE: Final = "NI TestStand XML report"
VERSION: Final = "1.0"
#: What becomes what, for the page about formats.
MAPPING: Final = {
    "serial number": "UUT.SerialNumber, or ReportInfo SN of a dump",
    "part number, revision": "UUT.UUTPartNumber or UUT.PartNumber, or the property that "
    "`part_number_property` names; UUT.UUTPartRevisionNumber",
    "process": "UUT.UUTOperationType, a code or a name",
    "start": "StartDate and StartTime, or ReportInfo Start of a dump, which has its offset",
    "result": "UUTResult of the report, else the status of the main sequence",
    "station, location, purpose, operator": "StationInfo: StationID, Location, Purpose, LoginName",
    "batch, fixture, socket": "UUT: BatchSerialNumber or LotNumber, UUT_Fixture_ID, TestSocketIndex",
    "misc infos, sub units, assets": "UUT.MiscUUTResult, as the WATS step types collect them",
    "additional data": "UUT.AdditionalData and StationInfo.AdditionalData",
    "steps": "TEResult below ResultList, with loops, groups and step times",
    "limits": "Limits.Low, Limits.High and Comp of a step or of each of its measurements",
    "steps beside a step": "TS.PostAction and the engine's callbacks, such as TS.SequenceFilePostStep",
    "charts": "Chart of the WATS step types",
    "additional results": "AdditionalResults, whatever is in them",
}

_UUT: Final = re.compile(rb"<Report\s[^>]*\bType\s*=\s*['\"](?:UUT|Batch)['\"]")
_PROP: Final = re.compile(rb"<Prop\s[^>]*\bName\s*=\s*['\"]")
_RESULT: Final = re.compile(rb"<Prop\s[^>]*\bType\s*=\s*['\"]TEResult['\"]")


def probe(head: bytes, tail: bytes, name: str) -> float:  # noqa: ARG001 - the content decides, not the name
    """0.95 for the root and the properties of a TestStand report, 0.8 for TestStand results elsewhere."""
    root = markup.root(head)
    # A WSXF file has the same names, in a namespace of its own.
    if root is None or root.namespace or root.name not in {"Reports", "Report", "TSReport"}:
        return 0.0
    head = head.replace(b"\0", b"")  # UTF-16, as far as it is ASCII
    if _PROP.search(head) and (root.name == "TSReport" or _UUT.search(head)):
        return 0.95
    return 0.8 if _RESULT.search(head) else 0.0


def convert(source: Source, options: base.Options) -> Iterable[Report]:
    """The reports of the file, in its order, one in memory at a time."""
    if not isinstance(options, Options):
        options = Options(**options.model_dump())
    return once(_reports(source, options))


def _reports(source: Source, options: Options) -> Iterator[Report]:
    count = 0
    for number, element in enumerate(_elements(source), start=1):
        place = f"report {number} (line {element.sourceline})"
        if element.get("Type", "UUT") == "Batch":
            source.warn(f"{place}: the summary of a batch, left out")
            continue
        report = Props(element)
        if options.without_serial_number == "leave-out" and serial_number(report) is None:
            source.warn(f"{place}: a unit without a serial number, left out")
            continue
        yield finish(document(report, source, options), source, options, place=place)
        count += 1
    if not count:
        raise Refused("no report of a unit in the file")


def _elements(source: Source) -> Iterator[_Element]:
    """Each report's element, whole; it is emptied when the next is asked for, so memory holds one."""
    for event, element in markup.events(source, check=_check, tags=("Reports", "Report", "TSReport")):
        parent = element.getparent()
        if event == "end" and _is_report(element, parent):
            yield element
            markup.forget(element)


def _check(root: _Element) -> None:
    if root.tag not in {"Reports", "Report", "TSReport"}:
        raise Refused(f"the root is {root.tag}, not Reports or TSReport", place=markup.place(root))


def _is_report(element: _Element, parent: _Element | None) -> bool:
    """Whether it stands below the root or in its batch's; elsewhere it is a part of the report it is in."""
    if parent is None:
        return element.tag != "Reports"
    if element.tag != "Report":
        return False
    if parent.tag == "Report":
        return parent.get("Type") == "Batch"
    return parent.tag == "Reports" and parent.getparent() is None
