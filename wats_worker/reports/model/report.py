"""The report: its header, the test (``uut`` and ``root``) or the repair (``uur`` and ``subUnits``)."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from wats_worker.reports.model.step import NULL_CALL, AdditionalData, Step
from wats_worker.reports.model.types import (
    Base64Filled,
    Finite,
    Format,
    Guid,
    Int16,
    Int32,
    LooseDate,
    Name,
    Name100,
    Name256,
    OffsetDate,
    Part,
    Text,
    Text30,
    Text50,
    Text100,
    Text500,
    Text5000,
    fault,
)


class RefUur(Part):
    """A repair that points at this test; filled in by the server."""

    id: Guid
    start: LooseDate | None = None


class Uut(Part):
    """What a test report says beyond the common header."""

    user: Text100
    exec_time: Finite | None = None
    exec_time_format: Format | None = None
    test_socket_index: Int16 | None = None
    test_socket_index_format: Format | None = None
    batch_sn: Annotated[Text100 | None, Field(alias="batchSN")] = None
    comment: Text5000 | None = None
    error_code: Int32 | None = None
    error_code_format: Format | None = None
    error_message: Text500 | None = None
    fixture_id: Text100 | None = None
    batch_fail_count: Int32 | None = None
    batch_fail_count_format: Format | None = None
    batch_loop_index: Int32 | None = None
    batch_loop_index_format: Format | None = None
    step_id_caused_uut_failure: Annotated[Int32 | None, Field(alias="stepIdCausedUUTFailure")] = None
    ref_uurs: Annotated[list[RefUur] | None, Field(alias="refUURs")] = None  # read-only


class Uur(Part):
    """What a repair report says beyond the common header. Five keys must be there even when null."""

    user: Text100
    process_code: Int16  # the test operation that had failed, not the repair operation
    process_code_format: Format | None = None
    process_name: Text | None = None
    ref_uut: Annotated[Guid | None, Field(alias="refUUT")]
    confirm_date: LooseDate | None
    finalize_date: LooseDate | None
    exec_time: Finite | None
    comment: Text5000 | None = None
    parent: Guid | None = None
    children: list[Guid] | None = None


class BinaryData(Part):
    """A file of a repair or of one failure in it."""

    content_type: Name100
    data: Base64Filled
    name: Name256
    id: Guid | None = None  # read-only


class Failure(Part):
    """What was wrong with a unit or one of its parts."""

    category: Name
    code: Name
    com_ref: Text50 | None  # the key must be there, the value may be null
    comment: Text | None = None
    func_block: Text100 | None = None
    art_number: Text100 | None = None
    art_rev: Text100 | None = None
    art_vendor: Text500 | None = None
    art_description: Text500 | None = None
    ref_step_id: Int32 | None = None
    ref_step_name: Text | None = None  # read-only
    attachments: list[BinaryData] | None = None


class SubUnit(Part):
    """A serialised part inside the unit. In a repair, index 0 is the unit itself."""

    part_type: Text50 | None = None
    pn: Name100
    sn: Text100
    rev: Text100 | None = None
    idx: Int32 | None = None
    parent_idx: Int32 | None = None
    position: Int16 | None = None
    replaced_idx: Int32 | None = None
    failures: list[Failure] | None = None


class MiscInfo(Part):
    """A key and a value of the header, searchable on the server."""

    description: Name100
    typedef: Text30 | None = None
    text: Text100 | None = None
    numeric: Int16 | None = None
    numeric_format: Format | None = None
    id: Guid | None = None


class Asset(Part):
    """Equipment whose use is counted."""

    asset_sn: Annotated[Name100, Field(alias="assetSN")]
    usage_count: Int32 | None = None
    usage_count_format: Format | None = None


class AssetStats(Part):
    """What the server says about an asset; read-only, so its other members are nobody's business here."""

    model_config = ConfigDict(extra="allow")

    asset_sn: Annotated[Any, Field(alias="assetSN")]


class Report(Part):
    """One WATS report: a test (type T) or a repair (type R).

    ``id`` may be missing until the pipeline has given the report its id; ``wsjf.load`` refuses that unless
    it is told to read a draft.
    """

    type: Literal["T", "R"]
    id: Guid | None = None
    pn: Name100
    sn: Name100
    rev: Text100
    product_name: Text | None = None  # read-only
    process_code: Int16
    process_code_format: Format | None = None
    process_name: Text | None = None
    result: Literal["P", "F", "E", "T"]
    machine_name: Name100
    location: Text100
    purpose: Text100
    origin: Text | None = None  # read-only
    start: OffsetDate
    start_utc: Annotated[LooseDate | None, Field(alias="startUTC")] = None
    root: Step | None = None
    uut: Uut | None = None
    uur: Uur | None = None
    misc_infos: list[MiscInfo] | None = None
    sub_units: list[SubUnit] | None = None
    assets: list[Asset] | None = None
    asset_stats: list[AssetStats] | None = None  # read-only
    binary_data: list[BinaryData] | None = None
    additional_data: list[AdditionalData | None] | None = None

    @model_validator(mode="after")
    def _holds_what_its_type_needs(self) -> Self:
        if self.start_utc is None and "start_utc" in self.model_fields_set:
            raise fault("startUTC", "The member is absent or a date, never null")
        if self.type == "T":
            self._check_test()
        else:
            self._check_repair()
        return self

    def _check_test(self) -> None:
        if self.uut is None:
            raise fault("uut", "A test report needs a uut")
        if self.root is None:
            raise fault("root", "A test report needs a root step")
        if self.root.seq_call is None or self.root.seq_call is NULL_CALL:
            raise fault("root.seqCall", "The root step needs a seqCall")
        if "uur" in self.model_fields_set:
            raise fault("uur", "A test report has no uur")
        if self.binary_data:
            raise fault("binaryData", "Only a repair report carries binaryData")

    def _check_repair(self) -> None:
        if self.uur is None:
            raise fault("uur", "A repair report needs a uur")
        for member in ("uut", "root"):
            if member in self.model_fields_set:
                raise fault(member, f"A repair report has no {member}")
        if not self.sub_units:
            raise fault("subUnits", "A repair report lists the unit itself in subUnits, with idx 0")
        for number, unit in enumerate(self.sub_units):
            if unit.idx is None:
                raise fault(f"subUnits[{number}].idx", "Every sub unit of a repair has an idx")
        if sum(unit.idx == 0 for unit in self.sub_units) != 1:
            raise fault("subUnits", "Exactly one sub unit, the unit itself, has idx 0")
