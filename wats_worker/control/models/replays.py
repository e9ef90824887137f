"""Files that are converted and sent once more."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wats_broker.messages import FileId, SourceName
from wats_worker.control.models.asking import ConverterWord, Reason


class With(BaseModel):
    """How a quarantined file is converted again."""

    model_config = ConfigDict(extra="forbid")

    converter: Annotated[
        ConverterWord | None, Field(description="Who does it. Else whoever its source says.")
    ] = None
    reason: Reason = "by an operator"


class ReplayWanted(BaseModel):
    """Which delivered files are taken out of the archive. Ids, or a source and a time, or both."""

    model_config = ConfigDict(extra="forbid")

    file_ids: Annotated[list[FileId], Field(max_length=500)] = []
    source: SourceName | None = None
    since: Annotated[
        float | None, Field(ge=0, le=1e11, description="Taken in at this time or later, seconds since 1970.")
    ] = None
    until: Annotated[float | None, Field(ge=0, le=1e11, description="Not after this.")] = None
    converter: ConverterWord | None = None
    reason: Reason
    most: Annotated[int, Field(ge=1, le=500, description="At most so many now.")] = 100
    after: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$", description="Where the last answer ended.")] = (
        ""
    )

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not self.file_ids and self.source is None and self.since is None:
            raise ValueError("say which: file_ids, source, or since")
        return self


class Skipped(BaseModel):
    """A file that was asked for and does not go on."""

    file_id: str
    reason: str


class Replayed(BaseModel):
    """What goes on, and what does not."""

    replayed: list[str]
    skipped: list[Skipped]
    #: Where to go on; empty when all of the archive was looked through.
    next: str
    full: bool  #: the upload queue has no room: go on later, from ``next``
