"""What must not be purged."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wats_broker.messages import FileId
from wats_worker.control.models.asking import Reason
from wats_worker.retention.holds import Hold, Label

Serial = Annotated[str, Field(min_length=1, max_length=100)]


class HoldWanted(BaseModel):
    """What is to stay under a label, and why."""

    model_config = ConfigDict(extra="forbid")

    label: Label
    file_ids: Annotated[list[FileId], Field(max_length=500)] = []
    serials: Annotated[
        list[Serial],
        Field(max_length=500, description="Every file with a unit of these serial numbers, later ones too."),
    ] = []
    reason: Reason

    @model_validator(mode="after")
    def _says_what(self) -> "HoldWanted":
        if not self.file_ids and not self.serials:
            raise ValueError("say what: file_ids or serials")
        return self


class Holds(BaseModel):
    """All labels."""

    holds: list[Hold]


class Released(BaseModel):
    """A label that holds nothing any more."""

    label: str
