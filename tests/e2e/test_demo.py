"""The demo is the shortest whole story there is: it must end well, and leave nothing behind."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A place for temporary folders that nobody else uses; short, because a socket's path has to be."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder)


def demo(temporary: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "wats_worker", "demo", *options],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        # What somebody's environment says about a real line must not matter.
        env=os.environ
        | {"TMPDIR": str(temporary), "WATS_SERVER__URL": "http://127.0.0.1:9", "COLUMNS": "200"},
    )


def processes_in(folder: Path) -> list[psutil.Process]:
    """Processes that name the folder in their command line."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or ())
    ]


def test_everything_arrives_once_and_nothing_else(temporary):
    """Good files are delivered, bad ones quarantined with the missing field and place, the copy recognised."""
    done = demo(temporary, "--files", "20")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "31 reports delivered, each once, and nothing else" in done.stdout
    assert "serial number" in done.stdout
    assert "recognised" in done.stdout


def test_it_leaves_nothing_behind(temporary):
    """Neither a process nor a folder is left when it has ended."""
    done = demo(temporary)

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


def test_what_is_kept_can_be_looked_at(temporary):
    """With --keep the spool, the log and the configuration stay."""
    done = demo(temporary, "--keep")

    [folder] = temporary.iterdir()
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(folder) in done.stdout
    assert {"wats.toml", "line.log", "spool"} <= {entry.name for entry in folder.iterdir()}
    assert processes_in(temporary) == []
