"""What being seen and steered costs: the door's answers under load, the journal and the metrics per file.

python benchmarks/control.py [--requests N] [--clients N] [--files N]

The door's floor is an ASGI application that answers with a constant, served by the same uvicorn with the same
settings over the same kind of socket. What the door adds is the token, the bucket, and what the room has to
ask of Redis. The journal's floor is three round trips to the same Redis that do nothing; what the metrics add
is seen at every other file. All of it in the same run.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import httpx

from wats_broker.access import Scope
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.messages import FileSeen
from wats_broker.metrics import WHOSE, counted, observed
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings
from wats_broker.states import FileState
from wats_worker.app.door import make_desk
from wats_worker.app.line import Line
from wats_worker.control.api import build
from wats_worker.control.desk import Desk
from wats_worker.control.place import Place
from wats_worker.control.serving import serving
from wats_worker.settings import ControlSettings, SpoolSettings, WorkerSettings

#: What a console and a person ask, in turns.
ROUTES: Final = ("/api/v2/queue", "/api/v2/workers", "/api/v2/files?count=50", "/api/v2/status")


#: So many files are entered in one round trip, as the watcher does it.
_BATCH: Final = 64
#: What the convert and the upload stage count besides, file by file.
TALLIES: Final = {
    "converted": (
        counted("reports", "ict", "wats-text", "made"),
        observed("jail", "wats-text", seconds=0.002),
        observed("overhead", seconds=0.0005),
        counted("cpu", "wats-text", by=1800),
    ),
    "delivered": (counted("reports", WHOSE, "delivered"), observed("answer", seconds=0.01)),
}


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


def per_file(desk: Desk, files: int) -> dict[str, float]:
    """Microseconds for each file, from being seen to being delivered, as the sum of its steps' medians.

    Every other file is counted besides, so that both kinds meet the same machine at the same time.
    """
    steps: dict[str, list[float]] = defaultdict(list)

    def timed(step: str, act: Callable[[], object], share: int = 1) -> None:
        began = time.perf_counter()
        act()
        steps[step].append((time.perf_counter() - began) * 1e6 / share)

    journal, ids = desk.journal, [f"a{n:031x}" for n in range(files)]
    for first in range(0, files, _BATCH):
        batch = [FileSeen(one, "ict", f"{one}.csv", 1000) for one in ids[first : first + _BATCH]]
        timed("seen", partial(journal.seen_all, batch), len(batch))
    for n, file_id in enumerate(ids):
        kind, tallies = ("counted", TALLIES) if n % 2 else ("plain", {})
        record = partial(journal.record, file_id)
        timed("take", partial(journal.take, file_id, worker="w", term_s=15))
        for step, state in (("converted", FileState.CONVERTED), ("delivered", FileState.DELIVERED)):
            noted = partial(record, f"file_{step}", state=state, tallies=tallies.get(step, ()), reports=1)
            timed(f"{step} {kind}", noted)
        timed("ping", desk.redis.ping)
    median = {step: statistics.median(times) for step, times in steps.items()}
    metrics = sum(median[f"{step} counted"] - median[f"{step} plain"] for step in TALLIES)
    journaled = sum(median[step] for step in ("seen", "take", "converted plain", "delivered plain"))
    return {"journal": journaled, "metrics": metrics, "bare": 3 * median["ping"]}


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
            cost = per_file(desk, asked.files)
    floor_p99 = percentile(base, 0.99)
    print(f"{'':28} {'median':>8} {'p99':>8}   p99 over bare")
    print(f"{'bare answer':28} {statistics.median(base):8.2f} {floor_p99:8.2f}")
    for route, times in measured.items():
        p99 = percentile(times, 0.99)
        print(f"{route:28} {statistics.median(times):8.2f} {p99:8.2f}   {p99 / floor_p99:.1f}")
    ratio = (cost["journal"] + cost["metrics"]) / cost["bare"]
    print(f"\n{'microseconds per file':28} {'journal':>8} {'metrics':>8}   both over bare round trips")
    print(f"{'':28} {cost['journal']:8.0f} {cost['metrics']:8.0f}   {ratio:.1f}")
    print(
        json.dumps(
            {
                "us_per_file": {part: round(us) for part, us in cost.items()},
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
