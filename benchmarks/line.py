"""How fast the whole line is, against the floor of empty Celery tasks, and how long a single file takes.

    python benchmarks/line.py [--files 2000] [--single 50]

What is measured, and what the fields of the last line mean, is told in ``benchmarks/README.md``.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import floor
from processes import Peak, Usage
from rich.console import Console
from rich.table import Table

from wats_broker.states import FileState
from wats_worker.demo import units
from wats_worker.demo.factory import Factory, forget_environment

#: Short, so that the runs are; it is not part of what is measured.
QUIET_S = 0.3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the whole line.")
    parser.add_argument("--files", type=int, default=2000, help="files dropped at once")
    parser.add_argument("--single", type=int, default=50, help="files dropped one by one")
    options = parser.parse_args()
    forget_environment()
    with tempfile.TemporaryDirectory(prefix="wats-bench-") as name:
        folder = Path(name)
        # The WATS server has no limits and no latency: what is measured is the line.
        factory = Factory(folder, sources={"bench": {"quiet_s": QUIET_S}}, rate=0)
        with factory:
            factory.wait(factory.runs, what="all stages to be at work", timeout_s=60)
            found = measure_crowd(factory, range(options.files))
            numbers = range(options.files, options.files + options.single)
            found |= measure_single(factory, numbers)
            processes = factory.view.settings.pool("convert").processes
            found["floor_tasks_per_s"] = round(
                floor.tasks_per_s(factory.config, tasks=options.files, processes=processes), 1
            )
            found |= audit(factory, options.files + options.single)
    found["ratio"] = round(found["files_per_s"] / found["floor_tasks_per_s"], 3)
    show(found)


def measure_crowd(factory: Factory, numbers: Sequence[int]) -> dict[str, Any]:
    """Many files at once: throughput, processor time and memory."""
    staging = factory.folder / "staging"
    staging.mkdir()
    for number in numbers:
        (staging / f"{units.serial(number)}.txt").write_bytes(units.log(number))
    usage = Usage(factory.pid, {"simulator": factory.server.pid or 0})
    before = usage.cpu_s()
    with Peak(usage) as peak:
        began = time.time()
        for file in sorted(staging.iterdir()):
            file.rename(factory.source("bench") / file.name)
        factory.wait(
            lambda: factory.view.journal.states()[FileState.DELIVERED] >= len(numbers),
            what=f"{len(numbers)} files to be delivered",
            timeout_s=60 + len(numbers) / 5,
        )
    after = usage.cpu_s()
    last = max(report["receivedAt"] for report in factory.server.reports())
    return {
        "files": len(numbers),
        "files_per_s": round(len(numbers) / (last - began), 1),
        "cpu_ms_per_file": {
            stage: round((after[stage] - before.get(stage, 0.0)) * 1000 / len(numbers), 2) for stage in after
        },
        "peak_rss_mb": {stage: round(used) for stage, used in peak.rss_mb.items()},
    }


def measure_single(factory: Factory, numbers: Sequence[int]) -> dict[str, Any]:
    """One file at a time into an idle line: from settled to stored."""
    took_ms = []
    for number in numbers:
        took_ms.append(_one(factory, number) * 1000)
        # Out of step with the periodic looks.
        time.sleep(random.uniform(0.1, 0.6))
    return {
        "single_file_ms_median": round(statistics.median(took_ms), 1),
        "single_file_ms_p95": round(statistics.quantiles(took_ms, n=20)[-1], 1),
    }


def _one(factory: Factory, number: int) -> float:
    staged = factory.folder / "staging" / f"{units.serial(number)}.txt"
    staged.write_bytes(units.log(number))
    dropped = factory.source("bench") / staged.name
    staged.rename(dropped)
    settled = dropped.stat().st_ctime + QUIET_S
    reports = factory.server.state()["reports"]

    def stored() -> bool:
        return bool(factory.server.state()["reports"] > reports)

    factory.wait(stored, what=f"{staged.name} to be stored", timeout_s=30)
    row = list(factory.server.reports())[-1]
    assert row["sn"] == units.serial(number)
    return float(row["receivedAt"]) - settled


def audit(factory: Factory, count: int) -> dict[str, Any]:
    """Compare what the server has with what was dropped."""
    stored = Counter(report["sn"] for report in factory.server.reports())
    wanted = {units.serial(number) for number in range(count)}
    return {
        "lost": len(wanted - stored.keys()),
        "doubled": sum(times - 1 for times in stored.values()) + len(stored.keys() - wanted),
    }


def show(found: dict[str, Any]) -> None:
    """Print a table for people and a line for scripts."""
    console = Console()
    table = Table("what", "value", title="The line", title_justify="left")
    for name in ("files", "files_per_s", "floor_tasks_per_s", "ratio"):
        table.add_row(name, str(found[name]))
    table.add_row("single file, median", f"{found['single_file_ms_median']} ms")
    table.add_row("single file, p95", f"{found['single_file_ms_p95']} ms")
    table.add_row("lost, doubled", f"{found['lost']}, {found['doubled']}")
    stages = Table("stage", "CPU ms per file", "peak MB", title="Per stage", title_justify="left")
    for stage, used in found["cpu_ms_per_file"].items():
        stages.add_row(stage, str(used), str(found["peak_rss_mb"].get(stage, "")))
    console.print(table, stages)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
