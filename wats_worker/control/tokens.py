"""``/tokens``: who may come in."""

from typing import Annotated

from fastapi import APIRouter, Query

from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Administers, Reads
from wats_worker.control.models.tokens import (
    MadeToken,
    Mine,
    NewToken,
    Notes,
    Revoked,
    Rotation,
    TokenId,
    Tokens,
)


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/tokens", tags=["tokens"])

    @rooms.get("")
    def tokens(_: Administers) -> Tokens:
        """List all tokens."""
        return Tokens(tokens=desk.access.tokens())

    @rooms.get("/mine")
    def mine(who: Reads) -> Mine:
        """Tell who asks, and what that token may do."""
        return Mine(token=who.token)

    @rooms.post("", status_code=201)
    def create(wanted: NewToken, _: Administers) -> MadeToken:
        """Make a token. Its text is told only now."""
        lasts_s = None if wanted.lasts_days is None else wanted.lasts_days * 86400
        token, text = desk.access.create(wanted.name, wanted.scope, lasts_s=lasts_s)
        return MadeToken(token=token, text=text)

    @rooms.post("/{token_id}/rotate")
    def rotate(token_id: TokenId, how: Rotation, _: Administers) -> MadeToken:
        """Give a token a new secret; the old one lets in for a while yet."""
        _is_ours(desk, token_id)
        made = desk.access.rotate(token_id, grace_s=how.grace_s)
        if made is None:
            raise problems.not_found(f"there is no token {token_id}")
        return MadeToken(token=made[0], text=made[1])

    @rooms.delete("/{token_id}")
    def revoke(token_id: TokenId, _: Administers) -> Revoked:
        """End a token at once."""
        _is_ours(desk, token_id)
        if not desk.access.revoke(token_id):
            raise problems.not_found(f"there is no token {token_id}")
        return Revoked(id=token_id)

    @rooms.get("/notes")
    def notes(_: Administers, count: Annotated[int, Query(ge=1, le=1000)] = 100) -> Notes:
        """Tell what happened at the door: refusals, and changes of tokens."""
        return Notes(notes=desk.access.notes(count=count))

    return rooms


def _is_ours(desk: Desk, token_id: str) -> None:
    """A token that is entered again and again would come back, or be two."""
    if any(token.id == token_id and token.kept_elsewhere for token in desk.access.tokens()):
        raise problems.conflict(
            f"token {token_id} is kept in a file or a secret of the machine",
            fix="put another one there and start the control stage again; the old one is over a minute later",
        )
