"""Steps: the tree under a test report, and what a step may carry."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from wats_worker.reports.model.measurement import BooleanMeasurement, NumericMeasurement, StringMeasurement
from wats_worker.reports.model.types import (
    Base64,
    Finite,
    Flag,
    Format,
    Int16,
    Int32,
    Name,
    Name50,
    Name100,
    Name200,
    OffsetDate,
    Part,
    Points,
    Text,
    Text20,
    Text30,
    Text100,
    Text200,
    Text500,
    Text100000,
    fault,
)

#: Passed, failed, done, skipped, error, terminated; U (unknown) only comes back from a server.
StepStatus = Literal["P", "F", "D", "S", "E", "T", "U"]
#: Setup, main, cleanup.
Group = Literal["S", "M", "C"]


class Loop(Part):
    """A loop's summary row has ``num``; its iteration rows have ``idx`` only."""

    idx: Int16 | None = None
    num: Int16 | None = None
    ending_index: Int16 | None = None
    passed: Int16 | None = None
    failed: Int16 | None = None


class SeqCall(Part):
    """The sequence that was called. On the root step: the test program and its version."""

    path: Text500 | None = None
    name: Text200 | None = None
    version: Text30 | None = None


#: Stands for ``"seqCall": null`` beside children: it says the same, and survives a dump, which drops nulls.
NULL_CALL: Final = SeqCall()


class CallExe(Part):
    """What a called program returned."""

    exit_code: Finite | None = None
    exit_code_format: Format | None = None


class MessagePopup(Part):
    """What the operator answered."""

    response: Text200 | None = None
    button: Int16 | None = None
    button_format: Format | None = None


class Series(Part):
    """One curve; ``xdata``, when given, has as many points as ``ydata``."""

    data_type: Literal["XYG"]
    name: Name100
    xdata: Points | None = None
    ydata: Points


class Chart(Part):
    """Curves over common axes."""

    chart_type: Literal["Line", "LineLogXY", "LineLogX", "LineLogY"]
    label: Name100
    x_label: Name50
    x_unit: Text20 | None = None
    y_label: Name50
    y_unit: Text20 | None = None
    series: Annotated[list[Series], Field(max_length=50)]


class Attachment(Part):
    """A file that belongs to a step."""

    name: Name100
    content_type: Text100 | None = None
    data: Base64 | None = None


class ArrayIndex(Part):
    """One element of an array property."""

    text: Text
    indexes: list[Int32]
    value: "Property | None" = None


class PropertyArray(Part):
    """An array in a property tree."""

    dimension: Int32
    type: Text
    indexes: list[ArrayIndex]


class Property(Part):
    """A node of a free property tree, as TestStand keeps them."""

    name: Name
    type: Name
    flags: Int32 | None = None
    value: Text | None = None
    num_format: Text | None = None
    comment: Text | None = None
    props: "list[Property | None] | None" = None
    array: PropertyArray | None = None


class AdditionalData(Part):
    """A named property tree; carried along, never looked into."""

    name: Name200
    props: list[Property | None] | None = None


#: A step carries at most one of these; which one it is makes the step what it is, not ``step_type``.
CONTENT: Final = {
    "numeric_meas": "numericMeas",
    "string_meas": "stringMeas",
    "boolean_meas": "booleanMeas",
    "call_exe": "callExe",
    "message_popup": "messagePopup",
    "seq_call": "seqCall",
}


class Step(Part):
    """One action or test, or a sequence of them."""

    id: Int32 | None = None
    group: Group
    step_type: Name50
    interactive_exe_num: Int32 | None = None
    interactive_exe_num_format: Format | None = None
    loop: Loop | None = None
    name: Name100
    start: OffsetDate | None = None
    status: StepStatus
    error_code: Int32 | None = None
    error_code_format: Format | None = None
    error_message: Text200 | None = None
    ts_guid: Text30 | None = None
    tot_time: Finite | None = None
    tot_time_format: Format | None = None
    caused_seq_failure: Flag | None = None
    caused_uut_failure: Annotated[Flag | None, Field(alias="causedUUTFailure")] = None
    report_text: Text100000 | None = None
    steps: "list[Step] | None" = None
    numeric_meas: list[NumericMeasurement] | None = None
    string_meas: list[StringMeasurement] | None = None
    boolean_meas: list[BooleanMeasurement] | None = None
    additional_results: list[AdditionalData] | None = None
    seq_call: SeqCall | None = None
    call_exe: CallExe | None = None
    message_popup: MessagePopup | None = None
    chart: Chart | None = None
    attachment: Attachment | None = None

    @model_validator(mode="after")
    def _carries_one_thing(self) -> Self:
        content = [member for member in CONTENT if getattr(self, member) is not None]
        if len(content) > 1:
            first, second = (CONTENT[member] for member in content[:2])
            raise fault(second, f"A step carries one kind of content, and this one already has {first}")
        if self.chart is not None and self.attachment is not None:
            raise fault("attachment", "A step carries a chart or an attachment, not both")
        if self.steps and self.seq_call is None:
            self._call_without_facts()
        rows: list[Any] = self.numeric_meas or self.string_meas or self.boolean_meas or []
        if len(rows) > 1:
            for number, row in enumerate(rows):
                if not row.name:
                    raise fault(f"{CONTENT[content[0]]}[{number}].name", "Each of several rows needs a name")
        return self

    def _call_without_facts(self) -> None:
        """Take a null call beside children, as the wire does: it asks for the key and not for more."""
        if "seq_call" not in self.model_fields_set:
            raise fault("seqCall", "Only a step with a seqCall has steps below it")
        self.__dict__["seq_call"] = NULL_CALL  # the part is frozen for everybody else
