"""Measurements: one value, string or verdict each, and the operators that judge them."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from wats_worker.reports.model.types import Format, Number, Part, Text20, Text100, fault

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


class NumericMeasurement(Part):
    """A value with its unit, held against the limits its operator needs."""

    comp_op: Annotated[str, Field(strict=True, pattern=_NUMERIC)]
    name: Text100 | None = None
    status: MeasurementStatus
    unit: Text20 | None = None
    value: Number
    value_format: Format | None = None
    low_limit: Number | None = None
    low_limit_format: Format | None = None
    high_limit: Number | None = None
    high_limit_format: Format | None = None

    @model_validator(mode="after")
    def _has_its_limits(self) -> Self:
        operator = self.comp_op.upper()
        if operator == "LOG":
            return self
        if self.low_limit is None:
            raise fault("lowLimit", f"The operator {operator} needs a lowLimit")
        if self.high_limit is None and operator in TWO_LIMITS:
            raise fault("highLimit", f"The operator {operator} needs a highLimit")
        return self


class StringMeasurement(Part):
    """A text, compared with its limit or only logged."""

    comp_op: Annotated[str, Field(strict=True, pattern=_STRING)]
    name: Text100 | None = None
    status: MeasurementStatus
    value: Text100 | None  # the key must be there, the value may be null
    limit: Text100 | None = None

    @model_validator(mode="after")
    def _has_its_limit(self) -> Self:
        if self.limit is None and self.comp_op.upper() != "LOG":
            raise fault("limit", f"The operator {self.comp_op.upper()} needs a limit")
        return self


class BooleanMeasurement(Part):
    """A bare verdict."""

    name: Text100 | None = None
    status: MeasurementStatus
