"""The bodies a WATS server, or what stands before it, is known to answer with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from wats_worker.simulator.faults import Fault, Kind

_PROXY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>proxy</body></html>"
)
_LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head>"
    '<body><form method="post" action="/login"><input name="user"><input type="password"></form></body>'
    "</html>"
)


class Refusal(Exception):
    """The call ends here, with this answer."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        faults: Mapping[str, Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.faults = faults
        self.headers = headers

    def response(self) -> Response:
        """The answer as it goes out."""
        body: dict[str, Any] = {"Message": self.message}
        if self.faults:
            body["ModelState"] = self.faults
        return JSONResponse(body, self.status, headers=self.headers)


def received(report_id: str, uuid: str) -> Response:
    """The array with one object that a server answers an upload with.

    Written by hand because every upload passes here; both ids are checked GUIDs and need no escaping.
    """
    body = f'[{{"ID":"{report_id}","uuid":"{uuid}","Report_ID":0}}]'
    return Response(body, media_type="application/json")


def without_array(answer: Response) -> Response:
    """The object alone, as the published description has it."""
    found = json.loads(bytes(answer.body))
    return JSONResponse(found[0], answer.status_code) if isinstance(found, list) and found else answer


def login_page() -> Response:
    """What a browser would show to a person, and what a client must not take for success."""
    return HTMLResponse(_LOGIN_PAGE)


def canned(fault: Fault) -> Response | None:
    """The answer of a fault that needs no work; None for the faults that do."""
    match fault.kind:
        case Kind.BAD_REQUEST:
            return Refusal(400, "The request is invalid.").response()
        case Kind.UNAUTHORIZED:
            return PlainTextResponse("Unauthorized", 401, headers={"WWW-Authenticate": "Basic"})
        case Kind.FORBIDDEN:
            return PlainTextResponse("Forbidden", 403)
        case Kind.TOO_LARGE:
            return HTMLResponse("<html><body><h1>413 Request Entity Too Large</h1></body></html>", 413)
        case Kind.TOO_MANY:
            return Response(status_code=429, headers={"Retry-After": fault.retry_after or "1"})
        case Kind.TOO_MANY_BARE:
            return Response(status_code=429)
        case Kind.SERVER_ERROR:
            return JSONResponse({"Message": "An error has occurred."}, 500)
        case Kind.BAD_GATEWAY:
            return HTMLResponse(_PROXY_PAGE, 502)
        case Kind.UNAVAILABLE:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
            return Response(status_code=503, headers=headers)
        case Kind.EMPTY:
            return Response(status_code=200)
        case Kind.LOGIN_PAGE:
            return login_page()
        case Kind.LOGIN_REDIRECT:
            return Response(status_code=302, headers={"Location": "/login?returnUrl=%2Fapi"})
    return None
