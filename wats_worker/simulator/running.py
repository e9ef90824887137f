"""A simulator in a process of its own, for tests, the demo and benchmarks."""

import secrets
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import httpx
from pydantic import TypeAdapter

from wats_worker.simulator.faults import ANY_POST, Fault, Kind, Mix
from wats_worker.simulator.settings import Changes, SimulatorSettings, Token

_SETTINGS = TypeAdapter(SimulatorSettings)
_FAULTS = TypeAdapter(list[Fault])
_MIX = TypeAdapter(Mix)
_READY_S = 20.0
_END_S = 10.0


class Simulator:
    """Starts, stops, kills and restarts one simulator on one port and one store, and asks it for the truth.

    ``stop`` and ``kill`` take the server away: connections are refused until ``start``.

        with Simulator(tmp_path / "wats.sqlite", latency_ms=200) as wats:
            client = httpx.Client(base_url=wats.url, headers=wats.headers)
    """

    def __init__(self, store: Path, **settings: Any) -> None:
        """Prepare a simulator; settings are the fields of ``SimulatorSettings``."""
        given = {"tokens": (Token(secrets.token_urlsafe(16)),), "control_token": secrets.token_urlsafe(16)}
        self.settings = SimulatorSettings(store=store, **given | settings)
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._control = httpx.Client(timeout=30)

    @property
    def token(self) -> str:
        """The first token, as a client shows it."""
        return self.settings.tokens[0].secret

    @property
    def headers(self) -> dict[str, str]:
        """What a client of the first token sends with every request."""
        return {"Authorization": f"Basic {self.token}"}

    @property
    def port(self) -> int:
        """Where it listens; the same after a restart."""
        return self.settings.port

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._process.pid if self._process else None

    # Life

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._control.close()

    def start(self) -> Self:
        """Start, and return when connections are taken.

        Raises:
            RuntimeError: it did not come up.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "wats_worker.simulator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        assert process.stdin is not None  # noqa: S101 - as asked for above
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(_SETTINGS.dump_json(self.settings).decode() + "\n")
        process.stdin.flush()
        impatience = threading.Timer(_READY_S, process.kill)
        impatience.start()
        url = process.stdout.readline().strip()
        impatience.cancel()
        if not url:
            self.kill()
            raise RuntimeError("the simulator did not start; its error output says why")
        self.url = url
        # A restart takes the same port, and does not script the same faults again.
        self.settings = replace(self.settings, port=httpx.URL(url).port or 0, faults=())
        return self

    def stop(self) -> None:
        """End it in good order; what is under way gets a second."""
        if self._process:
            self._process.terminate()
            self._gone()

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        if self._process:
            self._process.kill()
            self._gone()

    def _gone(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        self._control.close()
        self._control = httpx.Client(timeout=30)  # the old one may hold a dead connection

    # Control

    def change(self, **changes: Any) -> None:
        """Change settings of the running simulator, see ``settings.Changes``. They outlive a restart."""
        made = Changes(**changes)
        self._call("PATCH", "settings", content=made.model_dump_json(exclude_unset=True))
        self.settings = made.of(self.settings)

    def fault(self, kind: Kind | str, **details: Any) -> None:
        """Script one fault for the next call, or the next ``times`` calls; see ``faults.Fault``."""
        self.script([Fault(Kind(kind), **details)])

    def script(self, faults: Iterable[Fault]) -> None:
        """Script several faults, taken in this order."""
        self._call("POST", "faults", content=_FAULTS.dump_json(list(faults)))

    def mix(
        self, shares: Mapping[Kind | str, float], *, seed: int = 0, on: str = ANY_POST, seconds: float = 120.0
    ) -> None:
        """Let each kind of fault hit its share of the calls, at random but the same for the same seed.

        The mix outlives a restart, and starts again with its seed.
        """
        made = Mix({Kind(kind): share for kind, share in shares.items()}, seed=seed, on=on, seconds=seconds)
        self._call("PUT", "faults/mix", content=_MIX.dump_json(made))
        self.settings = replace(self.settings, mix=made)

    def clear_faults(self) -> None:
        """No faults any more."""
        self._call("DELETE", "faults")
        self.settings = replace(self.settings, mix=Mix())

    def forget(self) -> None:
        """Be as new."""
        self._call("DELETE", "everything")

    # Truth

    def state(self) -> dict[str, Any]:
        """``reports``, ``in_flight``, ``max_in_flight``, ``requests``, ``statuses``, ``faults_waiting``."""
        state = self._call("GET", "state")
        return state | {"statuses": {int(status): count for status, count in state["statuses"].items()}}

    def reports(self) -> Iterator[dict[str, Any]]:
        """Every stored report in the order of first arrival, without bodies."""
        return self._pages("reports")

    def body(self, uuid: str) -> str:
        """A stored report exactly as it was sent last."""
        return str(self._call("GET", f"reports/{uuid}")["body"])

    def requests(self, *, status: int | None = None) -> Iterator[dict[str, Any]]:
        """The log of requests; status 0 stands for a connection that was cut."""
        return self._pages("requests", **({} if status is None else {"status": status}))

    def _pages(self, name: str, **options: int) -> Iterator[dict[str, Any]]:
        after: int | None = 0
        while after is not None:
            page = self._call("GET", name, params={"after": after, "count": 5000, **options})
            yield from page[name]
            after = page["next"]

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        url = httpx.URL(self.url).join(f"/_simulator/{path}")  # the prefix does not hold here
        headers = {"Authorization": f"Bearer {self.settings.control_token}"}
        answer = self._control.request(method, url, headers=headers, **options)
        if answer.is_error:
            raise ValueError(f"the simulator's control door answered {answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found
