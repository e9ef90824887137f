"""A factory stack of its own: a fresh checkout, its own project, images, ports and secrets, all gone at the end."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from chaos import tide
from support import ROOT, wait_until

from wats_worker.simulator.running import Simulator
from wats_worker.simulator.settings import Token

#: What a container may need until it is healthy on a machine that is busy with others.
PATIENCE_S = 600.0
#: Files for which a source has to say what their testers don't know.
CORPUS = {
    "part_number": "PN-UNKNOWN",
    "revision": "A",
    "process_code": 10,
    "timezone": "Europe/Oslo",
    "station": "STACK",
}
#: Where the engine has the name of a container's service.
SERVICE = "com.docker.compose.service"
#: Any that is free.
PORTS = dict.fromkeys(("FLOWER_PORT", "PROMETHEUS_PORT", "SIMULATOR_PORT", "CONSOLE_PORT"), "0")
SOURCES = {**tide.SOURCES, "corpus": CORPUS}


class Stack:
    """One project of docker compose.

    Args:
        folder: An empty folder; the checkout goes there.
        base: The image that ours is built on.
        name: Of the project.
    """

    def __init__(self, folder: Path, *, base: str, name: str) -> None:
        self.folder = folder
        self.name = name
        self.version = f"{name}-1"
        self.scales = {"convert": 1, "upload": 1}
        self.inbox = folder / "inbox"
        self.spool = folder / "data/spool"
        self._base = base
        self._knobs: dict[str, str] = {}

    def another_host(self, **knobs: str) -> "Stack":
        """The project of a further machine, with the first one's configuration, secrets and spool."""
        other = Stack(self.folder, base=self._base, name=f"{self.name}-b")
        other.version = self.version
        files = ("compose.yaml", "stack/another-host.yaml", "compose.override.yaml")
        other._knobs = {"COMPOSE_FILE": ":".join(files), **knobs}
        return other

    def check_out(self) -> None:
        """What a person gets who clones it, without what only its authors need."""
        tracked = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        for name in tracked:
            if not name.startswith(("tests/", "docs/", "benchmarks/")) and (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)

    def lay_out(self) -> None:
        """A checkout, ``make factory`` in it, and the sources that are tried."""
        self.check_out()
        shutil.copy2(ROOT / "tests/stack/compose.test.yaml", self.folder / "compose.override.yaml")
        subprocess.run([self.folder / "stack/factory"], check=True, stdout=subprocess.DEVNULL)
        (self.folder / "data").mkdir()
        (self.folder / "data").chmod(0o1777)
        for source in SOURCES:
            (self.inbox / source).mkdir()
            self._give(self.inbox / source)
        config = self.folder / "factory/wats.toml"
        head = config.read_text().partition("[[sources]]")[0]
        # As fast as it goes: how many in a minute is tried elsewhere.
        config.write_text(
            head
            + "[server]\nrequests_per_minute = 0\n\n"
            + "".join(_source(name, table) for name, table in SOURCES.items())
        )

    @cached_property
    def server(self) -> Simulator:
        """The simulator in its container, asked by its private door."""
        server = Simulator(
            Path("unused"),
            tokens=(Token(self.secret("server-token")),),
            control_token=self.secret("simulator-control"),
        )
        server.url = self.url("simulator", 8780)
        return server

    def lose_data(self) -> None:
        """All that is in the spool's volume, which is a folder of ours."""
        for path in (self.folder / "data").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def forget_server(self) -> None:
        """Ask anew where it is: a container that is started again has another port."""
        vars(self).pop("server", None)

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def compose(self, *words: str, check: bool = True, **knobs: str) -> str:
        """Run ``docker compose``; what it printed."""
        environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_PROFILES": "demo",
            "SERVER_URL": "http://simulator:8780",
            "TESTER_EVERY": "3600",
            "BASE_IMAGE": self._base,
            "DATA": str(self.folder / "data"),
            "VERSION": self.version,
            "CONVERT_WORKERS": str(self.scales["convert"]),
            "UPLOAD_WORKERS": str(self.scales["upload"]),
            **PORTS,
            **self._knobs,
            **knobs,
        }
        done = subprocess.run(
            ["docker", "compose", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(
                f"docker compose {' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
            )
        return done.stdout

    def up(self, *words: str, **knobs: str) -> None:
        """Start, and wait until all that was started is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(int(PATIENCE_S)), *words, **knobs)

    def containers(self, service: str, *, all_of_them: bool = False) -> list[str]:
        """The ids of a service's containers."""
        options = ["--all"] if all_of_them else ["--status", "running"]
        return self.compose("ps", "--quiet", *options, *([service] if service else [])).split()

    def inspect(self) -> list[dict[str, Any]]:
        """All that the engine tells of the containers."""
        found = docker("inspect", *self.containers("", all_of_them=True))
        inspected: list[dict[str, Any]] = json.loads(found)
        return inspected

    def python(self, service: str, program: str) -> str:
        """Run a few lines in a service's container; what they printed."""
        return self.compose("exec", "--no-TTY", service, "python", "-c", program)

    def ask(self, *words: str) -> Any:
        """The answer of one question of the command line, as JSON."""
        text = self.compose("exec", "--no-TTY", "control", "wats-worker", *words, "--json", check=False)
        return json.loads(text)

    def url(self, service: str, port: int) -> str:
        return f"http://{self.compose('port', service, str(port)).strip()}"

    def drop(self, source: str, name: str, content: bytes) -> None:
        """A tester that writes the file elsewhere and moves it in."""
        hidden = self.inbox / source / f".{name}.part"
        hidden.write_bytes(content)
        self._give(hidden)
        hidden.rename(self.inbox / source / name)

    def at_rest(self) -> bool:
        """Whether nothing is in the inbox, and nothing on its way through the spool."""
        return (
            not any(any((self.inbox / name).iterdir()) for name in SOURCES)
            and not any((self.spool / "files").iterdir())
            and not any((self.spool / "finished").glob("*"))
            and not any((self.spool / "incoming").glob("*/*/*/source"))
        )

    def wait_for(self, reports: int) -> None:
        """Until the server has so many."""
        wait_until(
            lambda: self.server.state()["reports"] >= reports, what=f"{reports} reports", timeout=PATIENCE_S
        )

    def _give(self, path: Path) -> None:
        """To the user of the stages, where we are somebody else; only root is."""
        if os.geteuid() == 0:
            os.chown(path, 10001, 10001)


def _source(name: str, table: Any) -> str:
    rows = {"name": name, "folder": f"/inbox/{name}", "quiet_s": 0.3, "look_s": 0.5, **table}
    return "\n".join(
        ["[[sources]]", *(f"{key} = {json.dumps(value)}" for key, value in rows.items()), "", ""]
    )


@contextmanager
def reachable(place: str) -> Iterator[tuple[str, int]]:
    """An address of this machine by which containers of every project reach a place that only it can reach."""
    bridge = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()
    relay = subprocess.Popen(
        [sys.executable, "-m", "wats_worker", "relay", "--listen", f"{bridge}:0", "--to", place],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert relay.stderr is not None
    try:
        told = json.loads(relay.stderr.readline())
        yield bridge, int(told["address"].rpartition(":")[2])
    finally:
        relay.terminate()
        relay.communicate(timeout=60)


def docker(*words: str) -> str:
    """Run ``docker``; what it printed."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def running(stacks: Sequence[Stack], *, keep: bool) -> Iterator[None]:
    """Take everything down at the end, images included."""
    try:
        yield
    finally:
        if not keep:
            for stack in stacks:
                stack.compose("--profile", "*", "down", "--volumes", "--timeout", "5", check=False)
            images = docker(
                "images", "--quiet", "--filter", f"reference=wats-worker:{stacks[0].name}-*"
            ).split()
            if images:
                docker("rmi", "--force", *set(images))
