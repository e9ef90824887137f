"""Measurements: one value, string or verdict each, and the operators that judge them."""

from typing import Annotated, Final, Literal, Required

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from wats_worker.reports.model.types import Format, Maybe, Number, Text20, Text100, closed, fault

#: Passed, failed, skipped. There is no other letter for a measurement.
MeasurementStatus = Literal["P", "F", "S"]

#: Operators with one limit. It stands in the low limit, also for LT and LE.
ONE_LIMIT: Final = frozenset({"EQ", "NE", "GT", "GE", "LT", "LE"})
#: Inside two limits, then outside of them.
TWO_LIMITS: Final = frozenset({"GTLT", "GTLE", "GELT", "GELE", "LTGT", "LTGE", "LEGT", "LEGE"})

# Servers export other cases than upper ("IgnoreCase"), so both are read; `tidy` makes them upper.
# Case is spelled out where (?i) would fold more than ASCII: U+017F is an S to it.
_NUMERIC: Final = r"^(?i:LOG|EQ|NE|G[TE]|L[TE]|G[TE]L[TE]|L[TE]G[TE])$"
_STRING: Final = r"^(?i:LOG|EQ|NE|G[TE]|L[TE]|CA[Ss]E[Ss]EN[Ss]IT|IGNORECA[Ss]E)$"


@closed
class NumericMeasurement(TypedDict, total=False):
    """A value with its unit, held against the limits its operator needs."""

    compOp: Required[Annotated[str, Field(strict=True, pattern=_NUMERIC)]]
    name: Maybe[Text100]
    status: Required[MeasurementStatus]
    unit: Maybe[Text20]
    value: Required[Number]
    valueFormat: Maybe[Format]
    lowLimit: Maybe[Number]
    lowLimitFormat: Maybe[Format]
    highLimit: Maybe[Number]
    highLimitFormat: Maybe[Format]


def _has_its_limits(row: NumericMeasurement) -> NumericMeasurement:
    operator = row["compOp"].upper()
    if operator == "LOG":
        return row
    if row.get("lowLimit") is None:
        raise fault("lowLimit", f"The operator {operator} needs a lowLimit")
    if operator in TWO_LIMITS and row.get("highLimit") is None:
        raise fault("highLimit", f"The operator {operator} needs a highLimit")
    return row


NumericRow = Annotated[NumericMeasurement, AfterValidator(_has_its_limits)]


@closed
class StringMeasurement(TypedDict, total=False):
    """A text, compared with its limit or only logged."""

    compOp: Required[Annotated[str, Field(strict=True, pattern=_STRING)]]
    name: Maybe[Text100]
    status: Required[MeasurementStatus]
    value: Required[Text100 | None]  # the key must be there, the value may be null
    limit: Maybe[Text100]


def _has_its_limit(row: StringMeasurement) -> StringMeasurement:
    if row.get("limit") is None and row["compOp"].upper() != "LOG":
        raise fault("limit", f"The operator {row['compOp'].upper()} needs a limit")
    return row


StringRow = Annotated[StringMeasurement, AfterValidator(_has_its_limit)]


@closed
class BooleanMeasurement(TypedDict, total=False):
    """A bare verdict."""

    name: Maybe[Text100]
    status: Required[MeasurementStatus]


#: A row of any kind.
Row = NumericMeasurement | StringMeasurement | BooleanMeasurement
