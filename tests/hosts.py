"""A line on several hosts that share no disk: each stage has a folder of its own, and files lie in an object store."""

import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from objects import BUCKET, ObjectServer
from redis.exceptions import RedisError
from support import wait_until

from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_broker.states import RESTING
from wats_worker.app.line import Line
from wats_worker.settings import load
from wats_worker.simulator.running import Simulator

#: What runs where. Only who watches and who archives share a host, with the folders of the testers.
STAGES = {
    "watch": ("watch", "inbox-host"),
    "archive": ("archive", "inbox-host"),
    "convert": ("convert", "host-1"),
    "convert-too": ("convert", "host-2"),
    "upload": ("upload", "host-3"),
}
HOSTS = sorted({host for _, host in STAGES.values()})


class Hosts:
    """Their processes, which can be killed and started again one by one.

    Args:
        folder: Where everything lives; an embedded broker runs in ``broker``.
        server: Whom to deliver to.
        objects: Where files lie.
        after: What becomes of delivered files.
    """

    def __init__(
        self, folder: Path, server: Simulator, objects: ObjectServer, *, after: str = "archive"
    ) -> None:
        self.folder = folder
        self.server = server
        self.objects = objects
        self.after = after
        self.inbox = folder / "inbox-host" / "in"
        self.done = folder / "inbox-host" / "done"
        self.inbox.mkdir(parents=True)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "token").write_text(server.token)
        (folder / "access").write_text("test")
        (folder / "secret").write_text("a-secret-of-the-store")
        for host in HOSTS:
            self._configure(host)

    def _configure(self, host: str) -> None:
        (self.folder / host).mkdir(exist_ok=True)
        self.config(host).write_text(
            f"""
schema_version = 2
[broker]
url = "embedded:{self.folder}/broker"
upload_lease_s = 6.0
[server]
url = "{self.server.url}"
token_file = "{self.folder}/token"
requests_per_minute = 0
[spool]
folder = "{self.folder}/{host}/spool"
url = "s3://{BUCKET}/{self.folder.name}"
endpoint = "{self.objects.endpoint}"
access_key_file = "{self.folder}/access"
secret_key_file = "{self.folder}/secret"
[convert]
processes = 2
max_attempts = 20
[log]
format = "json"
[[sources]]
name = "in"
folder = "{self.inbox}"
part_number = "PN-DEFAULT"
process_code = 10
timezone = "Europe/Oslo"
quiet_s = 0.3
look_s = 0.3
after = "{self.after}"
{f'done_folder = "{self.done}"' if self.after == "move" else ""}
"""
        )

    def config(self, host: str) -> Path:
        """A host's configuration."""
        return self.folder / host / "wats.toml"

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.folder / f"{name}.log").read_text()

    @cached_property
    def line(self) -> Line:
        """Our own view of it."""
        return Line(load(self.config("inbox-host")), Stage.WATCH)

    def start_all(self) -> None:
        """Start every process, and return when all of them live."""
        for name in STAGES:
            self.start(name)
        wait_until(self._complete, what=f"every host to live; see {self.folder}", timeout=120)

    def start(self, name: str) -> None:
        """Start one of them."""
        stage, host = STAGES[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "wats_worker", stage, "--config", str(self.config(host))],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith(("WATS_", "AWS_"))
                },
            )

    def kill(self, name: str) -> None:
        """One of them, and all of its children, end at once."""
        process = self._processes.pop(name)
        os.killpg(process.pid, 9)
        process.wait()

    def stop_all(self) -> list[int]:
        """Stop every process in order; their exit codes."""
        for process in self._processes.values():
            process.terminate()
        codes = [process.wait(timeout=120) for process in self._processes.values()]
        self._processes = {}
        return codes

    def _complete(self) -> bool:
        try:
            found = [worker.stage for worker in self.line.fleet.alive()]
        except (BrokerError, RedisError):
            return False
        return sorted(found) == sorted(stage for stage, _ in STAGES.values())

    def drop(self, name: str, content: bytes) -> None:
        """A tester that writes the file elsewhere and moves it in."""
        hidden = self.inbox / f".{name}.part"
        hidden.write_bytes(content)
        hidden.rename(self.inbox / name)

    def wait_for(self, reports: int, *, timeout: float = 120) -> None:
        """Until the server has so many reports."""
        wait_until(
            lambda: self.server.state()["reports"] >= reports,
            what=f"{reports} reports on the server; see {self.folder}",
            timeout=timeout,
        )

    def wait_for_rest(self, *, timeout: float = 120) -> None:
        """Until nothing is on its way any more, and nothing lies on a host."""

        def at_rest() -> bool:
            states = self.line.journal.states()
            moving = sum(count for state, count in states.items() if state not in RESTING)
            spool = self.line.spool
            left = [*self.inbox.glob("*.*"), *spool.waiting(), *spool.finished()]
            return not moving and not left

        wait_until(at_rest, what=f"the line to rest; see {self.folder}", timeout=timeout)
