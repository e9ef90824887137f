"""What several questions have in common: names, reasons, and how much is told at once."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from wats_broker.messages import FileId, ReportId, SourceName

__all__ = ["ConverterWord", "FileBeginning", "FileId", "Reason", "ReportId", "SourceName", "Why", "With"]

#: Some words by a person, which stand in journals and logs: no line feeds, nothing a terminal would obey.
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
#: A file's id, or a beginning of it that only one file has.
FileBeginning = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,32}$")]
#: A converter's name, or "auto".
ConverterWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]


class Why(BaseModel):
    """Why somebody does it."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason, Field(description="Stands in the journal with the token's name.")]


class With(BaseModel):
    """How a quarantined file is converted again."""

    model_config = ConfigDict(extra="forbid")

    converter: Annotated[
        ConverterWord | None, Field(description="Who does it. Else whoever its source says.")
    ] = None
    reason: Reason = "by an operator"
