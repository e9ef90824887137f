"""The rooms behind the door, put together."""

from collections.abc import Callable, Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wats_broker import protocol
from wats_broker.access import Allowance
from wats_broker.errors import VersionMismatchError
from wats_worker.control import (
    archive,
    audit,
    config,
    converters,
    files,
    health,
    hello,
    holds,
    metrics,
    numbers,
    polls,
    problems,
    processes,
    quarantined,
    queue,
    replay_jobs,
    sources,
    status,
    tokens,
    trend,
    workers,
)
from wats_worker.control.desk import Desk
from wats_worker.control.door import Door
from wats_worker.control.models.refusals import Refused
from wats_worker.control.witness import BODY, Witness, Witnessed
from wats_worker.version import RELEASE

#: Nothing that is asked here is longer.
_LONGEST_BODY: Final = 1 << 20
_API: Final = f"/api/v{protocol.Version.read(protocol.PROTOCOL).major}"

#: Each gives its routes; the order is that of the document.
_ROOMS: Final[Sequence[Callable[[Desk], APIRouter]]] = (
    hello.router,
    status.router,
    trend.router,
    files.router,
    archive.router,
    queue.router,
    quarantined.router,
    replay_jobs.router,
    holds.router,
    numbers.router,
    sources.router,
    polls.router,
    converters.router,
    workers.router,
    processes.router,
    config.router,
    tokens.router,
    audit.router,
)

#: What monitors ask; they speak no protocol of ours, so these stand outside.
_MONITORED: Final[Sequence[Callable[[Desk], APIRouter]]] = (health.router, metrics.router)


def build(desk: Desk) -> FastAPI:
    """The control API of one line, as an ASGI application."""
    control = desk.settings.control
    app = FastAPI(
        title="wats-worker control",
        summary="Ask and steer a running line.",
        version=RELEASE,
        docs_url=None,  # they fetch their scripts from the internet, which a factory need not have
        redoc_url=None,
        openapi_url="/openapi.json",
        responses={status: {"model": Refused} for status in (400, 401, 403, 404, 409, 413, 422, 429, 503)},
    )
    witness = Witness(desk.trail, desk.access)
    app.state.door = Door(desk.access, Allowance(control.requests_per_minute, control.burst), witness)
    problems.install(app)
    app.add_middleware(_BodyLimit)
    app.add_middleware(Witnessed, witness=witness)
    for room in _ROOMS:
        app.include_router(_told(room(desk)), prefix=_API)
    for room in _MONITORED:
        app.include_router(_told(room(desk)))

    @app.api_route(
        "/api/{version}/{path:path}", methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False
    )
    def elsewhere(version: str, request: Request) -> None:
        """Another protocol's path is a mismatch and not just nothing."""
        if f"/api/{version}" != _API:
            raise VersionMismatchError(f"{version.removeprefix('v')[:10]}.0", protocol.PROTOCOL)
        raise problems.not_found(f"there is no {request.url.path}", fix="/openapi.json tells what there is")

    return app


def _told(rooms: APIRouter) -> APIRouter:
    """The document says of each route which scope it needs; the standard has no word for it."""
    for route in rooms.routes:
        if isinstance(route, APIRoute):
            needed = [getattr(one.call, "scope", None) for one in route.dependant.dependencies]
            if scope := next(filter(None, needed), None):
                route.openapi_extra = {**(route.openapi_extra or {}), "x-scope": str(scope)}
    return rooms


class _BodyLimit:
    """Reads a body before anybody looks at it, and ends a request whose body is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == f"{_API}{converters.TEST}":
            # A file may be larger than any other question. It is read when it is known who sends it.
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > _LONGEST_BODY:
                await problems.answer(Request(scope), problems.too_long(_LONGEST_BODY))(scope, receive, send)
                return
        scope.setdefault("state", {})[BODY] = body
        read = False

        async def again() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)
