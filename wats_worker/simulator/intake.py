"""Turns the body of an upload into an arrival, or says with a 400 why it is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wats_worker.reports import wsjf
from wats_worker.reports.model import Report, Step
from wats_worker.simulator.answers import Refusal
from wats_worker.simulator.checks import misfits
from wats_worker.simulator.instants import ticks
from wats_worker.simulator.processes import Process
from wats_worker.simulator.settings import Mode

_INVALID = "The request is invalid."


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report as the store wants it: its identity, the row of the header query, the bytes."""

    id: str
    ticks: int  # the start instant
    header: dict[str, Any]  # by the names of the header query
    body: bytes
    xml: bool = False

    @property
    def is_test(self) -> bool:
        """A UUT report; only these replace each other by part, serial number, process and start."""
        return bool(self.header["reportType"] == "T")


def read(body: bytes) -> dict[str, Any]:
    """Parse strict JSON.

    Raises:
        Refusal: 400.
    """
    try:
        document = wsjf.parse(body)
    except wsjf.NotJson as error:
        raise Refusal(400, f"The body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Refusal(400, "The body is JSON, but not an object.")
    return document


def report(document: dict[str, Any], mode: Mode) -> Report:
    """Hold a document against the wire schema. Lenient mode removes unknown members from it.

    Raises:
        Refusal: 400 with the place of every fault.
    """
    found = lenient(document) if mode is Mode.LENIENT else _strict(document)
    if found.get("id") is None:
        raise _refused([wsjf.Fault("report.id", "Field required")])
    return found


def _strict(document: dict[str, Any]) -> Report:
    try:
        found = wsjf.of(document, draft=True)
    except wsjf.InvalidReport as error:
        raise _refused(error.faults) from None
    if not found.get("startUTC"):
        raise _refused([wsjf.Fault("report.startUTC", "Field required")])
    return found


def lenient(document: dict[str, Any]) -> Report:
    """Take a document as real servers do: unknown members are dropped, startUTC may be missing.

    Raises:
        Refusal: 400 with the place of every other fault.
    """
    try:
        return wsjf.of(document, draft=True)
    except wsjf.InvalidReport as error:
        extra = [fault.at for fault in error.faults if fault.kind == "extra_forbidden"]
        if not extra:
            raise _refused(error.faults) from None
    for place in extra:
        _drop(document, place)
    return lenient(document)


def _drop(document: Any, place: Sequence[int | str]) -> None:
    for step in place[:-1]:
        document = document[step]
    del document[place[-1]]


def _refused(faults: Sequence[wsjf.Fault]) -> Refusal:
    places: dict[str, list[str]] = {}
    for fault in faults:
        places.setdefault(fault.path, []).append(fault.text)
    return Refusal(400, _INVALID, faults=places)


def arrival(report: Report, body: bytes, processes: Sequence[Process]) -> Arrival:
    """Check what only the server knows (processes, repair codes) and make the arrival.

    Raises:
        Refusal: 400 with the place of every fault.
    """
    if faults := list(misfits(report, processes)):
        raise _refused(faults)
    try:
        instant = ticks(report["start"])
    except ValueError as error:
        raise _refused([wsjf.Fault("report.start", str(error))]) from None
    name = next(process.name for process in processes if process.code == report["processCode"])
    return Arrival(id=str(report.get("id")).lower(), ticks=instant, header=_header(report, name), body=body)


def _header(report: Report, process_name: str) -> dict[str, Any]:
    test, repair = report.get("uut"), report.get("uur")
    run = test or repair
    root = report.get("root")
    program = root.get("seqCall") if root else None
    cause = first_failed(root) if root and report["result"] != "P" else []
    return {
        "reportType": report["type"],
        "serialNumber": report["sn"],
        "partNumber": report["pn"],
        "revision": report["rev"],
        "start": report["start"],
        "result": report["result"],
        "stationName": report["machineName"],
        "location": report["location"],
        "purpose": report["purpose"],
        "processCode": report["processCode"],
        "processName": process_name,
        "userName": run["user"] if run else None,
        "comment": run.get("comment") if run else None,
        "executionTime": run.get("execTime") if run else None,
        "batchNumber": test.get("batchSN") if test else None,
        "testSocketIndex": test.get("testSocketIndex") if test else None,
        "fixtureId": test.get("fixtureId") if test else None,
        "errorCode": test.get("errorCode") if test else None,
        "errorMessage": test.get("errorMessage") if test else None,
        "swFilename": program.get("name") if program else None,
        "swVersion": program.get("version") if program else None,
        "causedUutFailure": cause[-1]["name"] if cause else None,
        "causedUutFailurePath": "/".join(step["name"] for step in cause) or None,
        "referencedUut": repair["refUUT"].lower() if repair and repair["refUUT"] else None,
    }


def first_failed(step: Step) -> list[Step]:
    """The way from a step down to the first leaf that did not pass; empty when there is none.

    A loop over the depth rather than over every leaf: what failed below shows in the status above.
    """
    way: list[Step] = []
    current: Step | None = step if step["status"] in "FET" else None
    while current is not None:
        way.append(current)
        below = current.get("steps") or []
        current = next((child for child in below if child["status"] in "FET"), None)
    return way
