"""What the processes of a running line have used: processor time and memory, by stage."""

import threading
from collections import defaultdict
from typing import Self

import psutil

from wats_broker.names import Stage

STAGES = tuple(stage.value for stage in Stage)


class Usage:
    """Adds up processes by the stage they belong to.

    Args:
        line: The process that runs the line. A stage is a child of it, with the stage's name as an argument.
        others: Further processes, by what they are called in the result.
    """

    def __init__(self, line: int, others: dict[str, int]) -> None:
        self._line = psutil.Process(line)
        self._others = {name: psutil.Process(pid) for name, pid in others.items()}

    def cpu_s(self) -> dict[str, float]:
        """Processor time since each process began, that of its ended children included."""
        used: dict[str, float] = defaultdict(float)
        for stage, process in self._processes():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue  # its parent has waited for it, and has its time now
            used[stage] += times.user + times.system + times.children_user + times.children_system
        return used

    def rss_mb(self) -> dict[str, float]:
        """Resident memory now. Pages that processes share are counted for each."""
        used: dict[str, float] = defaultdict(float)
        for stage, process in self._processes():
            try:
                used[stage] += process.memory_info().rss / 2**20
            except psutil.NoSuchProcess:
                continue
        return used

    def _processes(self) -> list[tuple[str, psutil.Process]]:
        found = [("supervisor", self._line)]
        for child in self._line.children():
            try:
                stage = next((word for word in child.cmdline() if word in STAGES), "supervisor")
                found += [(stage, process) for process in (child, *child.children(recursive=True))]
            except psutil.NoSuchProcess:
                continue
        return found + list(self._others.items())


class Peak:
    """Looks at the memory twice a second while its block runs, and keeps the most of each stage."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.rss_mb: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.5):
            for stage, used in self._usage.rss_mb().items():
                self.rss_mb[stage] = max(self.rss_mb.get(stage, 0.0), used)
