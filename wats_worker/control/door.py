"""Who comes in: the version spoken, the token, its scope, and how often it is used.

A guess at a token costs its address an attempt, of which there are few; so guessing is slow, and a client
with a good token at the same address is not locked out by it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from wats_broker import protocol
from wats_broker.access import Access, Allowance, Scope, Token
from wats_worker.control import problems
from wats_worker.control.witness import LOOKING, Witness

log = logging.getLogger(__name__)

#: Attempts with a wrong token from one address.
_ATTEMPTS: Final = Allowance(per_minute=10, burst=10)

#: Only told and not checked by the framework: a mismatch has a refusal of its own.
_SPOKEN: Final = Header(
    description="The protocol that the client speaks.",
    json_schema_extra={"pattern": rf"^{protocol.Version.read(protocol.PROTOCOL).major}\.[0-9]{{1,4}}$"},
)

_bearer = HTTPBearer(auto_error=False, description="A token from 'wats-worker token create'.")


@dataclass(frozen=True)
class Visitor:
    """Who asks."""

    token: Token
    peer: str  #: where from

    @property
    def name(self) -> str:
        """What stands in journals for what somebody did."""
        return f"{self.token.name} ({self.token.id})"


@dataclass(frozen=True)
class Door:
    """The rules of one server.

    Args:
        access: Tokens and buckets.
        allowance: Requests of one token.
        witness: Writes down what somebody is about to change.
    """

    access: Access
    allowance: Allowance
    witness: Witness

    def enter(self, request: Request, given: HTTPAuthorizationCredentials | None) -> Visitor:
        """Let somebody in, or say why not.

        Raises:
            Problem: no token, a wrong one, or too often.
        """
        where = peer(request)
        if given is None:
            raise problems.unauthenticated("this needs a token")
        token = self.access.who(given.credentials)
        if token is None:
            raise self._turned_away(where, request.url.path)
        spent = self.access.spend(token.id, self.allowance)
        if not spent.granted:
            limit = (
                f"{self.allowance.per_minute} requests a minute are allowed, {self.allowance.burst} at once"
            )
            raise problems.too_many(spent.wait_s, limit)
        return Visitor(token, where)

    def knock(self, request: Request) -> None:
        """For what is open to everybody: as often from one address as with one token.

        Raises:
            Problem: too often.
        """
        spent = self.access.spend(f"open:{peer(request)}", self.allowance)
        if not spent.granted:
            raise problems.too_many(spent.wait_s, "too many requests without a token from this address")

    def _turned_away(self, where: str, path: str) -> problems.Problem:
        spent = self.access.spend(f"wrong:{where}", _ATTEMPTS)
        if not spent.granted:
            return problems.too_many(spent.wait_s, "too many attempts with a wrong token from this address")
        self.access.note("token_refused", where, path)
        log.warning("token_refused", extra={"peer": where, "path": path})
        return problems.unauthenticated("nobody knows this token, or it is over")


def needs(scope: Scope) -> Callable[..., Visitor]:
    """A dependency for routes: who asks, if that is enough for ``scope``."""

    def visitor(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        wats_protocol: Annotated[str, _SPOKEN] = (protocol.PROTOCOL),
    ) -> Visitor:
        protocol.check(wats_protocol)
        door: Door = request.app.state.door
        known = door.enter(request, given)
        request.state.who = known.name
        if not known.token.scope.includes(scope):
            raise problems.forbidden(known.token.scope, scope)
        if request.method not in LOOKING:
            door.witness.asked(request, who=known.name, peer=known.peer)
        return known

    visitor.__dict__["scope"] = scope  # for the document, which tells what each route needs
    return visitor


def open_to_all(
    request: Request,
    wats_protocol: Annotated[str, _SPOKEN] = (protocol.PROTOCOL),
) -> None:
    """A dependency for what needs no token. It is limited all the same."""
    protocol.check(wats_protocol)
    request.app.state.door.knock(request)


def peer(request: Request) -> str:
    """Where somebody asks from; over a unix socket that is this machine."""
    return request.client.host if request.client and request.client.host else "local"


Reads = Annotated[Visitor, Depends(needs(Scope.READ))]
Operates = Annotated[Visitor, Depends(needs(Scope.OPERATE))]
Administers = Annotated[Visitor, Depends(needs(Scope.ADMIN))]
