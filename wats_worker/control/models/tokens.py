"""Tokens, and what happened at the door."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from wats_broker.access import Note, Scope, Token

TokenId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


class NewToken(BaseModel):
    """What is wanted of a token."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
    scope: Scope = Scope.READ
    lasts_days: Annotated[float, Field(gt=0, le=3660)] | None = None


class Rotation(BaseModel):
    """How a secret is changed."""

    model_config = ConfigDict(extra="forbid")

    grace_s: Annotated[float, Field(ge=0, le=30 * 86400)] = 3600.0


class MadeToken(BaseModel):
    """A token with its text, which is told only this once."""

    token: Token
    text: str


class Mine(BaseModel):
    """The token that asked, without its text."""

    token: Token


class Tokens(BaseModel):
    """All tokens, without their texts."""

    tokens: list[Token]


class Notes(BaseModel):
    """What happened at the door."""

    notes: list[Note]


class Revoked(BaseModel):
    """A token that was ended."""

    id: str
