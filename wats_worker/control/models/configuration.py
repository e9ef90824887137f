"""The configuration: shown, checked, changed."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from wats_broker.names import Stage


class Configuration(BaseModel):
    """What is in force in the control stage, and the file's text; with every secret masked."""

    file: str | None
    settings: dict[str, Any]
    #: None: there is no file, or it is damaged.
    text: str | None = None
    #: Tells one content of the file from another; whoever changes it says which one was looked at.
    etag: str | None = None


class Draft(BaseModel):
    """The text of a configuration file. A value that is masked stays what it was at this place."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=500_000)]


class Change(Draft):
    """The file's new text."""

    restart: Annotated[
        bool, Field(description="Write it even if the line can't take it up without being stopped.")
    ] = False


class Found(BaseModel):
    """One mistake, with its place and what mends it."""

    place: str
    key: str
    what: str
    fix: str


class Meant(BaseModel):
    """What a text means for the line that runs."""

    changed: list[str]  #: keys
    stages: list[Stage]  #: who starts anew to take them up
    #: Keys that can't be changed while the line runs, and what to do instead.
    needs_restart: dict[str, str]


class Checked(BaseModel):
    """Whether a configuration could be used, and what it would change."""

    good: bool
    mistakes: list[Found]
    meant: Meant | None = None  #: None: it has mistakes


class Applied(BaseModel):
    """What became of a change."""

    meant: Meant
    backup: str | None  #: the earlier text beside the file; None if nothing was written
    #: Whether the line is taking it up now. If not, whoever started its stages starts them again.
    live: bool
    etag: str
