"""Numbers for people. Times are seconds since 1970."""

from enum import StrEnum

from pydantic import BaseModel


class Form(StrEnum):
    """How numbers are written."""

    JSON = "json"
    CSV = "csv"


class By(StrEnum):
    """What yield is told by."""

    PART = "part"
    STATION = "station"
    PROCESS = "process"


class HourLine(BaseModel):
    """What came and went in one hour."""

    at: int  #: when it began
    files: int  #: that were taken in
    reports: int  #: that were delivered


class Hours(BaseModel):
    """Hour by hour; hours in which nothing happened are left out."""

    hours: list[HourLine]


class YieldLine(BaseModel):
    """How many units were good. What was not asked for apart is empty."""

    part: str
    station: str
    process: str
    units: int
    tests: int
    first_passed: int  #: units that passed their first test
    last_passed: int  #: units that passed their last one
    first_pass_yield: float  #: from 0 to 1
    last_pass_yield: float


class Yields(BaseModel):
    """Those with the most units first."""

    yields: list[YieldLine]


class ReasonLine(BaseModel):
    """Why files are in quarantine."""

    reason: str
    source: str
    files: int


class Reasons(BaseModel):
    """The most frequent first."""

    reasons: list[ReasonLine]
