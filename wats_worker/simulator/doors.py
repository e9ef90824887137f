"""Which method and path lead where, and what they ask of a token. Paths have no case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import HTMLResponse, Response

from wats_worker.simulator import reads, uploads
from wats_worker.simulator.calls import Call
from wats_worker.simulator.rules import Right
from wats_worker.simulator.service import Service


@dataclass(frozen=True, slots=True)
class Door:
    """A handler and the right it takes to reach it; no right at all = open to everybody."""

    handle: Callable[[Service, Call], Response]
    right: Right | None = Right.READ


DOORS: Final[Mapping[tuple[str, str], Door]] = {
    ("POST", "/api/report/wsjf"): Door(uploads.post_wsjf, Right.WRITE),
    ("POST", "/api/report/wsxf"): Door(uploads.post_wsxf, Right.WRITE),
    ("GET", "/api/report/wsjf/{id}"): Door(reads.get_wsjf),
    ("GET", "/api/report/query/header"): Door(reads.query_header),
    ("GET", "/api/app/version"): Door(reads.version),
    ("GET", "/api/app/processes"): Door(reads.processes),
    ("GET", "/api/systemstatus"): Door(reads.system_status),
    ("POST", "/api/client/register"): Door(reads.register, Right.REGISTER),
    ("GET", "/api/internal/client/ping"): Door(reads.ping),
    ("GET", "/api/internal/report/getreportstate/{id}"): Door(reads.report_state),
    ("GET", "/api/internal/quarantine"): Door(reads.list_quarantine),
    ("DELETE", "/api/internal/quarantine"): Door(reads.empty_quarantine, Right.WRITE),
    ("POST", "/api/internal/quarantine/retry"): Door(reads.retry_quarantine, Right.WRITE),
    ("POST", "/api/internal/quarantine/retry/future"): Door(reads.retry_future, Right.WRITE),
    ("GET", "/login"): Door(reads.login, None),
}
_PATHS: Final = frozenset(path for _, path in DOORS)


def find(method: str, path: str) -> tuple[Door, str] | Response:
    """The door and the id in its path, or the page that says there is none."""
    head, _, last = path.rpartition("/")
    for known, found in ((path, ""), (f"{head}/{{id}}", last)):
        if door := DOORS.get((method, known)):
            return door, found
        if known in _PATHS:
            return HTMLResponse("<html><body><h1>405 Method Not Allowed</h1></body></html>", 405)
    return HTMLResponse("<html><body><h1>404 Not Found</h1></body></html>", 404)
