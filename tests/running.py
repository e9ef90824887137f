"""A whole line, running for real: broker, watch, convert and upload as processes, before a simulated server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from redis.exceptions import RedisError
from support import wait_until

from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_broker.states import RESTING
from wats_worker.app.line import Line
from wats_worker.settings import load
from wats_worker.simulator.running import Simulator

#: What a line without scheduled sources is made of.
STAGES = {"archive", "control", "watch", "convert", "upload"}


class RunningLine:
    """``wats-worker up`` on a folder of its own.

    Args:
        folder: Where everything lives.
        server: Whom to deliver to.
        toml: Further lines of the configuration, before the sources.
        source: Further lines of the one source, ``in``.
        quiet_s: How long a file has to be quiet.
    """

    def __init__(
        self, folder: Path, server: Simulator, *, toml: str = "", source: str = "", quiet_s: float = 0.3
    ) -> None:
        self.folder = folder
        self.inbox = folder / "in"
        self.inbox.mkdir()
        self.server = server
        self.config = folder / "wats.toml"
        self.log = folder / "line.log"
        (folder / "token").write_text(server.token)
        self.config.write_text(
            f"""
schema_version = 2
[broker]
url = "embedded:{folder}/broker"
[server]
url = "{server.url}"
token_file = "{folder}/token"
requests_per_minute = {server.settings.rate}
[spool]
folder = "{folder}/spool"
# Some tests have small disks on purpose.
slow_below_mb = 0
[control]
requests_per_minute = 6000
burst = 1000
{toml}
[[sources]]
name = "in"
folder = "{self.inbox}"
part_number = "PN-DEFAULT"
process_code = 10
timezone = "Europe/Oslo"
quiet_s = {quiet_s}
look_s = 0.3
{source}
"""
        )
        self._process: subprocess.Popen[bytes] | None = None

    @cached_property
    def line(self) -> Line:
        """Our own view of it: journal, queue, fleet."""
        return Line(load(self.config), Stage.WATCH)

    def start(self) -> None:
        """Start, and return when every stage lives."""
        # Closed at once: the child has its own copy.
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wats_worker", "up", "--config", str(self.config)],
                stdout=log,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith("WATS_")},
            )
        wait_until(self._complete, what=f"all stages to live; see {self.log}", timeout=120)

    def _complete(self) -> bool:
        try:
            return {worker.stage for worker in self.line.fleet.alive()} >= STAGES
        except (BrokerError, RedisError):
            return False

    def stop(self) -> int:
        """Stop in order; the exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        code = self._process.wait(timeout=120)
        self._process = None
        return code

    def configure(self, change: Callable[[str], str]) -> None:
        """Change the text of the configuration, and have it taken up."""
        assert self._process is not None
        self.config.write_text(change(self.config.read_text()))
        self._process.send_signal(signal.SIGHUP)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """What the log says of such an event so far, if it is JSON."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def kill_everything(self) -> None:
        """The whole line dies at once, as in a power cut."""
        if self._process is None:
            return
        for process in [psutil.Process(self._process.pid), *self.processes()]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait(timeout=10)
        self._process = None

    def processes(self) -> list[psutil.Process]:
        """Every process of the line below the supervisor, and the server it cares for."""
        if self._process is None:
            return []
        return psutil.Process(self._process.pid).children(recursive=True)

    def stage(self, stage: Stage) -> psutil.Process:
        """The main process of a stage."""
        assert self._process is not None
        for process in psutil.Process(self._process.pid).children():
            if stage.value in process.cmdline():
                return process
        raise LookupError(f"no {stage} process")

    def lives(self, stage: Stage, *, but: int) -> bool:
        """Whether a stage is at work, in another process than this one."""
        try:
            if stage is Stage.BROKER:
                return bool(self.line.redis.ping())
            return any(one.stage == stage and one.pid != but for one in self.line.fleet.alive())
        except RedisError:
            return False

    def ask(self, *words: str) -> Any:
        """The answer of one question of the command line, as JSON; an empty dict while there is none."""
        answer = subprocess.run(
            [sys.executable, "-m", "wats_worker", *words, "--config", str(self.config), "--json"],
            capture_output=True,
            check=False,
        )
        return json.loads(answer.stdout) if answer.stdout.strip() else {}

    def drop(self, name: str, content: bytes) -> Path:
        """A tester that writes the file elsewhere and moves it in."""
        hidden = self.inbox / f".{name}.part"
        hidden.write_bytes(content)
        target = self.inbox / name
        hidden.rename(target)
        return target

    def delivered(self) -> list[dict[str, Any]]:
        """What the server has, by its own word."""
        return list(self.server.reports())

    def bodies(self) -> list[dict[str, Any]]:
        """The reports the server has, as they were sent."""
        return [json.loads(self.server.body(report["uuid"])) for report in self.delivered()]

    def wait_for(self, reports: int, *, timeout: float = 120) -> None:
        """Until the server has so many reports."""
        wait_until(
            lambda: self.server.state()["reports"] >= reports,
            what=f"{reports} reports on the server; see {self.log}",
            timeout=timeout,
        )

    def wait_for_rest(self, *, timeout: float = 90) -> None:
        """Until nothing is on its way any more."""

        def at_rest() -> bool:
            states = self.line.journal.states()
            moving = sum(count for state, count in states.items() if state not in RESTING)
            return not moving and not list(self.inbox.glob("*.*"))

        wait_until(at_rest, what=f"the line to rest; see {self.log}", timeout=timeout)


def wstf(serial: str, *, part: str = "PN-1", start: str = "2026-03-17T08:14:05", steps: int = 3) -> bytes:
    """One passed unit in WATS text."""
    rows = "".join(
        f"NumericLimitTest\tVoltage {n}\t\t{5 + n / 100}\t4.5\t5.5\tGELE\tV\tPassed\t0.1\t\t\t\t\r\n"
        for n in range(steps)
    )
    return (
        "--Header-Start--\r\n"
        f"SerialNumber\t{serial}\r\nPartNumber\t{part}\r\nRevision\tA\r\nOperationTypeCode\t10\r\n"
        f"UUTStatus\tPassed\r\nStartDateTime\t{start}\r\nUTCStartDateTime\t2026-03-17T07:14:05\r\n"
        "ExecutionTime\t12.5\r\nStationName\tFCT-01\r\nOperatorName\top17\r\n"
        "SoftwareName\tfct.seq\r\nSoftwareVersion\t1.0\r\n"
        "--Step-Data-Start--\r\n"
        "StepType\tStepName\tMeasureName\tValue\tLowLimit\tHighLimit\tCompOperator\tUnit\tStepStatus\t"
        "StepExecutionTime\tStepReportText\tStepErrorCode\tStepErrorMessage\tCausedSequenceFailure\r\n"
        f"{rows}--Step-Data-End--\r\n--UUT-End--\r\n"
    ).encode("cp1252")
