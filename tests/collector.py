"""An OpenTelemetry collector on the loopback: takes traces over OTLP and HTTP and reads them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What was told, by trace."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.headers: list[dict[str, str]] = []
        self._bodies: list[bytes] = []

    def take(self, headers: dict[str, str], body: bytes) -> None:
        self.headers.append(headers)
        self._bodies.append(body)

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """All spans of a trace, the earliest first."""
        found = []
        for body in list(self._bodies):
            for told in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = _facts(told.resource.attributes)
                found += [_span(one, resource) for scope in told.scope_spans for one in scope.spans]
        return sorted(
            (one for one in found if one["trace_id"] == trace_id), key=lambda one: (one["start"], one["name"])
        )

    def everything(self) -> bytes:
        """All bytes that ever came, to look for what should not be in them."""
        return b"".join(self._bodies)


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def _span(span: Any, resource: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": span.name,
        "trace_id": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "parent": span.parent_span_id.hex(),
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "failed": span.status.message,
        "stage": resource["wats.stage"],
        **_facts(span.attributes),
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens for as long as the block lasts."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers["Content-Length"])),
            )
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        collector.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
