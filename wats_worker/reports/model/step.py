"""Steps: the tree under a test report, and what a step may carry."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Required

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from wats_worker.reports.model.measurement import (
    BooleanMeasurement,
    NumericRow,
    Row,
    StringRow,
)
from wats_worker.reports.model.types import (
    Base64,
    Finite,
    Flag,
    Format,
    Int16,
    Int32,
    Maybe,
    Name,
    Name50,
    Name100,
    Name200,
    OffsetDate,
    Points,
    Several,
    Text,
    Text20,
    Text30,
    Text100,
    Text200,
    Text500,
    Text100000,
    closed,
    fault,
)

#: Passed, failed, done, skipped, error, terminated; U (unknown) only comes back from a server.
StepStatus = Literal["P", "F", "D", "S", "E", "T", "U"]
#: Setup, main, cleanup.
Group = Literal["S", "M", "C"]


@closed
class Loop(TypedDict, total=False):
    """A loop's summary row has ``num``; its iteration rows have ``idx`` only."""

    idx: Maybe[Int16]
    num: Maybe[Int16]
    endingIndex: Maybe[Int16]
    passed: Maybe[Int16]
    failed: Maybe[Int16]


@closed
class SeqCall(TypedDict, total=False):
    """The sequence that was called. On the root step: the test program and its version."""

    path: Maybe[Text500]
    name: Maybe[Text200]
    version: Maybe[Text30]


@closed
class CallExe(TypedDict, total=False):
    """What a called program returned."""

    exitCode: Maybe[Finite]
    exitCodeFormat: Maybe[Format]


@closed
class MessagePopup(TypedDict, total=False):
    """What the operator answered."""

    response: Maybe[Text200]
    button: Maybe[Int16]
    buttonFormat: Maybe[Format]


@closed
class Series(TypedDict, total=False):
    """One curve; ``xdata``, when given, has as many points as ``ydata``."""

    dataType: Required[Literal["XYG"]]
    name: Required[Name100]
    xdata: Maybe[Points]
    ydata: Required[Points]


@closed
class Chart(TypedDict, total=False):
    """Curves over common axes."""

    chartType: Required[Literal["Line", "LineLogXY", "LineLogX", "LineLogY"]]
    label: Required[Name100]
    xLabel: Required[Name50]
    xUnit: Maybe[Text20]
    yLabel: Required[Name50]
    yUnit: Maybe[Text20]
    series: Required[Annotated[Several[Series], Field(max_length=50)]]


@closed
class Attachment(TypedDict, total=False):
    """A file that belongs to a step."""

    name: Required[Name100]
    contentType: Maybe[Text100]
    data: Maybe[Base64]


@closed
class ArrayIndex(TypedDict, total=False):
    """One element of an array property."""

    text: Required[Text]
    indexes: Required[Several[Int32]]
    value: "Maybe[Property]"


@closed
class PropertyArray(TypedDict, total=False):
    """An array in a property tree."""

    dimension: Required[Int32]
    type: Required[Text]
    indexes: Required[Several[ArrayIndex]]


@closed
class Property(TypedDict, total=False):
    """A node of a free property tree, as TestStand keeps them."""

    name: Required[Name]
    type: Required[Name]
    flags: Maybe[Int32]
    value: Maybe[Text]
    numFormat: Maybe[Text]
    comment: Maybe[Text]
    props: "Maybe[Several[Property | None]]"
    array: Maybe[PropertyArray]


@closed
class AdditionalData(TypedDict, total=False):
    """A named property tree; carried along, never looked into."""

    name: Required[Name200]
    props: Maybe[Several[Property | None]]


#: A step carries at most one of these; which one it is makes the step what it is, not ``stepType``.
CONTENT: Final = ("numericMeas", "stringMeas", "booleanMeas", "callExe", "messagePopup", "seqCall")
#: Those of them that are rows.
ROWS: Final = CONTENT[:3]
#: A step without two of these keys carries no two things.
_CARRIED: Final = frozenset({*CONTENT, "chart", "attachment"})


@closed
class Step(TypedDict, total=False):
    """One action or test, or a sequence of them."""

    id: Maybe[Int32]
    group: Required[Group]
    stepType: Required[Name50]
    interactiveExeNum: Maybe[Int32]
    interactiveExeNumFormat: Maybe[Format]
    loop: Maybe[Loop]
    name: Required[Name100]
    start: Maybe[OffsetDate]
    status: Required[StepStatus]
    errorCode: Maybe[Int32]
    errorCodeFormat: Maybe[Format]
    errorMessage: Maybe[Text200]
    tsGuid: Maybe[Text30]
    totTime: Maybe[Finite]
    totTimeFormat: Maybe[Format]
    causedSeqFailure: Maybe[Flag]
    causedUUTFailure: Maybe[Flag]
    reportText: Maybe[Text100000]
    steps: "Maybe[Several[AnyStep]]"
    numericMeas: Maybe[Several[NumericRow]]
    stringMeas: Maybe[Several[StringRow]]
    booleanMeas: Maybe[Several[BooleanMeasurement]]
    additionalResults: Maybe[Several[AdditionalData]]
    seqCall: SeqCall | None
    callExe: Maybe[CallExe]
    messagePopup: Maybe[MessagePopup]
    chart: Maybe[Chart]
    attachment: Maybe[Attachment]


def _carries_one_thing(step: Step) -> Step:
    if len(_CARRIED.intersection(step)) > 1:
        _check_carried(step)
    if "steps" in step or "seqCall" in step:  # most steps have neither, and a call less each
        _check_called(step)
    rows = step.get("numericMeas") or step.get("stringMeas") or step.get("booleanMeas")
    if rows and len(rows) > 1:
        _check_names(step, rows)
    return step


def _check_carried(step: Step) -> None:
    content = [member for member in CONTENT if step.get(member) is not None]
    if len(content) > 1:
        raise fault(content[1], f"A step carries one kind of content, and this one already has {content[0]}")
    if "chart" in step and "attachment" in step:
        raise fault("attachment", "A step carries a chart or an attachment, not both")


def _check_called(step: Step) -> None:
    """The wire asks a step with steps below it for the key and not for more: ``"seqCall": null`` will do."""
    if step.get("seqCall") is not None:
        return
    if not step.get("steps"):
        step.pop("seqCall", None)
    elif "seqCall" not in step:
        raise fault("seqCall", "Only a step with a seqCall has steps below it")


def _check_names(step: Step, rows: Sequence[Row]) -> None:
    member = next(member for member in ROWS if step.get(member))
    for number, row in enumerate(rows):
        if not row.get("name"):
            raise fault(f"{member}[{number}].name", "Each of several rows needs a name")


AnyStep = Annotated[Step, AfterValidator(_carries_one_thing)]
