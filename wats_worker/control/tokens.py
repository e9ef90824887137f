"""``/tokens``: who may come in. And the token of the machine's own operator, in a private file."""

import os
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from wats_broker import access
from wats_broker.access import Note, Scope, Token
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Administers
from wats_worker.control.place import Place
from wats_worker.settings import WorkerSettings
from wats_worker.spool import files

#: Name of the token that whoever runs the line finds in its folder.
LOCAL: Final = "local"


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


class Tokens(BaseModel):
    """All tokens, without their texts."""

    tokens: list[Token]


class Notes(BaseModel):
    """What happened at the door."""

    notes: list[Note]


class Revoked(BaseModel):
    """A token that was ended."""

    id: str


TokenId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/tokens", tags=["tokens"])

    @rooms.get("")
    def tokens(_: Administers) -> Tokens:
        """List all tokens."""
        return Tokens(tokens=desk.access.tokens())

    @rooms.post("", status_code=201)
    def create(wanted: NewToken, _: Administers) -> MadeToken:
        """Make a token. Its text is told only now."""
        lasts_s = None if wanted.lasts_days is None else wanted.lasts_days * 86400
        token, text = desk.access.create(wanted.name, wanted.scope, lasts_s=lasts_s)
        return MadeToken(token=token, text=text)

    @rooms.post("/{token_id}/rotate")
    def rotate(token_id: TokenId, how: Rotation, _: Administers) -> MadeToken:
        """Give a token a new secret; the old one lets in for a while yet."""
        made = desk.access.rotate(token_id, grace_s=how.grace_s)
        if made is None:
            raise problems.not_found(f"there is no token {token_id}")
        return MadeToken(token=made[0], text=made[1])

    @rooms.delete("/{token_id}")
    def revoke(token_id: TokenId, _: Administers) -> Revoked:
        """End a token at once."""
        if not desk.access.revoke(token_id):
            raise problems.not_found(f"there is no token {token_id}")
        return Revoked(id=token_id)

    @rooms.get("/notes")
    def notes(_: Administers, count: Annotated[int, Field(ge=1, le=1000)] = 100) -> Notes:
        """Tell what happened at the door: refusals, and changes of tokens."""
        return Notes(notes=desk.access.notes(count=count))

    return rooms


def local_token(settings: WorkerSettings) -> SecretStr:
    """The token of this machine's operator: configured, or made here when it is asked for the first time.

    Raises:
        OSError: the private file can't be made or read.
    """
    if settings.control.token is not None:
        return settings.control.token
    place = Place.of(settings)
    place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.folder.chmod(0o700)
    try:
        descriptor = files.create(place.token_file, f"{access.make_text()}\n".encode())
    except FileExistsError:
        return read_token(place)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    files.fsync_folder(place.folder)
    return read_token(place)


def read_token(place: Place) -> SecretStr:
    """The token in the private file.

    Raises:
        OSError: there is none, or it is not for us to read.
    """
    return SecretStr(place.token_file.read_text(encoding="utf-8").strip())
