"""A small factory: watch folders, a configuration, a WATS server and the whole line, all in one folder.

Everything runs in processes of its own, started as a person would start it. The demo, the end-to-end tests
and the benchmark look at it from outside: at the server's own store, and with ``wats-worker status``.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from redis.exceptions import RedisError

from wats_broker.errors import BrokerError
from wats_broker.files import open_log, write_atomically
from wats_broker.names import Stage
from wats_worker import settings as configuration
from wats_worker.app.line import Line
from wats_worker.simulator.running import Simulator

Table = Mapping[str, object]

_LINE: Final = frozenset({Stage.WATCH, Stage.CONVERT, Stage.UPLOAD})
#: An idle line stops at once. One that needs longer has a stage that does not hear.
_STOP_S: Final = 20.0
#: The line ends such a stage itself, which takes its time.
_END_S: Final = 120.0


class FactoryFailed(Exception):
    """The factory does not do what it should. The end of the line's log usually says why."""


class Factory:
    """Starts and stops one factory.

    Args:
        folder: An empty folder, which stays when the factory has stopped.
        sources: What each source is configured with, by its name; its folder is ``in/<name>``.
        sections: Further sections of the configuration.
        server: Settings of the simulated server, see ``simulator.settings``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sources: Mapping[str, Table],
        sections: Mapping[str, Table] | None = None,
        **server: Any,
    ) -> None:
        self.folder = folder
        self.config = folder / "wats.toml"
        self.log = folder / "line.log"
        self.server = Simulator(folder / "server.sqlite", **server)
        self._sources = sources
        self._sections = sections or {}
        self._line: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.server.start()
        self._configure()
        self._start_line()
        return self

    def __exit__(self, *_: object) -> None:
        # In the order of the flow, so that nobody complains about a neighbour who left first.
        try:
            self._stop_line()
        finally:
            self.server.stop()

    def source(self, name: str) -> Path:
        """The watch folder of a source."""
        return self.folder / "in" / name

    @property
    def pid(self) -> int:
        """The process that runs the line; all stages are its descendants."""
        if self._line is None:
            raise FactoryFailed("the line is not running")
        return self._line.pid

    @cached_property
    def view(self) -> Line:
        """The line's own view of journal and queue, for what would be too slow to ask by command."""
        return Line(configuration.load(self.config), Stage.WATCH)

    def ask(self, *command: str) -> Any:
        """Run ``wats-worker <command> --json`` and read its answer.

        Raises:
            FactoryFailed: it had none. "Needs attention" (exit code 1) is an answer.
        """
        done = subprocess.run(
            [*_PROGRAM, *command, "--json", "--config", self.config],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1}:
            raise FactoryFailed(
                f"wats-worker {' '.join(command)} ended with {done.returncode}: {done.stderr}"
            )
        return json.loads(done.stdout)

    def wait(self, condition: Callable[[], object], *, what: str, timeout_s: float) -> None:
        """Return when the condition holds.

        Raises:
            FactoryFailed: it does not within the time, or the line has ended.
        """
        end = time.monotonic() + timeout_s
        while not condition():
            if self._line is not None and self._line.poll() is not None:
                raise FactoryFailed(f"the line ended with {self._line.returncode} before {what}")
            if time.monotonic() > end:
                raise FactoryFailed(f"waited {timeout_s:g} s in vain for {what}")
            time.sleep(0.05)

    def runs(self) -> bool:
        """Whether all stages have reported for work."""
        try:
            return {worker.stage for worker in self.view.fleet.alive()} >= _LINE
        except (BrokerError, RedisError):
            return False  # the broker is on its way up

    def last_words(self, lines: int = 20) -> str:
        """The end of the line's log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _configure(self) -> None:
        for name in self._sources:
            self.source(name).mkdir(parents=True)
        token = self.folder / "token"
        write_atomically(token, self.server.token.encode())
        tables: list[tuple[str, Table]] = [
            (
                "[server]",
                {
                    "url": self.server.url,
                    "token_file": str(token),
                    "requests_per_minute": self.server.settings.rate,  # as fast as this server allows
                },
            ),
            ("[spool]", {"folder": str(self.folder / "spool")}),
            ("[broker]", {"url": f"embedded:{self.folder / 'broker'}", **self._sections.get("broker", {})}),
            *((f"[{name}]", table) for name, table in self._sections.items() if name != "broker"),
            *(
                ("[[sources]]", {"name": name, "folder": str(self.source(name)), **table})
                for name, table in self._sources.items()
            ),
        ]
        text = "\n".join(_toml(title, table) for title, table in tables)
        write_atomically(self.config, text.encode())

    def _start_line(self) -> None:
        with open_log(self.log) as log:
            self._line = subprocess.Popen(
                [*_PROGRAM, "up", "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal is for us; we end the line when it is its turn.
                start_new_session=True,
            )

    def _stop_line(self) -> None:
        if self._line is None:
            return
        began = time.monotonic()
        self._line.terminate()
        try:
            code = self._line.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._line.kill()
            code = self._line.wait()
        self._line = None
        took_s = time.monotonic() - began
        if code or took_s > _STOP_S:
            raise FactoryFailed(f"the line needed {took_s:.0f} s to stop, with exit code {code}")


_PROGRAM: Final[Sequence[str]] = (sys.executable, "-m", "wats_worker")


def forget_environment() -> None:
    """Drop configuration from this process's environment: a factory has its own, and the environment wins."""
    for name in [name for name in os.environ if name.startswith("WATS_")]:
        del os.environ[name]


def _toml(title: str, table: Table) -> str:
    # What JSON calls a value is one in TOML as well.
    return "\n".join([title, *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""])
