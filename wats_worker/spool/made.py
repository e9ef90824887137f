"""What is known of the reports of one file since they were made: by whom, on what terms, of which units.

It stands beside the reports on the spool and goes with them wherever they go, so that nobody has to open a
report to find it, or has to ask the journal, which forgets, how it came to be.
"""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict


class ReportCard(BaseModel):
    """What a report is found by. What a report does not tell is empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    report_id: str
    sent_as: str = ""  #: the id in the report itself, where the log brings its own
    kind: str = ""  #: as on the wire: "T" for a test, "R" for a repair
    serial: str = ""
    part: str = ""
    revision: str = ""
    process: str = ""  #: the code of the operation
    station: str = ""
    started: str = ""  #: as the report says it
    result: str = ""  #: as on the wire: "P", "F", "E", "T"


class Making(BaseModel):
    """How a file became reports."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    converter: str = ""
    version: str = ""
    options: dict[str, Any] = {}
    jail: str = ""  #: what was enforced, and what the converter was granted
    attempt: int = 0  #: the one that succeeded, from 1
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    warnings: tuple[str, ...] = ()


#: Nobody said how.
UNTOLD: Final = Making()


class Made(BaseModel):
    """The reports of one file, in their order, and how they were made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    how: Making = UNTOLD
    reports: tuple[ReportCard, ...] = ()
