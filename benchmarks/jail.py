"""What the jail costs per file, against the floor that the same machine sets in the same run.

    python benchmarks/jail.py [files]

The floor is a bare ``fork`` + ``_exit`` + ``wait`` of a process with the same modules loaded as the zygote:
no fresh process can be had for less. A cold ``python`` that imports the same modules is what a jail without
a zygote would pay. The last line is JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from wats_worker.converters.base import Source
from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf
from wats_worker.sandbox.jail import Jail
from wats_worker.sandbox.outcome import Converted
from wats_worker.sandbox.policy import Limits

REGISTRY = "wats_worker.converters.registry"
REPORT = {
    "type": "T", "pn": "PN-1", "sn": "SN-1", "rev": "A", "processCode": 10, "result": "P", "machineName": "M",
    "location": "-", "purpose": "-", "start": "2026-01-02T03:04:05+00:00", "uut": {"user": "-"},
    "root": {"id": 0, "group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P",
             "seqCall": {"path": "", "name": "Main", "version": "1"}},
}  # fmt: skip


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "unit.json"
        source.write_bytes(json.dumps(REPORT).encode())
        print(json.dumps(measure(source, folder / "scratch", files)))


def measure(source: Path, scratch: Path, files: int) -> dict[str, float]:
    with Jail(limits=Limits(), scratch=scratch, modules=[REGISTRY]) as jail:
        convert_jailed(jail, source)
        # Interleaved, so that a busy moment of the machine hits all of them alike.
        jailed, bare, floor = [], [], []
        for _ in range(files):
            jailed.append(timed(lambda: convert_jailed(jail, source)))
            bare.append(timed(lambda: convert_bare(source)))
            floor.append(timed(fork))
            time.sleep(0.005)  # files don't come back to back; the next child is forked meanwhile
        in_a_row = timed(lambda: [convert_jailed(jail, source) for _ in range(files)])
        cpu_ms = cpu_of_zygotes(lambda: [convert_jailed(jail, source) for _ in range(files)]) / files
        rss_mb = memory_of_zygote()
    cold = [timed(start_cold) for _ in range(5)]
    overhead = sorted(one - median(bare) for one in jailed)
    return {
        "overhead_ms_median": round(median(overhead), 2),
        "overhead_ms_p95": round(overhead[int(len(overhead) * 0.95)], 2),
        "fork_floor_ms": round(median(floor), 2),
        "ratio_to_floor": round(median(overhead) / median(floor), 2),
        "cold_subprocess_ms": round(median(cold), 1),
        "rss_mb": round(rss_mb, 1),
        "in_a_row_per_s": round(files / in_a_row * 1000),
        "conversions_per_s_per_core": round(1000 / cpu_ms),
    }


def convert_jailed(jail: Jail, source: Path) -> None:
    outcome = jail.convert(source, source.name, "wats-json", {})
    assert isinstance(outcome, Converted), outcome


def convert_bare(source: Path) -> None:
    converter = bundled()["wats-json"]
    descriptor = os.open(source, os.O_RDONLY)
    for report in converter.convert(Source.of_descriptor(descriptor, source.name), converter.options()):
        wsjf.dump(report)
    os.close(descriptor)


def fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def start_cold() -> None:
    subprocess.run([sys.executable, "-c", f"import {REGISTRY}"], check=True)


def cpu_of_zygotes(work: Callable[[], object]) -> float:
    """CPU milliseconds of everything that takes part: ourselves, the zygote, and its children."""
    pid = only_child()
    before = cpu_ms(pid)
    work()
    return cpu_ms(pid) - before


def cpu_ms(zygote: int) -> float:
    fields = Path(f"/proc/{zygote}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15]))  # user and system time, its own and of the children it has reaped
    return ticks * 1000 / os.sysconf("SC_CLK_TCK") + time.process_time() * 1000


def memory_of_zygote() -> float:
    status = Path(f"/proc/{only_child()}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def only_child() -> int:
    return int(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[0])


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
