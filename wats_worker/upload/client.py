"""Speaks with one WATS server: posts reports, asks for the version and the list of processes.

Whatever happens comes back as an ``Answer``; what it means is decided in ``verdict``. The token is part of no
error, no ``repr`` and no answer, not even when the server sends it back to us.
"""

import base64
import binascii
import time
import zlib
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final, Self

import httpx

from wats_worker.upload import words
from wats_worker.upload.answer import Answer
from wats_worker.upload.patience import Patience, PatientBackend
from wats_worker.upload.transport import ERRORS, PatientTransport, fault_of, system_proxy, trust

#: Bytes kept of an answer to a report; a result has about a hundred.
_ANSWER_LIMIT: Final = 64 * 1024
#: Bytes kept of the list of processes.
_LIST_LIMIT: Final = 8 * 1024 * 1024
#: Bytes per second.
_SLOWEST: Final = 16 * 1024
#: Seconds for a question that is no report.
_QUICK: Final = 10.0


class ProcessesUnknown(Exception):
    """The server did not tell its list of processes; the last good copy goes on being used."""


class WatsClient:
    """One server, over connections that are kept alive. One per process, shared by its threads.

    Args:
        url: Root of the server; a path prefix may be part of it.
        token: As the server shows it; it is Base64 already.
        connect_s: To reach the server.
        read_s: For the server to think about a report. All in all a report gets both of these times and what
            its size takes on the slowest line that we put up with.
        ca_file: Further authorities, PEM.
        verify: False trusts any certificate. For tests of the network only.
        proxy: URL of an HTTP proxy; else the environment is asked.
        agent: How we introduce ourselves.

    Raises:
        ValueError: for a token that can't go into a header.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str,
        connect_s: float = 10.0,
        read_s: float = 100.0,
        ca_file: Path | None = None,
        verify: bool = True,
        proxy: str | None = None,
        agent: str = "wats-worker",
    ) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            # Said here, because the HTTP library would show the header it can't send.
            raise ValueError("the token must be one word of plain characters")
        self.url = url.rstrip("/")
        self._total_s = connect_s + read_s
        self._secrets = _secrets(token)
        self._backend = PatientBackend()
        self._http = httpx.Client(
            base_url=self.url,
            headers={
                "Authorization": f"Basic {token}",
                "User-Agent": agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
            # A report needs no session, and a stranger's cookies need no place to stay.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # A chunk that finds no room for half a minute is on a dead link.
            timeout=httpx.Timeout(read_s, connect=connect_s, write=30.0),
            transport=PatientTransport(
                backend=self._backend,
                trust=trust(ca_file=ca_file, verify=verify),
                proxy=proxy or system_proxy(url),
            ),
            follow_redirects=False,
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"WatsClient({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def post(
        self, report: bytes, *, beat: Callable[[], object] = lambda: None, every_s: float = float("inf")
    ) -> Answer:
        """Upload one WSJF report.

        Args:
            report: The JSON document.
            beat: Called about every ``every_s`` seconds while the request is under way.
            every_s: See ``beat``.
        """
        return self._ask(
            "POST",
            "/api/Report/WSJF",
            Patience(self._total_s + len(report) / _SLOWEST, beat=beat, every_s=every_s),
            content=report,
            headers={"Content-Type": "application/json"},
        )

    def ping(self) -> Answer:
        """Ask for the server's version: the cheapest question that needs a good token."""
        return self._ask("GET", "/api/App/Version", Patience(_QUICK))

    def processes(self) -> list[dict[str, Any]]:
        """The server's test, repair and WIP operations, those that are not active among them.

        Raises:
            ProcessesUnknown: the server did not answer with a list.
        """
        path = "/api/App/Processes?includeInactiveProcesses=true"
        answer = self._ask("GET", path, Patience(3 * _QUICK), limit=_LIST_LIMIT)
        found = words.parse(answer) if answer.status == httpx.codes.OK else None
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            said = answer.detail or words.of(answer)[:300]
            raise ProcessesUnknown(
                f"no list of processes from {self.url}: {answer.status or answer.fault} {said}"
            )
        return found

    def _ask(
        self, method: str, path: str, patience: Patience, *, limit: int = _ANSWER_LIMIT, **request: Any
    ) -> Answer:
        started = time.monotonic()
        try:
            with self._backend.having(patience), self._http.stream(method, path, **request) as response:
                body = self._without_secrets(_unpacked(response, _taken(response, limit), limit))
        except ERRORS as error:
            return Answer(
                fault=fault_of(error),
                detail=self._without_secrets(str(error).encode()).decode(),
                at=time.time(),
                took_s=time.monotonic() - started,
            )
        header = response.headers.get
        return Answer(
            status=response.status_code,
            body=body,
            content_type=header("content-type", ""),
            retry_after=header("retry-after", ""),
            date=header("date", ""),
            location=header("location", ""),
            at=time.time(),
            took_s=time.monotonic() - started,
        )

    def _without_secrets(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, b"***")
        return text


def _secrets(token: str) -> tuple[bytes, ...]:
    """The token and the passcode in it, in the shapes in which a server might send them back."""
    found = [token.encode()]
    try:
        passcode = base64.b64decode(token, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        passcode = b""
    if len(passcode) >= 6:  # a shorter one would blot out half of every text
        found.append(passcode)
    return tuple(found)


def _taken(response: httpx.Response, limit: int) -> bytes:
    """The first bytes of an answer. What comes after them is not read; the connection is given up."""
    taken = bytearray()
    for chunk in response.iter_raw():
        taken += chunk
        if len(taken) >= limit:
            break
    return bytes(taken[:limit])


def _unpacked(response: httpx.Response, raw: bytes, limit: int) -> bytes:
    """The bytes decompressed, and no further than the limit: a small answer may hold a large bomb."""
    if response.headers.get("content-encoding", "identity") == "identity":
        return raw
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(raw, limit)
    except zlib.error:
        return b""
