"""The converters of the line."""

from typing import Any

from pydantic import BaseModel


class ConverterCard(BaseModel):
    """One converter, or something that should have been one: then it may have no name."""

    name: str | None
    title: str
    version: str
    origin: str
    jail: str  #: under which terms it works
    state: str  #: ready, disabled, or set aside
    reason: str | None
    findings: list[dict[str, Any]]  #: of the audit


class Converters(BaseModel):
    """All of them, ours first."""

    converters: list[ConverterCard]


class Tried(BaseModel):
    """What came of a file that was tried. Nothing was saved, sent or moved."""

    outcome: str  #: converted, or what it was instead: refusal, quarantine, broken …
    why: dict[str, str] | None  #: reason, field, place, fix, and what the converter printed
    missing: list[str | None]  #: what its source would have to say
    converter: str | None
    scores: dict[str, float]
    jail: str | None  #: what was enforced, and what the converter was granted
    usage: dict[str, Any]
    warnings: list[str]
    reports: list[dict[str, Any]]  #: the first of them
    total: int


class Rung(BaseModel):
    """Everybody loads the converters anew before the next file."""

    converters: int  #: that are ready here, by now


class Switched(BaseModel):
    """A switch was turned, or stood there already."""

    name: str
    on: bool
    changed: bool
