"""Flower beside a line: for looking, behind a login."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support import wait_until
from typer.testing import CliRunner

from wats_worker.cli.main import app

LOGIN = ("look", "at:it")


@pytest.fixture
def flower(tmp_path, broker) -> Iterator[httpx.Client]:
    """A client of a Flower of its own."""
    (tmp_path / "wats.toml").write_text(f'[broker]\nurl = "{broker.url}"\n')
    (tmp_path / "login").write_text(":".join(LOGIN) + "\n")
    log = tmp_path / "flower.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "wats_worker", "flower", "--login-file", "login", "--port", "0"],
            cwd=tmp_path,
            stderr=said,
        )
    try:
        wait_until(lambda: address(log), what=f"Flower to listen; see {log}", timeout=180)
        with httpx.Client(base_url=address(log), timeout=120) as client:
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()


def address(log: Path) -> str:
    """Where it listens, once it says so."""
    # The last one may be half written yet.
    whole = log.read_text().rpartition("\n")[0].splitlines()
    lines = [json.loads(line) for line in whole if line.startswith("{")]
    return next((line["address"] for line in lines if line["event"] == "flower_open"), "")


@pytest.mark.slow
def test_flower_is_for_looking_behind_a_login(flower):
    """Without the login nothing is told; with it nothing can be done."""
    pages = ["/", "/api/workers", "/api/tasks", "/metrics"]

    assert [flower.get(page).status_code for page in pages] == [401] * len(pages)
    assert [flower.get(page, auth=("look", "wrong")).status_code for page in pages] == [401] * len(pages)
    assert [flower.get(page, auth=LOGIN).status_code for page in pages] == [200] * len(pages)
    assert flower.post("/api/worker/shutdown/anybody", auth=LOGIN).status_code == 403


@pytest.mark.parametrize("content", ["", "no-colon", "user:", ":password", "two:lines\nof:them"])
def test_flower_does_not_start_without_a_login(tmp_path, content, monkeypatch):
    """A file with something else in it must not mean that everybody may look."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "login").write_text(content)

    answer = CliRunner().invoke(app, ["flower", "--login-file", "login"])

    assert answer.exit_code == 78
    assert "user:password" in answer.stderr
