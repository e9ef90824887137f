"""The entrance: a form for the token. Plain HTML, so that nothing else is open to people without one."""

import logging
import re
from http import HTTPStatus
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

from jinja2 import Environment
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from wats_broker.errors import VersionMismatchError
from wats_worker.console.gate import House
from wats_worker.console.sessions import Sessions
from wats_worker.control.client import ControlError, Denied

log = logging.getLogger(__name__)

_FORM: Final = re.compile(r"wats_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")
_LONGEST: Final = 4096
_PAGE: Final = Environment(autoescape=True).from_string(
    files("wats_worker.console").joinpath("login.html").read_text(encoding="utf-8")
)


def build(sessions: Sessions, house: House) -> Starlette:
    """The login as an ASGI application."""

    async def form(request: Request) -> Response:
        if sessions.find(request.cookies.get(house.cookie, "")):
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return _page()

    async def enter(request: Request) -> Response:
        text = await _token(request)
        if text is None:
            return _page(
                "This is not a token. It looks like wats_… and has 65 characters.", HTTPStatus.BAD_REQUEST
            )
        try:
            name = await sessions.open(SecretStr(text))
        except Denied as denied:
            log.warning("login_refused", extra={"peer": _peer(request), "code": denied.code})
            unknown = denied.status == HTTPStatus.UNAUTHORIZED
            said = "The control door does not know this token." if unknown else str(denied)
            return _page(said, HTTPStatus.FORBIDDEN)
        except (ControlError, VersionMismatchError) as error:
            log.warning("login_impossible", extra={"reason": str(error)})
            return _page(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        sessions.close(request.cookies.get(house.cookie, ""))
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(house.cookie, name, httponly=True, secure=house.secure, samesite="lax")
        return answer

    def leave(request: Request) -> Response:
        sessions.close(request.cookies.get(house.cookie, ""))
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(house.cookie, httponly=True, secure=house.secure, samesite="lax")
        return answer

    return Starlette(
        routes=[
            Route("/login", form, methods=["GET"]),
            Route("/login", enter, methods=["POST"]),
            Route("/logout", leave, methods=["POST"]),
        ]
    )


async def _token(request: Request) -> str | None:
    """What was typed, if it has the form of a token: anything else is not worth a question at the door."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            return None
    typed = parse_qs(body.decode("ascii", errors="replace")).get("token", [""])[0].strip()
    return typed if _FORM.fullmatch(typed) else None


def _page(problem: str = "", status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    return HTMLResponse(_PAGE.render(problem=problem), status)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
