"""Servers of one's own: the bundled Valkey with a configuration that a test chooses."""

import random
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from support import wait_until

from wats_broker.embedded.binary import find


@dataclass
class Server:
    """A server process and where it listens."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def kill(self) -> None:
        """It dies at once."""
        self.process.kill()
        self.process.wait(timeout=30)


@contextmanager
def server(
    folder: Path, lines: Sequence[str] = (), *, port: int = 0, sentinel: bool = False
) -> Iterator[Server]:
    """A server that listens on loopback, ended at the end.

    Args:
        folder: Its own; made if absent.
        lines: Of its configuration.
        port: Where; 0 takes one that nobody else has.
        sentinel: Run it as a sentinel.
    """
    running = _start(folder, lines, port, sentinel=sentinel)
    try:
        yield running
    finally:
        running.kill()


def _start(folder: Path, lines: Sequence[str], port: int, *, sentinel: bool) -> Server:
    folder.mkdir(exist_ok=True)
    # A port that is found free may be taken the next moment, so it is the server that tries.
    for _ in range(50):
        if found := _try(folder, lines, port or random.randrange(20_000, 32_000), sentinel=sentinel):
            return found
    pytest.fail("fifty ports were taken")


def _try(folder: Path, lines: Sequence[str], port: int, *, sentinel: bool) -> Server | None:
    conf, log = folder / "server.conf", folder / "server.log"
    ours = ["bind 127.0.0.1", f"port {port}", f"dir {folder}", "protected-mode no"]
    conf.write_text("\n".join([*ours, *lines]) + "\n")
    # Closed at once: the child has its own copy.
    with log.open("wb") as output:
        process = subprocess.Popen(
            [find(), conf, *(["--sentinel"] if sentinel else [])], stdout=output, stderr=output
        )
    wait_until(lambda: _decided(process, log), what=f"the server to listen; see {log}", timeout=60)
    if process.poll() is None:
        return Server(process, port, folder)
    assert b"Address already in use" in log.read_bytes(), log.read_text()
    return None


def _decided(process: subprocess.Popen[bytes], log: Path) -> bool:
    said = log.read_bytes()
    return process.poll() is not None or b"Ready to accept connections" in said or b"Sentinel ID is" in said


def answers(client: Redis) -> bool:
    """Whether it does."""
    try:
        return bool(client.ping())
    except RedisError:
        return False
