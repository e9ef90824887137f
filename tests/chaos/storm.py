"""A storm from its first to its last act, the calm after it, and what is found then."""

import itertools
import json
import random
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from chaos import tide
from chaos.audit import Findings, audit
from chaos.faults import NobodyThere, inject
from chaos.keys import stray_keys
from chaos.plan import Act, Plan
from chaos.proxy import Proxy
from chaos.rig import Rig, small_disk
from redis.exceptions import RedisError
from support import wait_until

from wats_broker.errors import BrokerError
from wats_worker.simulator.running import Simulator

#: How long everything may take to arrive when nothing is broken any more.
CALM_S = 240.0
#: And what is left over may take to be gone.
GONE_S = 60.0
#: Slow enough that there is a queue in front of the server, and requests under way, for the faults to hit.
LATENCY_MS = 150.0


@dataclass
class Figures:
    """What a storm has come to."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)  #: what was done, by kind
    answers: Counter[str] = field(
        default_factory=Counter
    )  #: requests that met a fault of the server, by kind
    files: int = 0
    findings: Findings = field(default_factory=Findings)
    queue_max: int = 0
    in_flight_max: int = 0
    longest_stall_s: float = 0.0  #: without a delivery while something waited
    drain_s: float = 0.0  #: from the last mend until everything was at rest
    strays: list[str] = field(default_factory=list)  #: processes and keys that should not be there

    def as_json(self) -> str:
        """The line for scripts."""
        found = self.findings
        return json.dumps(
            {
                "faults": dict(sorted((self.faults + self.answers).items())),
                "files": self.files,
                "reports": found.reports,
                "attempts": found.attempts,
                "acknowledged": found.acknowledged,
                "lost": len(found.lost) + len(found.waiting),
                "unexpected": len(found.unexpected),
                "duplicated": found.duplicated,
                "recovered": found.recovered,
                "doubled": len(found.doubled),
                "queue_max": self.queue_max,
                "in_flight_max": self.in_flight_max,
                "longest_stall_s": round(self.longest_stall_s, 1),
                "drain_s": round(self.drain_s, 1),
            }
        )

    @property
    def troubles(self) -> list[str]:
        """Everything that must not be, in words."""
        found = self.findings
        return [*found.lost, *found.unexpected, *found.doubled, *found.waiting, *self.strays]


def run(plan: Plan, folder: Path, *, huge_steps: int = tide.HUGE, say: Any = print) -> Figures:
    """Let a storm pass over a line of its own.

    Args:
        plan: What to do.
        folder: An empty folder.
        huge_steps: Size of the huge file.
        say: Told what is going on.
    """
    with ExitStack() as held:
        mounted = held.enter_context(small_disk(folder / "disk"))
        server = held.enter_context(Simulator(folder / "server.sqlite", rate=0, latency_ms=LATENCY_MS))
        proxy = held.enter_context(Proxy(server.port))
        rig = Rig(folder, folder / "disk", server, proxy)
        storm = _Storm(plan, rig, say)
        if not mounted:
            say("the spool has no disk of its own: mounting one takes root, so it will not be full")
        rig.start()
        try:
            figures = storm.pass_over(huge_steps)
        finally:
            exit_code = rig.stop()
        storm.look()
        if exit_code:
            figures.strays.append(f"the line ended with {exit_code}")
        return figures


class _Storm:
    def __init__(self, plan: Plan, rig: Rig, say: Any) -> None:
        self._plan = plan
        self._rig = rig
        self._say = say
        self._dice = random.Random(plan.seed)
        self._figures = Figures(plan.seed)
        self._dropped: list[tide.Dropped] = []
        # One condition of the server, and of the line to it, at a time.
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def pass_over(self, huge_steps: int) -> Figures:
        """Do all that is planned, then wait for the calm."""
        rig, figures = self._rig, self._figures
        wait_until(rig.lives, what=f"the line to live; see {rig.log}", timeout=60)
        self._began = time.monotonic()
        with Watch(rig) as watch:
            threads = [threading.Thread(target=self._drop_all, args=(huge_steps,), name="tide")]
            threads += [
                threading.Thread(target=self._do, args=(act,), name=act.fault) for act in self._plan.acts
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            mended = time.monotonic()
            self._say(
                f"seed {self._plan.seed}: {figures.faults.total()} faults in {mended - self._began:.0f} s; now the calm"
            )
            self._await_rest()
            figures.drain_s = time.monotonic() - mended
            figures.strays += stray_keys(rig.line, patience_s=GONE_S)
        figures.queue_max, figures.longest_stall_s = watch.deepest, watch.longest_stall_s
        return figures

    def _do(self, act: Act) -> None:
        _sleep_until(self._began + act.at_s)
        dice = random.Random(f"{self._plan.seed}:{act}")
        target = act.fault.partition("-")[0]
        with self._turns[target] if target in {"server", "link"} else nullcontext():
            try:
                with inject(self._rig, act.fault, dice):
                    self._figures.faults[act.fault] += 1
                    self._tell(f"{act.fault} for {act.lasts_s} s" if act.lasts_s else act.fault)
                    time.sleep(act.lasts_s)
            except NobodyThere as why:
                self._tell(f"{act.fault}: not done, {why}")
            except Exception as problem:  # noqa: BLE001 - in a thread of its own: nobody else would hear of it
                self._figures.strays.append(f"{act.fault} could not be mended: {problem!r}")

    def _tell(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def _drop_all(self, huge_steps: int) -> None:
        files: Iterator[tide.Dropped] = tide.files(self._plan.seed)
        for wave in self._plan.waves:
            _sleep_until(self._began + wave.at_s)
            batch = (
                [tide.huge(self._plan.seed, huge_steps)] if wave.huge else itertools.islice(files, wave.count)
            )
            for file in batch:
                self._drop(file)

    def _drop(self, file: tide.Dropped) -> None:
        """As a tester does: half of them write elsewhere and move it in, the others in place."""
        inbox = self._rig.inbox(file.source)
        hidden = inbox / f".{file.name}.part"
        if self._dice.random() < 0.5:
            hidden.write_bytes(file.content)
            hidden.rename(inbox / file.name)
        else:
            with (inbox / file.name).open("wb") as target:
                half = len(file.content) // 2
                target.write(file.content[:half])
                target.flush()
                target.write(file.content[half:])
        self._dropped.append(file)

    def _await_rest(self) -> None:
        rig = self._rig
        sources = list(tide.SOURCES)

        def at_rest() -> bool:
            incoming = rig.spool / "incoming"
            return (
                not any(any(rig.inbox(name).iterdir()) for name in sources)
                and not any((rig.spool / "files").iterdir())
                and not any((rig.spool / "finished").iterdir())
                and not any(incoming.glob("*/*/*/source"))
            )

        # What is not at rest by then is found by the audit.
        end = time.monotonic() + CALM_S
        while not at_rest() and time.monotonic() < end:
            time.sleep(0.1)

    def look(self) -> None:
        """Compare what there is with what there should be, when the line has stopped."""
        rig, figures = self._rig, self._figures
        end = time.monotonic() + GONE_S
        while (left := rig.all()) and time.monotonic() < end:
            time.sleep(0.1)
        figures.strays += [
            f"process {process.pid} is still there: {' '.join(process.cmdline()[:6])}" for process in left
        ]
        # Empty corners are taken away by the next start; one with bytes in it would be a file in two places.
        figures.strays += [
            f"{path} was left behind" for path in (rig.spool / "incoming").glob("*/*/*/source")
        ]
        requests = list(rig.server.requests())
        figures.files = len(self._dropped)
        figures.in_flight_max = rig.server.state()["max_in_flight"]
        figures.answers = Counter(f"answer-{request['fault']}" for request in requests if request["fault"])
        inboxes = {name: rig.inbox(name) for name in tide.SOURCES}
        figures.findings = audit(self._dropped, inboxes, rig.spool, rig.server.reports(), requests)


class Watch:
    """Looks at depth and deliveries ten times a second, whatever the weather."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")
        self.deepest = 0
        self.longest_stall_s = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        stored, since = 0, time.monotonic()
        while not self._over.wait(0.1):
            depth = self._depth()
            self.deepest = max(self.deepest, depth or 0)
            now, there = time.monotonic(), self._stored()
            # An unknown depth is a broker that is away, which is no excuse.
            if there != stored or depth == 0:
                stored, since = there, now
            self.longest_stall_s = max(self.longest_stall_s, now - since)

    def _depth(self) -> int | None:
        with suppress(RedisError, BrokerError):
            return self._rig.line.queue.census().depth
        return None

    def _stored(self) -> int:
        with closing(sqlite3.connect(f"file:{self._rig.server.settings.store}?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM reports").fetchone()[0])


def _sleep_until(at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))
