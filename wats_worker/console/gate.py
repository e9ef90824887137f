"""The gate before everything: which requests are let through, and what a browser is told about each answer.

A cookie is not enough to know that a page of ours asks. Other servers on the same machine share our cookies
whatever their port, and a page elsewhere may make a browser ask us under a name that it has pointed at our
address. So a request has to name a host that is ours, and where it says which page sent it, one of ours.

Nothing of the library that makes the pages can be reached without a session, its files included.
"""

import ipaddress
import re
import secrets
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wats_worker.console.sessions import Sessions

#: Where the session stands in what a page is asked with.
SESSION: Final = "wats_session"
#: A page that asks for anything elsewhere is not ours: everything that it needs is here. The library makes
#: functions of the templates of its own parts in the browser, which has a name that sounds worse than it is.
_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, forms come from a page called null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SAFE: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class House:
    """What is ours.

    Args:
        hosts: Names that browsers reach us by.
        secure: Whether we speak https.
        cookie: The name of our cookie.
    """

    hosts: Collection[str] = ()
    secure: bool = False
    cookie: str = "wats_console"

    def is_ours(self, host: str) -> bool:
        """Whether a request is meant for us. An address always is: only a name can be pointed at us.

        >>> house = House(hosts={"plant-7"})
        >>> [house.is_ours(host) for host in ("10.1.2.3:8043", "[::1]:80", "plant-7", "evil.example")]
        [True, True, True, False]
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # brackets that close nowhere
            return False
        if name == "localhost" or name in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class Gate:
    """Lets requests through to the entrance, and with a session to the pages.

    Args:
        pages: For those who are logged in.
        entrance: For everybody: the login.
        sessions: Who is logged in.
        house: What is ours.
    """

    def __init__(self, pages: ASGIApp, entrance: ASGIApp, sessions: Sessions, house: House) -> None:
        self._pages = pages
        self._entrance = entrance
        self._sessions = sessions
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one websocket."""
        match scope["type"]:
            case "http":
                nonce = secrets.token_urlsafe(16)
                await self._http(scope, receive, _Page(send, nonce))
            case "websocket":
                await self._websocket(scope, receive, send)
            case _:  # the beginning and the end of the server
                await self._pages(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if problem := self._stranger(Headers(scope=scope), method):
            await problem(scope, receive, send)
        elif path == "/health":
            await PlainTextResponse("alive\n")(scope, receive, send)
        elif path in {"/login", "/logout"}:
            await self._entrance(scope, receive, send)
        elif self._know(scope):
            await self._pages(scope, receive, send)
        elif method in _SAFE and "text/html" in Headers(scope=scope).get("accept", ""):
            await RedirectResponse("/login", HTTPStatus.SEE_OTHER)(scope, receive, send)
        else:
            await PlainTextResponse("log in first\n", HTTPStatus.UNAUTHORIZED)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "origin" not in headers or self._stranger(headers, "GET") or not self._know(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._pages(scope, receive, send)

    def _stranger(self, headers: Headers, method: str) -> Response | None:
        """Why this request does not come from a page of ours; None if it may."""
        host = headers.get("host", "")
        if not self._house.is_ours(host):
            text = "this is not the name of this console; [console] hosts lists its names\n"
            return PlainTextResponse(text, HTTPStatus.MISDIRECTED_REQUEST)
        origin = headers.get("origin")
        # A browser names the page that sent it with everything but plain looking.
        if (origin is None and method not in _SAFE) or (origin and urlsplit(origin).netloc != host):
            return PlainTextResponse("this came from another page\n", HTTPStatus.FORBIDDEN)
        return None

    def _know(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether somebody is logged in; who, is put where the pages find it."""
        session = self._sessions.find(HTTPConnection(scope).cookies.get(self._house.cookie, ""))
        scope[SESSION] = session
        return session is not None


class _Page:
    """Sends an answer with our headers. The scripts of a page get the number that the policy asks for."""

    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self._nonce = nonce
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["Content-Security-Policy"] = _POLICY.format(nonce=self._nonce)
            for name, value in _HEADERS.items():
                headers[name] = value
            if headers.get("content-type", "").startswith("text/html"):
                headers["Cache-Control"] = "no-store"
                self._start = message
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            await self._send_page(self._start)
            return
        await self._send(message)

    async def _send_page(self, start: Message) -> None:
        # What stands in the page about the line has no "<" in it, so only the page's own scripts are found.
        body = re.sub(rb"<script\b", f'<script nonce="{self._nonce}"'.encode(), self._body)
        MutableHeaders(raw=start["headers"])["Content-Length"] = str(len(body))
        self._start = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
