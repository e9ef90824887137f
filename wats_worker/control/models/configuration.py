"""The configuration, shown and checked."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Configuration(BaseModel):
    """What is in force in the control stage, with every secret masked."""

    file: str | None
    settings: dict[str, Any]


class Draft(BaseModel):
    """The text of a configuration file."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=500_000)]


class Found(BaseModel):
    """One mistake, with its place and what mends it."""

    place: str
    key: str
    what: str
    fix: str


class Checked(BaseModel):
    """Whether a configuration could be used."""

    good: bool
    mistakes: list[Found]
