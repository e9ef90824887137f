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


class Switched(BaseModel):
    """A switch was turned, or stood there already."""

    name: str
    on: bool
    changed: bool
