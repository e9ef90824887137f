"""The relay to a broker on another machine: what goes in comes out, and who is gone is let go."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import wait_until
from typer.testing import CliRunner

from wats_worker.cli.main import app

RELAY = (sys.executable, "-m", "wats_worker", "relay")


class Far:
    """The broker of another machine: says everything back, until it is told to hang up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def _answer(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError):
            while (said := caller.recv(4096)) and said != b"hang up":
                caller.sendall(said)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            # Closing alone does not wake who waits in accept.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()


@pytest.fixture
def far() -> Iterator[Far]:
    far = Far()
    yield far
    far.close()


@pytest.fixture
def near(far, tmp_path) -> Iterator[tuple[str, int]]:
    """Where a relay to the far end listens."""
    log = tmp_path / "relay.log"
    with log.open("wb") as said:
        relay = subprocess.Popen(
            [*RELAY, "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{far.port}"],
            cwd=tmp_path,
            stderr=said,
        )
    try:
        wait_until(lambda: address(log), what=f"the relay to listen; see {log}", timeout=180)
        host, _, port = address(log).rpartition(":")
        yield host, int(port)
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(timeout=120) == 0
    finally:
        relay.kill()
        relay.wait()


def address(log: Path) -> str:
    # The last one may be half written yet.
    whole = log.read_text().rpartition("\n")[0].splitlines()
    lines = [json.loads(line) for line in whole if line.startswith("{")]
    return next((line["address"] for line in lines if line["event"] == "relay_open"), "")


def receive(caller: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size and (piece := caller.recv(size - len(found))):
        found += piece
    return found


@pytest.mark.slow
def test_what_goes_in_comes_out(near, far):
    """For several at once, whatever it is; a far end that hangs up, or is gone, is told at once."""
    loud = bytes(range(256)) * 4096
    with socket.create_connection(near, 60) as one, socket.create_connection(near, 60) as other:
        threading.Thread(target=one.sendall, args=(loud,), daemon=True).start()
        other.sendall(b"PING")
        answers = receive(other, 4), receive(one, len(loud))
        other.sendall(b"hang up")
        told = receive(other, 1)
    far.close()
    with socket.create_connection(near, 60) as late:
        gone = receive(late, 1)

    assert answers == (b"PING", loud)
    assert (told, gone) == (b"", b"")


@pytest.mark.parametrize("place", ["", "plant-7", "plant-7:", ":6379", "plant-7:http", "plant-7:99999"])
def test_a_place_that_is_none_is_told(place, tmp_path, monkeypatch):
    """Before anything listens."""
    monkeypatch.chdir(tmp_path)

    answer = CliRunner().invoke(app, ["relay", "--to", place])

    assert answer.exit_code == 78
    assert "write host:port" in answer.stderr
