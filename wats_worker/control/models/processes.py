"""The server's processes as the line knows them."""

from pydantic import BaseModel


class ProcessLine(BaseModel):
    """One process, and what it is for."""

    code: int
    name: str
    test: bool
    repair: bool
    wip: bool
    active: bool


class ProcessList(BaseModel):
    """The list, and how good it is."""

    server: str | None
    version: str  #: another one when the list has changed; empty while there is none
    age_s: int | None  #: None: they are not known
    old: bool  #: too old to decide anything
    asked_at: float  #: when the server was asked last, by the broker's clock
    trouble: str | None  #: why that gave no list
    processes: list[ProcessLine]


class SyncAsked(BaseModel):
    """The upload stage will ask the server: whoever wants to know looks until ``asked_at`` changes."""

    asked_at: float
    version: str
