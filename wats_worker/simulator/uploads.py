"""Uploads: content type, parse, schema, process, store — in this order, each with its own status."""

from typing import Final

from starlette.responses import Response

from wats_worker.simulator import answers, intake, wsxf
from wats_worker.simulator.calls import Call
from wats_worker.simulator.faults import Kind
from wats_worker.simulator.instants import TICKS
from wats_worker.simulator.intake import Arrival
from wats_worker.simulator.rules import permit_product, type_is
from wats_worker.simulator.service import Service
from wats_worker.simulator.store import FUTURE

_JSON: Final = frozenset({"application/json"})
_XML: Final = frozenset({"application/xml", "text/xml"})


def post_wsjf(service: Service, call: Call) -> Response:
    """Take one JSON report."""
    _check_type(call, _JSON)
    document = intake.read(call.body)
    if call.token:
        permit_product(call.token, document.get("pn"))
    report = intake.report(document, service.settings.mode)
    return _keep(service, call, intake.arrival(report, call.body, service.settings.processes))


def post_wsxf(service: Service, call: Call) -> Response:
    """Take one XML report; only its header is looked at."""
    _check_type(call, _XML)
    report = wsxf.read(call.body)
    if call.token:
        permit_product(call.token, report.get("PN"))
    return _keep(service, call, wsxf.arrival(report, call.body, service.settings.processes))


def _check_type(call: Call, allowed: frozenset[str]) -> None:
    encoding = call.headers.get("content-encoding", "").lower()
    type_is(call.headers.get("content-type", ""), allowed, encoding=encoding)


def _keep(service: Service, call: Call, arrival: Arrival) -> Response:
    now = service.now()
    call.flight.report_id = arrival.id
    with service.database.transaction():
        uuid = service.store.put(
            arrival,
            now=now,
            delay_s=service.settings.processing_delay_s,
            set_aside=_quarantine(service, call, arrival, now),
            origin=call.token.name if call.token else "",
        )
        service.ledger.write()
    return answers.received(arrival.id, uuid)


def _quarantine(service: Service, call: Call, arrival: Arrival, now: float) -> str | None:
    if call.fault and call.fault.kind is Kind.QUARANTINE:
        return "scripted"
    if arrival.ticks / TICKS > now + service.settings.future_tolerance_s:
        return FUTURE
    return None
