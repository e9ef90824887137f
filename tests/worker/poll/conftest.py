"""The poll stage at work: real broker, real spool, real processes for the pollers; no Celery worker."""

import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from worker.lines import Line

from wats_broker.polls import Polls, PollState
from wats_broker.queue import QueueLimits
from wats_broker.settings import BrokerSettings
from wats_worker.intake.take import Intake
from wats_worker.intake.turns import Turns
from wats_worker.poll.polling import Polling
from wats_worker.settings import ScheduledSource, WorkerSettings

HEAD = """
import os, signal, sys, time
from pydantic import SecretStr
from wats_worker.pollers import base
from wats_worker.pollers.base import Item, More, NotYet, Unreachable

NAME, TITLE, VERSION = "acme", "Acme", "1"

class Options(base.Options):
    word: str = ""
    count: int = 3
    password: SecretStr | None = None

def items(cursor, first=0, many=3):
    for n in range(first, first + many):
        yield Item(key=f"{n}", name=f"{n}.csv", content=f"content {n}".encode(), cursor=n)
"""


class Plant:
    """A factory with a scheduled source ``mes``, whose poller is what a test says."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.polls = Polls(line.redis, line.keys)
        self.stop = threading.Event()
        self.plugins = line.root / "pollers"
        self.plugins.mkdir(exist_ok=True)

    def poller(self, body: str) -> None:
        """Write the poller: a module with ``poll(options, cursor)`` of this body, after ``HEAD``."""
        code = textwrap.dedent(body)
        if "def poll" not in code:
            code = f"def poll(options, cursor):\n{textwrap.indent(code, '    ')}"
        (self.plugins / "acme.py").write_text(f"{HEAD}\n{code}\n")

    def settings(self, **changes: Any) -> WorkerSettings:
        source = {"name": "mes", "poller": "acme", "every": 300, "limit_s": 20, **changes}
        return WorkerSettings(
            broker=self.line.broker,
            poll={"plugins": self.plugins},
            pollers={"acme": {"trusted": True}},
            scheduled=[source],
        )

    def polling(self, *, term_s: float = 30.0, **changes: Any) -> Polling:
        return Polling(
            self.settings(**changes),
            worker="poll-1",
            polls=self.polls,
            spool=self.line.spool,
            queue=self.line.queue,
            journal=self.line.journal,
            intake=self._intake,
            stop=self.stop.is_set,
            term_s=term_s,
        )

    def poll(self, **changes: Any) -> PollState:
        """Tick, poll, and say how it ended."""
        _, due = self.polls.tick("mes", asked=True)
        self.polling(**changes).run("mes", due)
        return self.state

    @property
    def state(self) -> PollState:
        return self.polls.states(["mes"])[0]

    @property
    def trouble(self) -> str:
        """What is said about the source."""
        return "; ".join(trouble.reason for trouble in self.line.journal.troubles("mes"))

    @property
    def taken(self) -> dict[str, str]:
        """What is in the spool: names and contents."""
        spool = self.line.spool
        return {spool.meta(file).name: spool.source(file).read_text() for file in spool.waiting()}

    @property
    def memory(self) -> Path:
        return self.line.spool.polled("mes")

    def _intake(self, source: ScheduledSource) -> Intake:
        line = self.line
        action, done = line.post_action(source.name)
        return Intake(
            source=source.name,
            priority=source.priority,
            keep=False,
            action=action,
            done=done,
            spool=line.spool,
            queue=line.queue,
            journal=line.journal,
            dispatch=line.dispatch,
            turns=Turns(),
        )


@pytest.fixture
def make_plant(tmp_path: Path, real_redis: Redis, broker: BrokerSettings) -> Iterator[Callable[..., Plant]]:
    plants: list[Plant] = []

    def make(**limits: Any) -> Plant:
        plants.append(Plant(Line(tmp_path, real_redis, broker, QueueLimits(**limits))))
        return plants[-1]

    yield make
    for plant in plants:
        plant.line.spool.close()
        plant.line.celery.close()


@pytest.fixture
def plant(make_plant: Callable[..., Plant]) -> Plant:
    return make_plant()
