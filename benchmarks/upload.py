"""How close uploading comes to what the limits allow: a server that takes 200 ms, never more than 5 requests.

    python benchmarks/upload.py [--reports 700] [--processes 4] [--latency-ms 200]

With 5 requests at a time of 200 ms each, 25 uploads a second are possible. Four processes with five threads
each compete for the five leases. Everything is converted before the clock starts. The last line is JSON.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console

from wats_worker.demo import units
from wats_worker.demo.factory import Factory, forget_environment

WIDTH = 5
#: Seconds at the beginning and at the end that don't count: not everybody is at work yet, or any more.
EDGE_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure uploading alone.")
    parser.add_argument("--reports", type=int, default=700)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--latency-ms", type=float, default=200.0)
    options = parser.parse_args()
    forget_environment()
    with tempfile.TemporaryDirectory(prefix="wats-bench-") as name:
        factory = Factory(
            Path(name),
            sources={"bench": {"quiet_s": 0.1}},
            sections={
                "upload": {"processes": options.processes, "threads": WIDTH},
                "broker": {"max_concurrent_uploads": WIDTH},
            },
            rate=0,
            latency_ms=options.latency_ms,
        )
        with factory:
            factory.wait(factory.runs, what="all stages to be at work", timeout_s=60)
            prepare(factory, options.reports)
            found = measure(factory, options.reports, possible=WIDTH * 1000 / options.latency_ms)
    Console().print(
        f"{found['uploads_per_s']} uploads/s, {found['fraction']:.1%} of what is possible; "
        f"never more than {found['max_in_flight']} requests at a time",
        highlight=False,
    )
    print(json.dumps(found))


def prepare(factory: Factory, reports: int) -> None:
    """Have so many reports wait in the queue."""
    factory.view.queue.pause("the benchmark is not ready")
    for number in range(reports):
        (factory.folder / f"{number}.txt").write_bytes(units.log(number))
        (factory.folder / f"{number}.txt").rename(factory.source("bench") / f"{number}.txt")
    factory.wait(
        lambda: factory.view.queue.census().ready >= reports,
        what=f"{reports} reports to wait",
        timeout_s=60 + reports / 5,
    )


def measure(factory: Factory, reports: int, *, possible: float) -> dict[str, float]:
    factory.view.queue.resume()
    factory.wait(
        lambda: factory.server.state()["reports"] >= reports,
        what="all reports to be uploaded",
        timeout_s=60 + 2 * reports / possible,
    )
    times = sorted(report["receivedAt"] for report in factory.server.reports())
    steady = [at for at in times if times[0] + EDGE_S <= at <= times[-1] - EDGE_S]
    rate = (len(steady) - 1) / (steady[-1] - steady[0])
    return {
        "uploads_per_s": round(rate, 2),
        "fraction": round(rate / possible, 3),
        "max_in_flight": factory.server.state()["max_in_flight"],
    }


if __name__ == "__main__":
    main()
