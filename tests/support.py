"""What tests share: waiting for a fact, a free port, the files beside the project."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def wait_until(condition: Callable[[], object], *, what: str, timeout: float = 10.0) -> None:
    """Return as soon as ``condition()`` is true; fail with ``what`` when it is not within ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"waited {timeout:g} s in vain for {what}")
        time.sleep(0.01)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shared(path: str) -> Path:
    """A file or folder beside the project. Skips where it is absent, but never in CI: there it must be."""
    found = SHARED / path
    if not found.exists():
        reason = f"needs ../shared/{path}, which is not here"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Clock:
    """A clock that a test moves."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds
