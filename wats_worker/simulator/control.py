"""The private door under /_simulator/: change how the server behaves, and read the outside truth.

Its token has nothing to do with the server's own. Calls here are not counted, logged, delayed or faulted.

    GET    state               counts, uploads in flight, faults that wait
    GET    reports             a page: ?after=0&count=1000
    GET    reports/{uuid}      one report with its body as it was sent
    GET    requests            a page: ?after=0&count=1000&status=503
    PATCH  settings            whatever settings.CHANGEABLE names
    POST   faults              a list of faults, appended to the script
    PUT    faults/mix          random faults
    DELETE faults              none any more
    DELETE everything          be as new
"""

import hmac
from typing import Any, Final

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from wats_worker.simulator.faults import Fault, Mix
from wats_worker.simulator.service import Service
from wats_worker.simulator.settings import Changes

CONTROL: Final = "/_simulator/"
_FAULTS: Final = TypeAdapter(list[Fault])
_MIX: Final = TypeAdapter(Mix)
_LONGEST_PAGE: Final = 10_000


class ControlDoor:
    """The private door as an ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._router = Router(
            [
                Route(f"{CONTROL}state", self.state, methods=["GET"]),
                Route(f"{CONTROL}reports", self.reports, methods=["GET"]),
                Route(f"{CONTROL}reports/{{uuid}}", self.report, methods=["GET"]),
                Route(f"{CONTROL}requests", self.requests, methods=["GET"]),
                Route(f"{CONTROL}settings", self.change, methods=["PATCH"]),
                Route(f"{CONTROL}faults", self.add_faults, methods=["POST"]),
                Route(f"{CONTROL}faults", self.clear_faults, methods=["DELETE"]),
                Route(f"{CONTROL}faults/mix", self.mix_faults, methods=["PUT"]),
                Route(f"{CONTROL}everything", self.forget, methods=["DELETE"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whoever shows the control token."""
        shown = Request(scope).headers.get("authorization", "")
        wanted = f"Bearer {self._service.settings.control_token}"
        app: Any = self._router
        if not hmac.compare_digest(shown.encode(), wanted.encode()):
            app = JSONResponse({"error": "wrong control token"}, 401)
        try:
            await app(scope, receive, send)
        except ValueError as error:  # pydantic's errors are ValueErrors, too
            await JSONResponse({"error": str(error)}, 400)(scope, receive, send)

    async def state(self, _: Request) -> Response:
        """Counts, uploads in flight, faults that wait."""
        service, ledger = self._service, self._service.ledger
        return JSONResponse(
            {
                "reports": service.store.count(),
                "in_flight": ledger.in_flight,
                "max_in_flight": ledger.max_in_flight,
                "requests": ledger.statuses.total(),
                "statuses": ledger.statuses,
                "faults_waiting": len(service.faults.waiting()),
            }
        )

    async def reports(self, request: Request) -> Response:
        """A page of reports in the order of their first arrival."""
        after, count = _page(request)
        return _paged("reports", self._service.store.listed(after=after, count=count), count)

    async def report(self, request: Request) -> Response:
        """One report and its body."""
        row = self._service.store.report(request.path_params["uuid"])
        if row is None:
            return JSONResponse({"error": "no such report"}, 404)
        return JSONResponse(row | {"body": row["body"].decode()})

    async def requests(self, request: Request) -> Response:
        """A page of the log of requests."""
        after, count = _page(request)
        status = request.query_params.get("status")
        rows = self._service.ledger.listed(
            after=after, count=count, status=None if status is None else int(status)
        )
        return _paged("requests", rows, count)

    async def change(self, request: Request) -> Response:
        """Change settings."""
        changes = Changes.model_validate_json(await request.body())
        self._service.settings = changes.of(self._service.settings)
        return JSONResponse({})

    async def add_faults(self, request: Request) -> Response:
        """Append to the script of faults."""
        self._service.faults.add(_FAULTS.validate_json(await request.body()))
        return JSONResponse({})

    async def mix_faults(self, request: Request) -> Response:
        """Take random faults from another mix."""
        self._service.faults.roll(_MIX.validate_json(await request.body()))
        return JSONResponse({})

    async def clear_faults(self, _: Request) -> Response:
        """No faults any more."""
        self._service.faults.clear()
        return JSONResponse({})

    async def forget(self, _: Request) -> Response:
        """Be as new."""
        self._service.forget()
        return JSONResponse({})


def _page(request: Request) -> tuple[int, int]:
    after = int(request.query_params.get("after", "0"))
    count = int(request.query_params.get("count", "1000"))
    return after, max(1, min(count, _LONGEST_PAGE))


def _paged(name: str, rows: list[dict[str, Any]], count: int) -> Response:
    """A page and where the next one starts; null after the last."""
    return JSONResponse({name: rows, "next": rows[-1]["seq"] if len(rows) == count else None})
