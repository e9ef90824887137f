"""What the upload queue costs, and whether that depends on how much is in it.

    python benchmarks/queue.py [--depths 100 10000 1000000] [--seconds 20]

One worker offers a report, is lent one and settles it, again and again, in queues of different depths on
one real server. The queues take turns in short slices, so that a busy moment of the machine hits all of them
alike. The last line is JSON.
"""

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from wats_broker.connection import connect
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.messages import Done, Offer
from wats_broker.names import Keys
from wats_broker.queue import Lease, QueueLimits, UploadQueue
from wats_broker.scripts import Client
from wats_broker.settings import BrokerSettings

#: Rounds of offer, lease and settle in a slice.
SLICE = 100
#: Reports per offer while a queue is filled.
PORTION = 500


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the upload queue.")
    parser.add_argument("--depths", type=int, nargs="+", default=[100, 10_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=20, help="how long to measure")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wats-bench-") as name, EmbeddedServer(Path(name)):
        redis = connect(BrokerSettings(url=f"embedded:{name}"))
        depths = sorted(options.depths)
        unlimited = QueueLimits(max_size=0)
        queues = [UploadQueue(redis, Keys(f"depth{depth}"), limits=unlimited) for depth in depths]
        before = memory(redis)
        for queue, depth in zip(queues, depths, strict=True):
            fill(queue, depth)
        bytes_per_report = (memory(redis) - before) / sum(depths)
        rates = measure(queues, options.seconds)
        assert [queue.census().ready for queue in queues] == depths
    show(dict(zip(depths, rates, strict=True)), bytes_per_report)


def fill(queue: UploadQueue, depth: int) -> None:
    ids = identities()
    for start in track(range(0, depth, PORTION), f"filling up to {depth}", console=Console(stderr=True)):
        file_id = next(ids).hex
        queue.offer(file_id, [Offer(str(next(ids))) for _ in range(min(PORTION, depth - start))])


def measure(queues: list[UploadQueue], seconds: float) -> list[float]:
    """Operations per second of each queue."""
    slices: list[list[float]] = [[] for _ in queues]
    ids = identities()
    for one in queues:
        run(one, ids)  # scripts are loaded, connections open
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number in random.sample(range(len(queues)), len(queues)):
            slices[number].append(run(queues[number], ids))
    return [statistics.median(taken) for taken in slices]


def run(queue: UploadQueue, ids: Iterator[uuid.UUID]) -> float:
    """One slice; operations per second."""
    wanted = [(next(ids).hex, [Offer(str(next(ids)))]) for _ in range(SLICE)]
    began = time.perf_counter()
    for file_id, reports in wanted:
        queue.offer(file_id, reports)
        lease = queue.lease("permit")
        assert isinstance(lease, Lease), lease
        queue.settle(lease, Done())
    return 3 * SLICE / (time.perf_counter() - began)


def identities() -> Iterator[uuid.UUID]:
    """Ids like no other, and quickly made."""
    space = uuid.uuid4()
    return (uuid.UUID(int=space.int ^ number) for number in itertools.count(1))


def memory(redis: Client) -> int:
    return int(redis.info("memory")["used_memory"])


def show(rates: dict[int, float], bytes_per_report: float) -> None:
    shallowest, deepest = rates[min(rates)], rates[max(rates)]
    table = Table("depth", "operations/s", title="Offer, lease, settle: one worker", title_justify="left")
    for depth, rate in rates.items():
        table.add_row(f"{depth:,}", f"{rate:,.0f}")
    console = Console()
    console.print(table, f"{bytes_per_report:.0f} bytes of the server's memory per report")
    found = {
        "ops_per_s": {str(depth): round(rate, 1) for depth, rate in rates.items()},
        "ratio_deepest_to_shallowest": round(deepest / shallowest, 3),
        "bytes_per_report": round(bytes_per_report, 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
