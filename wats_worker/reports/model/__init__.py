"""The WSJF report as pydantic models: whatever the wire's JSON Schema refuses, these refuse.

The models say what a server takes and exports. What is taken but wrong or misleading (a passed value outside
its limits, a start in the future) is for ``validate.py``.
"""

from wats_worker.reports.model.measurement import (
    ONE_LIMIT,
    TWO_LIMITS,
    BooleanMeasurement,
    MeasurementStatus,
    NumericMeasurement,
    StringMeasurement,
)
from wats_worker.reports.model.report import (
    Asset,
    AssetStats,
    BinaryData,
    Failure,
    MiscInfo,
    RefUur,
    Report,
    SubUnit,
    Uur,
    Uut,
)
from wats_worker.reports.model.step import (
    CONTENT,
    AdditionalData,
    ArrayIndex,
    Attachment,
    CallExe,
    Chart,
    Group,
    Loop,
    MessagePopup,
    Property,
    PropertyArray,
    SeqCall,
    Series,
    Step,
    StepStatus,
)

__all__ = [
    "CONTENT",
    "ONE_LIMIT",
    "TWO_LIMITS",
    "AdditionalData",
    "ArrayIndex",
    "Asset",
    "AssetStats",
    "Attachment",
    "BinaryData",
    "BooleanMeasurement",
    "CallExe",
    "Chart",
    "Failure",
    "Group",
    "Loop",
    "MeasurementStatus",
    "MessagePopup",
    "MiscInfo",
    "NumericMeasurement",
    "Property",
    "PropertyArray",
    "RefUur",
    "Report",
    "SeqCall",
    "Series",
    "Step",
    "StepStatus",
    "StringMeasurement",
    "SubUnit",
    "Uur",
    "Uut",
]
