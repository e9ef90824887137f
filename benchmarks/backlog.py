"""A line that starts before a full watch folder, and then works for a while: how soon, how fast, how large.

    python benchmarks/backlog.py [--files 100000] [--soak-s 180]

Files are in the watch folder before the line is started. The clock runs from the start of the line; after the
first delivery the line is watched for a while, or until all files are delivered. The last line is JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from processes import Usage
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wats_worker.demo import units
from wats_worker.demo.factory import Factory, forget_environment

#: Seconds until every process has what it needs: caches, connections, its own modules.
WARM_S = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a start with many files waiting, and a soak.")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--soak-s", type=float, default=180.0)
    options = parser.parse_args()
    forget_environment()
    with tempfile.TemporaryDirectory(prefix="wats-bench-") as name:
        folder = Path(name) / "waiting"
        folder.mkdir()
        for number in track(range(options.files), "making files", console=Console(stderr=True)):
            (folder / f"{units.serial(number)}.txt").write_bytes(units.log(number))
        factory = Factory(Path(name), sources={"bench": {"folder": str(folder)}}, rate=0)
        began = time.time()
        with factory:
            factory.wait(
                lambda: factory.server.state()["reports"],
                what="the first delivery",
                timeout_s=60 + options.files / 500,
            )
            found = soak(factory, options.files, options.soak_s)
        first = next(iter(found.pop("times")))
    found = {"files": options.files, "first_delivery_s": round(first - began, 1), **found}
    show(found)


def soak(factory: Factory, files: int, seconds: float) -> dict[str, Any]:
    """Look at every process twice a second while the line works."""
    usage = Usage(factory.pid, {"simulator": factory.server.pid or 0})
    samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
    end = time.monotonic() + seconds
    while time.monotonic() < end and factory.server.state()["reports"] < files:
        for stage, used in usage.rss_mb().items():
            samples[stage].append((time.time(), used))
        time.sleep(0.5)
    times = sorted(report["receivedAt"] for report in factory.server.reports())
    return {
        "times": times,
        "files_per_s": round((len(times) - 1) / (times[-1] - times[0]), 1),
        "delivered": len(times),
        "watch_peak_mb": round(max(used for _, used in samples["watch"]), 1),
        "rss_mb": {stage: round(taken[-1][1], 1) for stage, taken in samples.items()},
        "growth_kb_per_file": {stage: growth(taken, times) for stage, taken in samples.items()},
    }


def growth(samples: list[tuple[float, float]], times: list[float]) -> float:
    """By how much a stage grew per file once it was warm: the slope of a line through its samples."""
    warm = [(at, used) for at, used in samples if at >= samples[0][0] + WARM_S] or samples
    delivered = [sum(time_ <= at for time_ in times) for at, _ in warm]
    if len(set(delivered)) < 2:
        return 0.0
    slope = statistics.linear_regression(delivered, [used for _, used in warm]).slope
    return round(slope * 1024, 3)


def show(found: dict[str, Any]) -> None:
    console = Console()
    table = Table("stage", "MB at the end", "grew by kB per file", title="Memory", title_justify="left")
    for stage, used in found["rss_mb"].items():
        table.add_row(stage, str(used), str(found["growth_kb_per_file"][stage]))
    console.print(table)
    console.print(
        f"{found['files']:,} files waiting: the first was delivered after {found['first_delivery_s']} s, "
        f"then {found['files_per_s']} a second; the watcher needed {found['watch_peak_mb']} MB at most",
        highlight=False,
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
