"""Whole lines for end-to-end stories."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from running import RunningLine
from support import wait_until

from wats_worker.simulator.running import Simulator


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Simulator]:
    """A simulated WATS server that is not in a hurry to say no."""
    with Simulator(tmp_path / "server.sqlite", rate=0) as simulator:
        yield simulator


@pytest.fixture
def make_line(tmp_path: Path, server: Simulator) -> Iterator[Callable[..., RunningLine]]:
    """Starts lines; afterwards each is stopped in order, and no process of it may be left."""
    lines: list[RunningLine] = []

    def make(**options: str) -> RunningLine:
        line = RunningLine(tmp_path, server, **options)
        lines.append(line)
        line.start()
        return line

    yield make
    for line in lines:
        code = line.stop()
        wait_until(lambda: not _left(tmp_path), what=f"every process to end: {_left(tmp_path)}")
        assert code == 0, f"the line ended with {code}; see {line.log}"


@pytest.fixture
def line(make_line: Callable[..., RunningLine]) -> RunningLine:
    """A running line with one source that chooses converters by itself."""
    return make_line()


def _left(folder: Path) -> list[str]:
    """Processes of a line that are still there, known by the folder in their command line."""
    left = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(folder) in words and "simulator" not in words and process.info["pid"] != os.getpid():
            left.append(words)
    return left
