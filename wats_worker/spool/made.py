"""What is known of the reports of one file since they were made: by whom, on what terms, of which units.

It stands beside the reports on the spool and goes with them wherever they go, so that nobody has to open a
report to find it, or has to ask the journal, which forgets, how it came to be.
"""

from dataclasses import dataclass, fields
from typing import Any, Final

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)  # of a large file there are a hundred thousand in memory
class ReportCard:
    """What a report is found by. What a report does not tell is empty."""

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


def plain(thing: object) -> dict[str, Any]:
    """What ``json.dumps`` writes for a card, or for all of what was made: what is not empty.

    It is asked for one card after the other, while the text is written. As dictionaries all of them together
    would take three times as much memory as the text.
    """
    match thing:
        case ReportCard():
            return {field.name: value for field in fields(thing) if (value := getattr(thing, field.name))}
        case Made():
            return {"how": thing.how.model_dump(exclude_defaults=True), "reports": thing.reports}
    raise TypeError(thing)
