"""The header of a report posted as XML. Its steps are kept as they came and never looked into."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from lxml import etree

from wats_worker.simulator.answers import Refusal
from wats_worker.simulator.instants import ticks
from wats_worker.simulator.intake import Arrival
from wats_worker.simulator.processes import Process

_NAMESPACE = "{http://wats.virinco.com/schemas/WATS/Report/wsxf}"
_TYPES = {"UUT": "T", "UUR": "R"}
_RESULTS = {"Passed": "P", "Failed": "F", "Error": "E", "Terminated": "T"}


def read(body: bytes) -> etree._Element:
    """Parse a document with exactly one report. Nothing outside the body is fetched, no entity is expanded.

    Raises:
        Refusal: 400.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Refusal(400, f"The body is not XML: {error.msg}") from None
    reports = root.findall(f"{_NAMESPACE}Report")
    if root.tag != f"{_NAMESPACE}Reports" or len(reports) != 1:
        raise Refusal(400, f"Expected {_NAMESPACE}Reports with exactly one Report.")
    return reports[0]


def arrival(report: etree._Element, body: bytes, processes: Sequence[Process]) -> Arrival:
    """Check the header and make the arrival.

    Raises:
        Refusal: 400 with the place of every fault.
    """
    process = _process(report, processes)
    facts = report.find(f"{_NAMESPACE}{report.get('type')}")
    faults = {f"Report.{place}": [text] for place, text in _misfits(report, facts, process)}
    if faults or facts is None or process is None:
        raise Refusal(400, "The request is invalid.", faults=faults)
    header = _header(report, facts) | {
        "reportType": _TYPES[report.get("type", "")],
        "result": _RESULTS[report.get("Result", "")],
        "processCode": process.code,
        "processName": process.name,
    }
    identity = str(UUID(report.get("ID", "")))
    return Arrival(id=identity, ticks=ticks(report.get("Start", "")), header=header, body=body, xml=True)


def _process(report: etree._Element, processes: Sequence[Process]) -> Process | None:
    """Find the process by its code, by its exact name, or by both."""
    given = report.find(f"{_NAMESPACE}Process")
    if given is None or not (given.get("Code") or given.get("Name")):
        return None
    for process in processes:
        code, name = given.get("Code") or str(process.code), given.get("Name") or process.name
        if process.active and (str(process.code), process.name) == (code, name):
            return process
    return None


def _misfits(
    report: etree._Element, facts: etree._Element | None, process: Process | None
) -> Iterator[tuple[str, str]]:
    """What is wrong, by place; at most one thing each."""
    for name in ("PN", "SN", "MachineName"):
        if not report.get(name):
            yield name, "Attribute required"
    for name, words in (("type", _TYPES), ("Result", _RESULTS)):
        if report.get(name) not in words:
            yield name, f"'{report.get(name)}' is none of {', '.join(words)}"
    for name, read_as in (("ID", UUID), ("Start", ticks)):
        try:
            read_as(report.get(name, ""))
        except ValueError as error:
            yield name, str(error)
    kind = report.get("type")
    if kind in _TYPES and facts is None:
        yield kind, "Element required"
    if process is None:
        yield "Process", "Neither code nor name lead to a process of this server"
    elif (kind == "UUT" and not process.is_test) or (kind == "UUR" and not process.repair):
        yield "Process", f"{process.code} ({process.name}) is not of the right kind"


def _header(report: etree._Element, facts: etree._Element) -> dict[str, Any]:
    call = report.find(f"{_NAMESPACE}Step/{_NAMESPACE}SequenceCall")
    return {
        "serialNumber": report.get("SN"),
        "partNumber": report.get("PN"),
        "revision": report.get("Rev", ""),
        "start": report.get("Start"),
        "stationName": report.get("MachineName"),
        "location": report.get("Location"),
        "purpose": report.get("Purpose"),
        "userName": facts.get("UserLoginName"),
        "comment": facts.findtext(f"{_NAMESPACE}Comment"),
        "executionTime": facts.get("ExecutionTime"),
        "batchNumber": facts.get("BatchSN"),
        "testSocketIndex": facts.get("TestSocketIndex"),
        "fixtureId": facts.get("FixtureId"),
        "errorCode": facts.get("ErrorCode"),
        "errorMessage": facts.get("ErrorMessage"),
        "swFilename": call.get("Name") if call is not None else None,
        "swVersion": call.get("Version") if call is not None else None,
        "causedUutFailure": None,
        "causedUutFailurePath": None,
        "referencedUut": facts.get("ReferencedUUT"),
    }
