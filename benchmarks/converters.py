"""How fast files become reports, and how much memory that takes, against a bare parser in the same run.

    python benchmarks/converters.py [format ...]         # every format that the corpus has files of
    python benchmarks/converters.py --big [MB] [format ...]   # large files through the real jail; 500 MB

A conversion is the largest file of the corpus, from its bytes to its reports as bytes ready to be sent. The
floor is the bare parser, on the same bytes in the same process; ``floors`` says what that is. The check is
what the worker does with the reports after that, in its own process: read, tidy, hold against the checks,
write.

Times are processor time, the best of several rounds in which all take turns, so that a busy machine hits
them alike. Memory is what a fresh process holds at most, its imports included, for one file. The last line is
JSON.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import big
from floors import floor_of
from samples import Sample, largest, peak_mb

from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf
from wats_worker.reports.tidy import tidy
from wats_worker.reports.validate import check

ID = "a520dd0b-2b50-5755-ba0b-446e6aa5dfec"
ROUNDS_S = 2.0
ROW = "{:22} {:>9} {:>9} {:>7} {:>11} {:>6} {:>11} {:>8}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("formats", nargs="*")
    parser.add_argument(
        "--big", nargs="?", type=int, const=500, metavar="MB", help="large files of so many MB"
    )
    asked = parser.parse_args()
    rows = big.show(asked.formats, asked.big) if asked.big else show(asked.formats)
    print(json.dumps(rows))


def show(names: list[str]) -> dict[str, Any]:
    """Measure one file of each format, and print what came of it."""
    print(ROW.format("format", "file", "floor", "MB/s", "floor MB/s", "ratio", "check MB/s", "peak MB"))
    gc.freeze()  # as the jail does with what it has imported
    rows = {}
    for name in names or bundled():
        sample = largest(name)
        if sample is not None:
            rows[name] = row = {**measure(name, sample), "peak_mb": peak_elsewhere(name)}
            size = f"{len(sample.data) / 1000:.0f} kB"
            numbers = [row[key] for key in ("mb_per_s", "floor_mb_per_s", "floor_ratio", "check_mb_per_s")]
            print(ROW.format(name, size, row["floor"], *numbers, row["peak_mb"]), flush=True)
    return rows


def measure(name: str, sample: Sample) -> dict[str, Any]:
    kind, parse = floor_of(name, sample.data)
    bodies = sample.converted()
    best = taking_turns(lambda: parse(sample.data), sample.converted, lambda: checked(bodies))
    floor, conversion, checks = (len(sample.data) / 1e6 / seconds for seconds in best)
    return {
        "floor": kind,
        "mb_per_s": round(conversion, 2),
        "floor_mb_per_s": round(floor, 1),
        "floor_ratio": round(conversion / floor, 3),
        "check_mb_per_s": round(checks, 2),
    }


def checked(bodies: list[bytes]) -> None:
    """Do with reports what the worker does."""
    for body in bodies:
        report = wsjf.load(body, draft=True)
        report.setdefault("id", ID)
        report, _ = tidy(report, body)
        check(report, body=wsjf.dump(report))


def taking_turns(*acts: Callable[[], object]) -> list[float]:
    """The shortest processor time of each, out of rounds in which all take turns."""
    best = [float("inf")] * len(acts)
    end = time.perf_counter() + ROUNDS_S
    while time.perf_counter() < end or best[0] == float("inf"):
        for at, act in enumerate(acts):
            started = time.process_time()
            act()
            best[at] = min(best[at], time.process_time() - started)
    return best


def peak_elsewhere(name: str) -> float:
    """The most memory that a fresh process holds for the file."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(peak_here, name).result()


def peak_here(name: str) -> float:
    sample = largest(name)
    assert sample is not None
    sample.converted()
    return peak_mb()


if __name__ == "__main__":
    main()
