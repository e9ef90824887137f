"""How long the control door takes to answer under load, against a bare answer measured in the same run.

python benchmarks/control.py [--requests N] [--clients N] [--files N]

The floor is an ASGI application that answers with a constant, served by the same uvicorn with the same
settings over the same kind of socket. What the door adds is the token, the bucket, and what the room has to
ask of Redis.
"""

import argparse
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import httpx

from wats_broker.access import Scope
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.messages import FileSeen
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings
from wats_worker.app.door import make_desk
from wats_worker.app.line import Line
from wats_worker.control.api import build
from wats_worker.control.place import Place
from wats_worker.control.serving import serving
from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings

#: What a console and a person ask, in turns.
ROUTES: Final = ("/api/v2/queue", "/api/v2/workers", "/api/v2/files?count=50", "/api/v2/status")


async def bare(_scope: Any, receive: Any, send: Any) -> None:
    """The least that an answer can be."""
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def times_ms(
    socket: Path, routes: tuple[str, ...], token: str, *, requests: int, clients: int
) -> list[float]:
    """Ask so often, so many at once; how long each answer took."""
    transport = httpx.HTTPTransport(uds=str(socket), limits=httpx.Limits(max_connections=clients))
    headers = {"Authorization": f"Bearer {token}", "WATS-Protocol": "2.0"}
    with httpx.Client(transport=transport, base_url="http://line", headers=headers, timeout=30) as http:

        def ask(route: str) -> float:
            began = time.perf_counter()
            http.get(route).raise_for_status()
            return (time.perf_counter() - began) * 1000

        with ThreadPoolExecutor(clients) as crowd:
            list(crowd.map(ask, islice(cycle(routes), clients * 4)))  # warm
            return sorted(crowd.map(ask, islice(cycle(routes), requests)))


def percentile(sorted_ms: list[float], share: float) -> float:
    """The time that so large a share of the answers did not take longer than."""
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * share))]


def main() -> None:
    """Measure both, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--files", type=int, default=2000, help="in the journal")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wats-") as text, EmbeddedServer(Path(text) / "broker"):
        folder = Path(text)
        settings = WorkerSettings(
            broker=BrokerSettings(url=f"embedded:{folder / 'broker'}"),
            spool=SpoolSettings(folder=folder / "spool"),
            control=ControlSettings(requests_per_minute=10_000_000, burst=1_000_000),
        )
        desk = make_desk(Line(settings, Stage.CONTROL), None)
        for n in range(asked.files):
            desk.journal.seen(FileSeen(f"{n:032x}", "ict", f"board {n}.csv", 1000))
        _, token = desk.access.create("benchmark", Scope.READ)
        place, floor = Place.of(settings), Place(folder / "floor", folder / "floor" / "bare.sock")
        with serving(build(desk), place), serving(bare, floor):
            assert place.socket is not None
            assert floor.socket is not None
            load = {"requests": asked.requests, "clients": asked.clients}
            base = times_ms(floor.socket, ("/",), token, **load)
            measured = {route: times_ms(place.socket, (route,), token, **load) for route in ROUTES}
    floor_p99 = percentile(base, 0.99)
    print(f"{'':28} {'median':>8} {'p99':>8}   p99 over bare")
    print(f"{'bare answer':28} {statistics.median(base):8.2f} {floor_p99:8.2f}")
    for route, times in measured.items():
        p99 = percentile(times, 0.99)
        print(f"{route:28} {statistics.median(times):8.2f} {p99:8.2f}   {p99 / floor_p99:.1f}")
    print(
        json.dumps(
            {
                **load,
                "floor_p99_ms": round(floor_p99, 2),
                "p99_ms": {route: round(percentile(times, 0.99), 2) for route, times in measured.items()},
                "ratio": {
                    route: round(percentile(times, 0.99) / floor_p99, 2) for route, times in measured.items()
                },
            }
        )
    )


if __name__ == "__main__":
    main()
