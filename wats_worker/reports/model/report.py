"""The report: its header, the test (``uut`` and ``root``) or the repair (``uur`` and ``subUnits``)."""

from typing import Annotated, Any, Literal, Required

from pydantic import AfterValidator, with_config
from typing_extensions import TypedDict

from wats_worker.reports.model.step import AdditionalData, AnyStep
from wats_worker.reports.model.types import (
    Base64Filled,
    Finite,
    Format,
    Guid,
    Int16,
    Int32,
    LooseDate,
    Maybe,
    Name,
    Name100,
    Name256,
    OffsetDate,
    Several,
    Text,
    Text30,
    Text50,
    Text100,
    Text500,
    Text5000,
    closed,
    fault,
)


@closed
class RefUur(TypedDict, total=False):
    """A repair that points at this test; filled in by the server."""

    id: Required[Guid]
    start: Maybe[LooseDate]


@closed
class Uut(TypedDict, total=False):
    """What a test report says beyond the common header."""

    user: Required[Text100]
    execTime: Maybe[Finite]
    execTimeFormat: Maybe[Format]
    testSocketIndex: Maybe[Int16]
    testSocketIndexFormat: Maybe[Format]
    batchSN: Maybe[Text100]
    comment: Maybe[Text5000]
    errorCode: Maybe[Int32]
    errorCodeFormat: Maybe[Format]
    errorMessage: Maybe[Text500]
    fixtureId: Maybe[Text100]
    batchFailCount: Maybe[Int32]
    batchFailCountFormat: Maybe[Format]
    batchLoopIndex: Maybe[Int32]
    batchLoopIndexFormat: Maybe[Format]
    stepIdCausedUUTFailure: Maybe[Int32]
    refUURs: Maybe[Several[RefUur]]  # read-only


@closed
class Uur(TypedDict, total=False):
    """What a repair report says beyond the common header. Five keys must be there even when null."""

    user: Required[Text100]
    processCode: Required[Int16]  # the test operation that had failed, not the repair operation
    processCodeFormat: Maybe[Format]
    processName: Maybe[Text]
    refUUT: Required[Guid | None]
    confirmDate: Required[LooseDate | None]
    finalizeDate: Required[LooseDate | None]
    execTime: Required[Finite | None]
    comment: Maybe[Text5000]
    parent: Maybe[Guid]
    children: Maybe[Several[Guid]]


@closed
class BinaryData(TypedDict, total=False):
    """A file of a repair or of one failure in it."""

    contentType: Required[Name100]
    data: Required[Base64Filled]
    name: Required[Name256]
    id: Maybe[Guid]  # read-only


@closed
class Failure(TypedDict, total=False):
    """What was wrong with a unit or one of its parts."""

    category: Required[Name]
    code: Required[Name]
    comRef: Required[Text50 | None]  # the key must be there, the value may be null
    comment: Maybe[Text]
    funcBlock: Maybe[Text100]
    artNumber: Maybe[Text100]
    artRev: Maybe[Text100]
    artVendor: Maybe[Text500]
    artDescription: Maybe[Text500]
    refStepId: Maybe[Int32]
    refStepName: Maybe[Text]  # read-only
    attachments: Maybe[Several[BinaryData]]


@closed
class SubUnit(TypedDict, total=False):
    """A serialised part inside the unit. In a repair, index 0 is the unit itself."""

    partType: Maybe[Text50]
    pn: Required[Name100]
    sn: Required[Text100]
    rev: Maybe[Text100]
    idx: Maybe[Int32]
    parentIdx: Maybe[Int32]
    position: Maybe[Int16]
    replacedIdx: Maybe[Int32]
    failures: Maybe[Several[Failure]]


@closed
class MiscInfo(TypedDict, total=False):
    """A key and a value of the header, searchable on the server."""

    description: Required[Name100]
    typedef: Maybe[Text30]
    text: Maybe[Text100]
    numeric: Maybe[Int16]
    numericFormat: Maybe[Format]
    id: Maybe[Guid]


@closed
class Asset(TypedDict, total=False):
    """Equipment whose use is counted."""

    assetSN: Required[Name100]
    usageCount: Maybe[Int32]
    usageCountFormat: Maybe[Format]


@with_config(extra="allow")
class AssetStats(TypedDict, total=False):
    """What the server says about an asset; read-only, so its other members are nobody's business here."""

    assetSN: Required[Any]


@closed
class Report(TypedDict, total=False):
    """One WATS report: a test (type T) or a repair (type R).

    ``id`` may be missing until the pipeline has given the report its id; ``wsjf.load`` refuses that unless
    it is told to read a draft.
    """

    type: Required[Literal["T", "R"]]
    id: Maybe[Guid]
    pn: Required[Name100]
    sn: Required[Name100]
    rev: Required[Text100]
    productName: Maybe[Text]  # read-only
    processCode: Required[Int16]
    processCodeFormat: Maybe[Format]
    processName: Maybe[Text]
    result: Required[Literal["P", "F", "E", "T"]]
    machineName: Required[Name100]
    location: Required[Text100]
    purpose: Required[Text100]
    origin: Maybe[Text]  # read-only
    start: Required[OffsetDate]
    startUTC: LooseDate
    root: AnyStep | None
    uut: Uut | None
    uur: Uur | None
    miscInfos: Maybe[Several[MiscInfo]]
    subUnits: Maybe[Several[SubUnit]]
    assets: Maybe[Several[Asset]]
    assetStats: Maybe[Several[AssetStats]]  # read-only
    binaryData: Maybe[Several[BinaryData]]
    additionalData: Maybe[Several[AdditionalData | None]]


def _holds_what_its_type_needs(report: Report) -> Report:
    if report["type"] == "T":
        _check_test(report)
    else:
        _check_repair(report)
    return report


def _check_test(report: Report) -> None:
    root = report.get("root")
    if report.get("uut") is None:
        raise fault("uut", "A test report needs a uut")
    if root is None:
        raise fault("root", "A test report needs a root step")
    if root.get("seqCall") is None:
        raise fault("root.seqCall", "The root step needs a seqCall")
    if "uur" in report:
        raise fault("uur", "A test report has no uur")
    if report.get("binaryData"):
        raise fault("binaryData", "Only a repair report carries binaryData")


def _check_repair(report: Report) -> None:
    if report.get("uur") is None:
        raise fault("uur", "A repair report needs a uur")
    for member in ("uut", "root"):
        if member in report:
            raise fault(member, f"A repair report has no {member}")
    units = report.get("subUnits")
    if not units:
        raise fault("subUnits", "A repair report lists the unit itself in subUnits, with idx 0")
    for number, unit in enumerate(units):
        if unit.get("idx") is None:
            raise fault(f"subUnits[{number}].idx", "Every sub unit of a repair has an idx")
    if sum(unit.get("idx") == 0 for unit in units) != 1:
        raise fault("subUnits", "Exactly one sub unit, the unit itself, has idx 0")


AnyReport = Annotated[Report, AfterValidator(_holds_what_its_type_needs)]
