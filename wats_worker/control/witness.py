"""Every request that changes something leaves its lines in the audit trail, whatever its route forgets.

Before anything is done the question is on the disk; if it can't be written there, nothing is done. The
answer follows before the client gets it. In between the process may be killed: then the trail has a question
without an answer, and never an act without a question.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wats_broker.access import Access, Allowance
from wats_worker.control import problems
from wats_worker.trail.book import Book, TrailUnusable
from wats_worker.trail.entry import Event, Told

log = logging.getLogger(__name__)

#: These only look.
LOOKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Refusals of one address that are written down; a flood of them must not fill the disk.
_REFUSALS: Final = Allowance(per_minute=10, burst=20)
#: What of a request's body is written down. All else may be a secret: the text of a configuration, say.
_TOLD: Final = frozenset(
    {
        "after", "bytes", "converter", "count", "everything", "file_ids", "grace_s", "label", "lasts_days",
        "mode", "most", "name", "report_ids", "scope", "serial", "since", "source", "until", "version",
    }
)  # fmt: skip
#: Ids of a long list that are written down.
_MOST: Final = 100
_LONGEST: Final = 300
_REFUSED: Final = frozenset({401, 403})
#: Where in a request's state it is kept that its question was written down, and what was asked.
_ASKED: Final = "asked"
BODY: Final = "body"


class Witness:
    """Who writes down what is asked and answered.

    Args:
        book: The trail.
        access: Bounds how many refusals are written down.
    """

    def __init__(self, book: Book, access: Access) -> None:
        self._book = book
        self._access = access

    def asked(self, request: Request, *, who: str, peer: str) -> None:
        """Somebody who may is about to change something.

        Raises:
            Problem: it can't be written down, so it is not done.
        """
        said = _said(request.scope)
        told = Told(
            Event.ASKED,
            _action(request.scope),
            who=who,
            peer=peer,
            target=_target(request.scope),
            reason=str(said.pop("reason", ""))[:_LONGEST],
            request=problems.request_id(request),
            facts={name: _short(value) for name, value in said.items() if name in _TOLD},
        )
        try:
            self._book.write(told)
        except TrailUnusable as unusable:
            log.error("trail_unusable", extra={"reason": str(unusable)})
            raise problems.untold(str(unusable)) from unusable
        request.scope["state"][_ASKED] = True

    def answered(self, scope: Scope, status: int) -> None:
        """What came of it. Too late to refuse anything: if it can't be written down, the log has it."""
        request = Request(scope)
        answered = scope["state"].get(_ASKED) or status < HTTPStatus.BAD_REQUEST
        event = Event.ANSWERED if answered else Event.REFUSED
        peer = request.client.host if request.client and request.client.host else "local"
        if event is Event.REFUSED and not self._may_tell(peer):
            return
        told = Told(
            event,
            _action(scope),
            who=scope["state"].get("who", ""),
            peer=peer,
            target=_target(scope),
            request=problems.request_id(request),
            status=status,
        )
        try:
            self._book.write(told)
        except TrailUnusable as unusable:
            log.error("trail_unusable", extra={"reason": str(unusable), "answered": status})

    def _may_tell(self, peer: str) -> bool:
        try:
            return self._access.spend(f"refusals:{peer}", _REFUSALS).granted
        except RedisError:  # while the broker is away nobody is let in, and nothing can happen
            return False


class Witnessed:
    """The API, seen by a witness.

    Args:
        app: The API.
        witness: Writes it down.
    """

    def __init__(self, app: ASGIApp, witness: Witness) -> None:
        self._app = app
        self._witness = witness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and write down what is to be written down."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        written = False

        async def write(status: int) -> None:
            nonlocal written
            if not written and (scope["method"] not in LOOKING or status in _REFUSED):
                written = True
                await run_in_threadpool(self._witness.answered, scope, status)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                await write(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            await write(HTTPStatus.INTERNAL_SERVER_ERROR)  # the answer is made further out
            raise


def _action(scope: Mapping[str, Any]) -> str:
    """Room and route, such as "queue pause"; method and path where there is none."""
    route = scope.get("route")
    if route is None or not getattr(route, "tags", None):
        return f"{scope['method']} {scope['path']}"[:_LONGEST]
    return f"{route.tags[0]} {route.name}"


def _target(scope: Mapping[str, Any]) -> str:
    return " ".join(str(value)[:_LONGEST] for value in (scope.get("path_params") or {}).values())


def _said(scope: Mapping[str, Any]) -> dict[str, Any]:
    try:
        said = json.loads(scope["state"].get(BODY) or b"{}")
    except ValueError:  # the route will say so
        return {}
    return said if isinstance(said, dict) else {}


def _short(value: object) -> object:
    if isinstance(value, list):
        return [_short(one) for one in value[:_MOST]]
    return value if isinstance(value, bool | int | float | None) else str(value)[:_LONGEST]
