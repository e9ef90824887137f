"""Log files that tests make up, and the one way they have them converted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from wats_worker.converters.base import Source
from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf
from wats_worker.reports.model import Report


@dataclass(frozen=True)
class Converted:
    """What came out of a file."""

    reports: list[Report]
    documents: list[dict[str, Any]]
    warnings: list[str]


def convert(converter: str, data: bytes, *, file: str = "log", **options: Any) -> Converted:
    """Convert bytes as the named converter would; its refusals are the caller's to expect."""
    chosen = bundled()[converter]
    source = Source.of_bytes(data, file)
    reports = list(chosen.convert(source, chosen.options(**{"timezone": "Europe/Oslo", **options})))
    return Converted(reports, [wsjf.document(report) for report in reports], source.warnings)


def probe(converter: str, data: bytes, name: str = "log") -> float:
    """How sure the named converter is of these bytes."""
    source = Source.of_bytes(data, name)
    return bundled()[converter].probe(source.head, source.tail, name)


HEADER = {
    "SerialNumber": "SN-1",
    "PartNumber": "PN-1",
    "Revision": "A",
    "OperationTypeCode": "60",
    "StartDateTime": "2026-03-17T08:14:05",
    "StationName": "FCT-1",
    "OperatorName": "op17",
}
COLUMNS = (
    "StepType", "StepName", "MeasureName", "Value", "LowLimit", "HighLimit", "CompOperator", "Unit", "StepStatus",
    "StepExecutionTime", "StepReportText", "StepErrorCode", "StepErrorMessage", "CausedSequenceFailure",
)  # fmt: skip


def wstf(
    *rows: Iterable[str], footer: dict[str, str] | None = None, end: str = "--UUT-End--", **header: str | None
) -> str:
    """One unit in WATS standard text format; a header value of None leaves the line out."""
    lines = ["--Header-Start--"]
    lines += [f"{key}\t{value}" for key, value in {**HEADER, **header}.items() if value is not None]
    lines += ["--Step-Data-Start--", "\t".join(COLUMNS)]
    lines += ["\t".join(row) for row in rows]
    lines += ["--Step-Data-End--", *(f"{key}\t{value}" for key, value in (footer or {}).items()), end]
    return "\n".join(lines) + "\n"


def prop(name: str, value: Any = None, *below: str, **attributes: str) -> str:
    """One TestStand property: a scalar, or a container of others."""
    kind = {bool: "Boolean", int: "Number", float: "Number", str: "String"}.get(type(value), "Obj")
    shown = "" if value is None else f"<Value>{escape(str(value))}</Value>"
    given = "".join(
        f" {key}={quoteattr(text)}" for key, text in {"Type": kind, "Flags": "0x0", **attributes}.items()
    )
    return f"<Prop Name={quoteattr(name)}{given}>{shown}{''.join(below)}</Prop>"


def array(name: str, *elements: str, kind: str = "Obj") -> str:
    """An array property of containers; with a prototype, which is no element."""
    prototype = f"<ArrayElementPrototype Type='{kind}' Flags='0x0'></ArrayElementPrototype>"
    values = "".join(f"<Value ID='[{i}]'>{element}</Value>" for i, element in enumerate(elements))
    return f"<Prop Name='{name}' Type='Array' LBound='[0]' HBound='[{len(elements)}]' ElementType='{kind}'>{prototype}{values}</Prop>"


def result(name: str, kind: str, status: str, *more: str, ts: Iterable[str] = (), group: str = "Main") -> str:
    """One TEResult."""
    facts = (prop("StepName", name), prop("StepType", kind), prop("StepGroup", group), prop("TotalTime", 0.5))
    return f"<Prop Type='TEResult' Flags='0x0'>{prop('Status', status)}{''.join(more)}{prop('TS', None, *facts, *ts)}</Prop>"


def called(*results: str, name: str = "MainSequence") -> str:
    """The SequenceCall below TS, with the results of the sequence."""
    return prop(
        "SequenceCall",
        None,
        array("ResultList", *results, kind="TEResult"),
        prop("SequenceFile", "C:\\seq\\fct.seq"),
        prop("SequenceFileVersion", "1.2.0.0"),
        prop("Sequence", name),
    )


UUT = {"SerialNumber": "SN-1", "UUTPartNumber": "PN-1", "UUTPartRevisionNumber": "A", "UUTOperationType": 60}
CLOCK = {"Hours": 16, "Minutes": 52, "Seconds": 21, "Milliseconds": 36}
DAY = {"Year": 2022, "Month": 7, "MonthDay": 1, "WeekDay": 6}


def ts_report(
    *results: str,
    status: str = "Passed",
    uut: dict[str, Any] | None = None,
    more_uut: str = "",
    clock: dict[str, Any] | None = None,
    day: dict[str, Any] | None = None,
    before: str = "",
) -> str:
    """One Report element; values of None leave the property out."""

    def container(name: str, given: dict[str, Any], more: str = "") -> str:
        members = (prop(key, value) for key, value in given.items() if value is not None)
        return prop(name, None, *members, more)

    main = result("MainSequence Callback", "SequenceCall", status, ts=[called(*results)])
    return (
        f"<Report Type='UUT' UUTResult='{status}' StepCount='{len(results)}'>"
        + container("UUT", {**UUT, **(uut or {})}, more_uut)
        + before
        + container("StartTime", {**CLOCK, **(clock or {})})
        + container("StartDate", {**DAY, **(day or {})})
        + container("StationInfo", {"StationID": "FCT-1", "LoginName": "op17"})
        + main
        + "</Report>"
    )


def ts_file(*reports: str, prolog: str = '<?xml version="1.0" encoding="utf-8"?>') -> bytes:
    """A file of reports."""
    return f"{prolog}<Reports>{''.join(reports)}</Reports>".encode()
