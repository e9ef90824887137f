"""How the door says no: one shape for every refusal, with the reason and the fix.

{"error": {"code": "too_many_requests", "text": "…", "fix": "…", "request_id": "…"}}
"""

import logging
import math
import secrets
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from wats_broker.access import Scope
from wats_broker.errors import BrokerError, IllegalMove, VersionMismatchError
from wats_broker.protocol import PROTOCOL
from wats_worker.archive.errors import ArchiveError, Purged
from wats_worker.catalogue.errors import BadCursor, CatalogueError
from wats_worker.control.models.refusals import ProblemBody, Refused
from wats_worker.spool.errors import NotInSpool, SpoolUnusable
from wats_worker.store.errors import StoreError

log = logging.getLogger(__name__)

#: Seconds after which a client may ask again when the broker is away.
_AGAIN_S: Final = 2


class Problem(Exception):
    """An answer that is a refusal."""

    def __init__(
        self, status: int, code: str, text: str, *, fix: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.fix = fix
        self.headers = dict(headers or {})


def unauthenticated(text: str) -> Problem:
    """Nobody knows who asks."""
    return Problem(
        401,
        "unauthenticated",
        text,
        fix="send 'Authorization: Bearer <token>'; 'wats-worker token create' makes one",
        headers={"WWW-Authenticate": "Bearer"},
    )


def forbidden(has: Scope, needs: Scope) -> Problem:
    """It is known who asks, and it is not enough."""
    return Problem(
        403, "forbidden", f"this token may {has}, and {needs} is needed", fix=f"use a token of scope {needs}"
    )


def too_many(wait_s: float, what: str) -> Problem:
    """Too often; the answer says when it is worth asking again."""
    seconds = max(1, math.ceil(wait_s))
    return Problem(
        429,
        "too_many_requests",
        what,
        fix=f"ask again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )


def not_found(what: str, *, fix: str = "") -> Problem:
    """There is nothing of this name."""
    return Problem(404, "not_found", what, fix=fix)


def conflict(what: str, *, fix: str = "") -> Problem:
    """It is there, but in no state for this."""
    return Problem(409, "conflict", what, fix=fix)


def invalid(what: str, *, fix: str = "") -> Problem:
    """The request can be read, and asks for something that can't be."""
    return Problem(422, "invalid", what, fix=fix)


def too_long(most: int) -> Problem:
    """The body has more bytes than anything that is asked here."""
    return Problem(413, "too_long", f"more than {most} bytes", fix="nothing that is asked here is as long")


def untold(why: str) -> Problem:
    """It can't be written down who wants it, so it is not done."""
    return Problem(
        503,
        "trail_unusable",
        f"nothing can be changed just now: {why}",
        fix="make room on the disk, or set [audit] folder to a place that can be written",
        headers={"Retry-After": str(_AGAIN_S)},
    )


def install(app: FastAPI) -> None:
    """Give every failure of the app this shape."""

    @app.exception_handler(Problem)
    def refused(request: Request, problem: Problem) -> JSONResponse:
        return answer(request, problem)

    @app.exception_handler(VersionMismatchError)
    def mismatch(request: Request, error: VersionMismatchError) -> JSONResponse:
        # Who reads this is the other side: to it, "here" is there.
        text = f"this client speaks protocol {error.theirs}, and the server {error.ours}"
        older = "update the server, or use a client of its release" if error.newer else "update the client"
        fix = f"{older}; GET /api/v2/hello tells what the server speaks"
        return answer(request, Problem(400, "version_mismatch", text, fix=fix))

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> JSONResponse:
        found: list[dict[str, Any]] = list(error.errors())
        where = ".".join(str(part) for part in found[0]["loc"])
        return answer(
            request, invalid(f"{where}: {found[0]['msg']}", fix="/openapi.json tells what is wanted")
        )

    @app.exception_handler(HTTPException)
    def plain(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "refused")
        return answer(request, Problem(error.status_code, code, str(error.detail), headers=error.headers))

    @app.exception_handler(IllegalMove)
    def moved(request: Request, error: IllegalMove) -> JSONResponse:
        return answer(
            request, conflict(str(error), fix="look at the file again: something else happened to it")
        )

    @app.exception_handler(NotInSpool)
    def gone(request: Request, error: NotInSpool) -> JSONResponse:
        return answer(request, not_found(str(error)))

    @app.exception_handler(Purged)
    def purged(request: Request, error: Purged) -> JSONResponse:
        return answer(request, not_found(str(error)))

    @app.exception_handler(BadCursor)
    def misplaced(request: Request, error: BadCursor) -> JSONResponse:
        return answer(request, invalid(str(error), fix="'after' is what 'next' was in the page before"))

    @app.exception_handler(CatalogueError)
    def unlisted(request: Request, error: CatalogueError) -> JSONResponse:
        log.warning("catalogue_unusable", extra={"reason": str(error)})
        headers = {"Retry-After": str(_AGAIN_S)}
        fix = "see that the database of [catalogue] url is there, and ask again"
        return answer(request, Problem(503, "catalogue_unusable", str(error), fix=fix, headers=headers))

    @app.exception_handler(StoreError)
    @app.exception_handler(ArchiveError)
    def unkept(request: Request, error: Exception) -> JSONResponse:
        log.warning("archive_unusable", extra={"reason": str(error)})
        headers = {"Retry-After": str(_AGAIN_S)}
        fix = "see that the archive's disk or server is there, and ask again"
        return answer(request, Problem(503, "archive_unusable", str(error), fix=fix, headers=headers))

    @app.exception_handler(SpoolUnusable)
    def unusable(request: Request, error: SpoolUnusable) -> JSONResponse:
        log.warning("spool_unusable", extra={"reason": str(error)})
        headers = {"Retry-After": str(_AGAIN_S)}
        text = "the spool's disk takes nothing, so nothing can be changed just now"
        return answer(request, Problem(503, "spool_unusable", text, fix="make room on it", headers=headers))

    @app.exception_handler(RedisError)
    @app.exception_handler(OperationalError)
    @app.exception_handler(BrokerError)
    def away(request: Request, error: Exception) -> JSONResponse:
        log.warning("broker_away", extra={"reason": str(error)})
        headers = {"Retry-After": str(_AGAIN_S)}
        text = "the broker does not answer, so nothing can be asked or changed just now"
        return answer(request, Problem(503, "broker_away", text, fix="ask again shortly", headers=headers))

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> JSONResponse:
        # Whatever it was, its text may hold what is nobody's business: the log has it under this id.
        log.error("request_failed", exc_info=error, extra={"request_id": request_id(request)})
        text = "this is a mistake of the server's own"
        return answer(request, Problem(500, "failed", text, fix="look for the request_id in its log"))


def request_id(request: Request) -> str:
    """A name for this request, made when it is first asked for."""
    if not hasattr(request.state, "request_id"):
        request.state.request_id = secrets.token_hex(8)
    return str(request.state.request_id)


def answer(request: Request, problem: Problem) -> JSONResponse:
    """The answer that says so."""
    named = request_id(request)
    body = ProblemBody(code=problem.code, text=problem.text, fix=problem.fix, request_id=named)
    return JSONResponse(
        Refused(error=body).model_dump(),
        status_code=problem.status,
        headers={**problem.headers, "X-Request-ID": named, "WATS-Protocol": PROTOCOL},
    )
