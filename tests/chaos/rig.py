"""The machine under the storm: a whole line, the line to its server, a disk of its own, and an operator.

The operator does what systemd would, and a person: when the supervisor is gone it is started again, and a lane
that was paused is resumed.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import psutil
from chaos.proxy import Proxy
from chaos.tide import SOURCES
from redis.exceptions import RedisError

from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.settings import load
from wats_worker.simulator.running import Simulator

#: The bound and the width that must hold.
BOUND, WIDTH = 60, 5
#: Seconds after which the operator starts what has ended.
_OPERATOR_S = 1.0
_DISK_MB = 300


class Rig:
    """A line that can be hurt.

    Args:
        folder: Where everything lives.
        disk: Where the spool lives.
    """

    def __init__(self, folder: Path, disk: Path, server: Simulator, proxy: Proxy) -> None:
        self.folder, self.disk, self.server, self.proxy = folder, disk, server, proxy
        self.spool = disk / "spool"
        self.log = folder / "line.log"
        self.config = folder / "wats.toml"
        self._over = threading.Event()
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._operator = threading.Thread(target=self._operate, name="operator", daemon=True)
        self._configure()

    def inbox(self, source: str) -> Path:
        """The watch folder of a source."""
        return self.folder / "in" / source

    def _configure(self) -> None:
        token = self.folder / "token"
        token.write_text(self.server.token)
        tables: list[tuple[str, dict[str, object]]] = [
            (
                "[server]",
                {
                    "url": f"http://127.0.0.1:{self.proxy.port}",
                    "token_file": str(token),
                    "requests_per_minute": 0,
                    "connect_timeout_s": 2.0,
                    "read_timeout_s": 15.0,
                },
            ),
            ("[spool]", {"folder": str(self.spool)}),
            (
                "[broker]",
                {
                    "url": f"embedded:{self.folder}/broker",
                    "max_queue_size": BOUND,
                    "max_concurrent_uploads": WIDTH,
                    "upload_lease_s": 6.0,
                },
            ),
            # A file that is hit by many kills is still a good file.
            ("[convert]", {"processes": 2, "wall_s": 60.0, "unfinished_s": 3.0, "max_attempts": 20}),
            ("[upload]", {"processes": 2, "threads": WIDTH, "retry_schedule_s": [1.0, 2.0, 4.0]}),
        ]
        for name, table in SOURCES.items():
            self.inbox(name).mkdir(parents=True)
            own = {"name": name, "folder": str(self.inbox(name)), "quiet_s": 0.3, "look_s": 0.5}
            tables.append(("[[sources]]", own | table))
        self.config.write_text(
            "\n".join(
                "\n".join([title, *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""])
                for title, table in tables
            )
        )

    # Life

    @cached_property
    def line(self) -> Line:
        """Our own view of it."""
        return Line(load(self.config), Stage.WATCH)

    def start(self) -> None:
        """Start the line, and the operator who keeps it going."""
        self._start_line()
        self._operator.start()

    def stop(self) -> int:
        """Send the operator home and stop the line in order; its exit code."""
        self._over.set()
        self._operator.join()
        assert self._supervisor is not None
        self._supervisor.terminate()
        return self._supervisor.wait(timeout=120)

    def lives(self) -> bool:
        """Whether every stage has reported for work."""
        try:
            return {"watch", "convert", "upload", "archive"} <= {
                worker.stage for worker in self.line.fleet.alive()
            }
        except (BrokerError, RedisError):
            return False

    def _start_line(self) -> None:
        self._supervisor = self.begin("up")

    def begin(self, command: str) -> "subprocess.Popen[bytes]":
        """Start a command on the line's configuration."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "wats_worker", command, "--config", str(self.config)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if not name.startswith("WATS_")},
            )

    def _operate(self) -> None:
        while not self._over.wait(_OPERATOR_S):
            assert self._supervisor is not None
            if self._supervisor.poll() is not None:
                self._start_line()
            with suppress(BrokerError, RedisError):
                # A 200 without an id may mean that somebody else answers: the lane waits for a person.
                if self.line.queue.census().paused:
                    self.line.queue.resume()

    # Who is who

    def processes(self, role: str) -> list[psutil.Process]:
        """The processes of a role: ``supervisor``, a stage, or ``redis``, ``pool-process``, ``zygote``, ``jailed-child``."""
        match role:
            case "supervisor":
                return self._running("up")
            case "broker-stage":
                return self._running("broker")
            case "watch" | "convert" | "upload" | "control":
                return self._running(role)
            case "pool-process":
                return [child for main in self._running("convert") for child in children(main)]
            case "zygote":
                return [
                    child
                    for process in self.processes("pool-process")
                    for child in children(process)
                    if "wats_worker.sandbox.zygote" in words(child)
                ]
            case "jailed-child":
                return [child for zygote in self.processes("zygote") for child in children(zygote)]
            case "redis":
                return [
                    process
                    for process in self.all()
                    if str(self.folder / "broker") in " ".join(words(process))
                    and "wats_worker" not in words(process)
                ]
        raise LookupError(role)

    def _running(self, command: str) -> list[psutil.Process]:
        """Our own commands; what they fork has the same words, and is a child of one."""
        wanted = [
            process
            for process in self.all()
            if str(self.config) in words(process) and command in words(process)
        ]
        known = {process.pid for process in wanted}
        return [process for process in wanted if process.ppid() not in known]

    def all(self) -> list[psutil.Process]:
        """Every process that has this rig's folder in its command line or its environment."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and process.pid != self.server.pid and self._ours(process):
                    found.append(process)
        return found

    def _ours(self, process: psutil.Process) -> bool:
        places = (str(self.folder), str(self.disk))
        return any(place in word for place in places for word in words(process)) or any(
            place in value
            for place in places
            for name, value in process.environ().items()
            if name in {"HOME", "TMPDIR"}
        )


def words(process: psutil.Process) -> list[str]:
    """The command line; empty for who is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def children(process: psutil.Process) -> list[psutil.Process]:
    """Its children; none for who is gone."""
    try:
        return process.children()
    except psutil.Error:
        return []


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk on a folder, if we may; whether we might."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            shutil.copytree(folder, folder.with_name("disk-at-the-end"), symlinks=True)
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Have a disk be read-only to whoever comes to it by its path.

    Kernels do so when a disk fails. By hand it takes another mount above it, as long as somebody has a file open.
    """
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def send(process: psutil.Process, number: signal.Signals) -> bool:
    """Send a signal; whether there was anybody to get it."""
    try:
        process.send_signal(number)
    except psutil.Error:
        return False
    return True
