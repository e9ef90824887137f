"""The server as an ASGI application. The order of checks is the contract:

scripted fault → route → 401 → 403 → 429 → 413 → 415 → 400 (parse, schema, process) → store → 200

The first four steps and the size stand here, the rest in ``uploads.py``.
"""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from wats_worker.simulator import answers, doors, rules
from wats_worker.simulator.answers import Refusal
from wats_worker.simulator.calls import Call, ClientLeft
from wats_worker.simulator.control import CONTROL, ControlDoor
from wats_worker.simulator.faults import Kind
from wats_worker.simulator.ledger import Flight
from wats_worker.simulator.service import Service

#: In so many pieces a slow body comes.
_PIECES = 20


class WatsServer:
    """A WATS server: decides who gets in, and plays the faults."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._control = ControlDoor(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or cut its connection."""
        path = scope["path"].lower()
        if path.startswith(CONTROL):
            await self._control({**scope, "path": path}, receive, send)
            return
        prefix = self._service.settings.prefix.lower()
        path = path[len(prefix) :] if path.startswith(f"{prefix}/") else f"/outside{path}"
        flight = Flight(scope["method"], path, scope["state"]["transport"])
        call = Call(scope, receive, flight, path)
        self._service.ledger.begin(flight)
        status = 500  # what uvicorn says for us should anything break below
        try:
            status = await self._answer(call, send)
        except ClientLeft:
            status = 0  # there is nobody left to answer
        except asyncio.CancelledError:
            # The process ends before the call does. uvicorn would answer 500, but a server that goes away
            # under a client says nothing.
            flight.transport.abort()
            status = 0
            raise
        finally:
            call.guess_id()
            self._service.ledger.end(flight, status)

    async def _answer(self, call: Call, send: Send) -> int:
        """Send the answer and say its status; 0 = the connection was cut."""
        settings = self._service.settings
        await call.read(settings.max_body)
        if settings.latency_ms:
            await asyncio.sleep(settings.latency_ms / 1000)
        fault = call.fault = self._service.faults.meet(call.flight.method, call.path, call.body)
        if fault is None:
            response = self._respond(call)
            await response(call.scope, call.receive, send)
            return response.status_code
        call.flight.fault = fault.kind
        if fault.kind is Kind.CUT_BEFORE:
            await call.cut()
            return 0
        if fault.kind is Kind.STALL:
            await call.left_within(fault.seconds)
        response = answers.canned(fault) or self._respond(call)
        if fault.kind is Kind.CUT_AFTER:
            await call.cut()
            return 0
        if fault.kind is Kind.OBJECT:
            response = answers.without_array(response)
        if fault.kind is Kind.SLOW_BODY:
            await _trickle(response, call, send, fault.seconds)
        else:
            await response(call.scope, call.receive, send)
        return response.status_code

    def _respond(self, call: Call) -> Response:
        """What a server without faults would answer."""
        found = doors.find(call.flight.method, call.path)
        if isinstance(found, Response):
            return found
        door, call.id = found
        try:
            if door.right:
                self._let_in(call, door.right)
            return door.handle(self._service, call)
        except Refusal as refusal:
            return refusal.response()

    def _let_in(self, call: Call, right: rules.Right) -> None:
        settings = self._service.settings
        authorization = call.headers.get("authorization", "")
        call.token = rules.owner(authorization, self._service.tokens())
        rules.permit(call.token, right)
        if call.path.startswith("/api/internal/") and "referer" not in call.headers:
            raise Refusal(403, "Internal endpoints are for the server's own pages: no Referer.")
        self._service.rates.take(call.token.secret, rate=settings.rate, window_s=settings.rate_window_s)
        if call.too_large:
            raise Refusal(413, f"The body is larger than {settings.max_body} bytes.")


async def _trickle(response: Response, call: Call, send: Send, seconds: float) -> None:
    """Send the headers at once and the body in small pieces, until the client has enough of it."""
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(start)
    body = bytes(response.body)
    size = max(1, -(-len(body) // _PIECES))
    for at in range(0, len(body), size):
        if await call.left_within(seconds * size / len(body)):
            return
        piece = {"type": "http.response.body", "body": body[at : at + size], "more_body": True}
        await send(piece)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
