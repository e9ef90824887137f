"""Everything but uploads: reports, header queries, processes, quarantine, the server itself."""

import json
import sqlite3
from collections.abc import Iterable

from starlette.responses import JSONResponse, Response

from wats_worker.simulator import answers, export, quarantine
from wats_worker.simulator.answers import Refusal
from wats_worker.simulator.calls import Call
from wats_worker.simulator.fields import BadQuery
from wats_worker.simulator.instants import utc_seconds
from wats_worker.simulator.odata import query
from wats_worker.simulator.service import Service
from wats_worker.simulator.store import FUTURE


def get_wsjf(service: Service, call: Call) -> Response:
    """One report as WSJF; 404 also while it is processed or in quarantine."""
    row = service.store.report(call.id)
    if row is None or row["visibleAt"] > service.now():
        raise Refusal(404, f"There is no report {call.id}.")
    detail = export.Detail(
        level=_level(call.options.get("detaillevel", "7")),
        charts=_flag(call, "includechartdata", default=True),
        attachments=_flag(call, "includeattachments", default=True),
    )
    return JSONResponse(export.document(row, detail))


def query_header(service: Service, call: Call) -> Response:
    """The headers an OData query finds."""
    try:
        return JSONResponse(service.store.headers(query(call.options), now=service.now()))
    except (BadQuery, sqlite3.OperationalError) as error:  # SQLite has limits of its own, such as on depth
        raise Refusal(400, f"The query specified in the URI is not valid. {error}") from None


def report_state(service: Service, call: Call) -> Response:
    """Where a report stands: received, processed, in quarantine."""
    row = service.store.report(call.id)
    if row is None:
        raise Refusal(404, f"There is no report {call.id}.")
    return JSONResponse(quarantine.state(row, now=service.now()))


def list_quarantine(service: Service, _: Call) -> Response:
    """What waits in quarantine."""
    return JSONResponse(service.quarantine.listed(now=service.now()))


def retry_quarantine(service: Service, call: Call) -> Response:
    """Try again: the ids in the body, or everything."""
    service.quarantine.retry(_chosen(service, call), now=service.now())
    return Response()


def retry_future(service: Service, call: Call) -> Response:
    """Try again what waits for its start."""
    service.quarantine.retry(_chosen(service, call, reason=FUTURE), now=service.now())
    return Response()


def empty_quarantine(service: Service, call: Call) -> Response:
    """Delete: the ids in the body, or everything."""
    service.quarantine.discard(_chosen(service, call), now=service.now())
    return Response()


def processes(service: Service, call: Call) -> Response:
    """The process list, by kind."""
    kinds = {
        "isTestOperation": _flag(call, "includetestoperations", default=True),
        "isRepairOperation": _flag(call, "includerepairoperations", default=True),
        "isWipOperation": _flag(call, "includewipoperations", default=True),
    }
    inactive = _flag(call, "includeinactiveprocesses", default=False)
    listed = [process.wire(index) for index, process in enumerate(service.settings.processes)]
    return JSONResponse(
        [
            process
            for process in listed
            if (process["state"] == 1 or inactive)
            and any(process[kind] for kind, wanted in kinds.items() if wanted)
        ]
    )


def version(_: Service, __: Call) -> Response:
    """The server's version, as a JSON string."""
    return JSONResponse("2025.3.9.824")


def system_status(_: Service, __: Call) -> Response:
    """The health map."""
    return JSONResponse({"Database": "OK", "ReportProcessing": "OK"})


def ping(service: Service, _: Call) -> Response:
    """The server's name and clock."""
    return JSONResponse({"ServerName": "simulator", "ServerTime": utc_seconds(service.now())})


def register(service: Service, call: Call) -> Response:
    """Take a client in and answer with its passcode."""
    client = call.options.get("id", "")
    if not client:
        raise Refusal(400, "The request is invalid.", faults={"id": ["Value required"]})
    passcode = service.clients.register(client)
    if passcode is None:
        raise Refusal(409, f"The client id '{client}' is taken.")
    return JSONResponse(passcode)


def login(_: Service, __: Call) -> Response:
    """Where a login redirect leads."""
    return answers.login_page()


def _chosen(service: Service, call: Call, reason: str | None = None) -> Iterable[str]:
    waiting = {
        row["uuid"]
        for row in service.quarantine.listed(now=service.now())
        if reason is None or row["Message"] == reason
    }
    if not call.body.strip():
        return waiting
    try:
        asked = json.loads(call.body)
        return waiting.intersection(str(uuid).lower() for uuid in asked)
    except (ValueError, TypeError):
        raise Refusal(400, "The body is not a JSON array of report ids.") from None


def _level(text: str) -> int:
    if len(text) != 1 or text not in "01234567":
        raise Refusal(400, "The request is invalid.", faults={"detailLevel": [f"'{text}' is not 0 to 7"]})
    return int(text)


def _flag(call: Call, name: str, *, default: bool) -> bool:
    text = call.options.get(name, str(default)).lower()
    if text not in {"true", "false"}:
        raise Refusal(400, "The request is invalid.", faults={name: [f"'{text}' is not true or false"]})
    return text == "true"
