"""What a file of hundreds of megabytes takes on its way through the real jail and onto the spool.

The limits are those that a worker has by default. Each file is converted by a worker process of its own.
"""

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from samples import ANYBODY, BIG, parts, peak_mb

from wats_worker.convert.attempt import attempt
from wats_worker.convert.choose import Thresholds
from wats_worker.convert.rules import Rule
from wats_worker.convert.workshop import Workshop
from wats_worker.settings import WorkerSettings
from wats_worker.spool.made import UNTOLD
from wats_worker.spool.store import DiskSpool

FILE_ID = "0" * 32
ROW = "{:17} {:>5} {:>6} {:>8} {:>9} {:>10} {:>10} {:>10} {:>10}  {}"
HEADING = "format,MB,MB/s,reports,out MB,child s,child MB,worker s,worker MB,outcome"


def show(names: list[str], megabytes: int) -> dict[str, Any]:
    """Convert one large file of each kind, and print what it took."""
    print(ROW.format(*HEADING.split(",")))
    rows = {}
    for name in names or BIG:
        # Another process for each: the most memory that a process has held is told once in its life.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
            rows[name] = row = worker.submit(convert, name, megabytes * 1_000_000).result()
        print(ROW.format(name, *row.values()), flush=True)
    return rows


def convert(name: str, size: int) -> dict[str, Any]:
    """Convert a file of that size as a convert worker does, up to the reports on the spool."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # /tmp may be memory
        path = Path(folder) / "large.log"
        with path.open("wb") as file:
            file.writelines(parts(BIG[name], size))
        return {"mb": round(path.stat().st_size / 1e6), **converted(name, path, Path(folder))}


def converted(name: str, path: Path, folder: Path) -> dict[str, Any]:
    spool = DiskSpool(folder / "spool")
    (spool.root / "files" / FILE_ID).mkdir()
    rule = Rule(name.partition(" ")[0], {**ANYBODY, **BIG[name].options})
    with Workshop(WorkerSettings(), scratch=folder / "scratch") as workshop, spool.draft(FILE_ID) as draft:
        workshop.probe(Path(__file__), "any.log")  # the jail is there, as it is in a worker that has worked
        began, processor = time.monotonic(), time.process_time()
        tried = attempt(
            FILE_ID, path, path.name, rule, tray=draft, workshop=workshop, thresholds=Thresholds()
        )
        reports = tried.result if isinstance(tried.result, tuple) else ()
        if reports:
            draft.keep(UNTOLD)
        seconds, used = time.monotonic() - began, time.process_time() - processor
    why = "" if reports else getattr(tried.result, "detail", "") or getattr(tried.result, "reason", "")
    return {
        "mb_per_s": round(path.stat().st_size / 1e6 / seconds, 1),
        "reports": len(reports),
        "out_mb": round(sum(one.size for one in reports) / 1e6),
        "child_cpu_s": round(tried.usage.cpu_s, 1),
        "child_peak_mb": round(tried.usage.peak_mb),
        "worker_cpu_s": round(used, 1),
        "worker_peak_mb": round(peak_mb()),
        "outcome": why or "converted",
    }
