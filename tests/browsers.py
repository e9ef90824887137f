"""A real browser, for tests of the console and for its pictures; and a console to look at."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from support import wait_until

#: What a machine may call it.
_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Nothing of these has to do with what is tested, and some ask for the internet.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: A loaded machine may take its time.
PATIENCE_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, with a profile of its own. Skips where there is none."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("needs a Chromium, which this machine has not: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="wats-browser-") as folder, sync_playwright() as playwright:
        undisturbed = Path(folder, "chromium")
        words = shlex.join([sys.executable, str(Path(__file__).with_name("undisturbed.py")), program])
        undisturbed.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        undisturbed.chmod(0o700)
        browser = playwright.chromium.launch(
            executable_path=undisturbed, args=list(_FLAGS), timeout=PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()


class Console:
    """``wats-worker console`` of a configuration, on any free port.

    Args:
        config: The configuration's file.
        log: Where it logs to.
    """

    def __init__(self, config: Path, log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wats_worker", "console", "--config", str(config)],
                stdout=file,
                stderr=file,
                env={
                    **{name: value for name, value in os.environ.items() if not name.startswith("WATS_")},
                    "WATS_CONSOLE__LISTEN": "127.0.0.1:0",
                },
            )
        wait_until(self._opened, what=f"the console to open; see {log}", timeout=60)
        self.url = str(self._opened()[0]["address"])

    def _opened(self) -> list[dict[str, Any]]:
        return self.logged("console_open")

    def logged(self, event: str) -> list[dict[str, Any]]:
        """What its log says of an event."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def stop(self) -> int:
        """End it in order; the exit code."""
        self._process.terminate()
        return self._process.wait(timeout=60)
