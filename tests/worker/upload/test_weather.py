"""Several drains, a server in a process of its own, and all kinds of weather between them."""

import threading
import time
from collections import Counter
from typing import Self

import pytest
from support import wait_until

from wats_broker.journal import Journal
from wats_broker.names import Keys
from wats_broker.queue import QueueLimits, UploadQueue
from wats_worker.simulator.running import Simulator
from wats_worker.simulator.settings import Mode
from wats_worker.upload.breaker import Breaker
from wats_worker.upload.client import WatsClient
from wats_worker.upload.delivery import Delivery
from wats_worker.upload.drain import Drain
from wats_worker.upload.schedule import Schedule

pytestmark = pytest.mark.slow

WIDTH = 3


class Crew:
    """What Celery does for two upload processes: a thread for each permit, and a look for those that are missing."""

    def __init__(self, line, wats: Simulator, redis, **patience: float) -> None:
        line.clock = None
        self.queue = line.queue = UploadQueue(redis, Keys(), limits=QueueLimits(width=WIDTH))
        self.journal = line.journal = Journal(redis, Keys())
        self.line = line
        self.clients = [WatsClient(url=wats.url, token=wats.token, **patience) for _ in range(2)]
        self.drains = [self._drain(client) for client in self.clients]
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._sweep)]

    def _drain(self, client: WatsClient) -> Drain:
        deliver = Delivery(
            queue=self.queue,
            spool=self.line.spool,
            journal=self.journal,
            client=client,
            finish=self.line.finish,
            archived=lambda _: [],
            wake=self.wake,
            breaker=Breaker(),
            schedule=Schedule(retries=(0.5, 1, 2)),
        ).run
        return Drain(queue=self.queue, deliver=deliver, wake=self.wake)

    def wake(self, permits) -> None:
        for permit in permits:
            drain = self.drains[len(self.threads) % len(self.drains)]
            thread = threading.Thread(
                target=drain.run, args=(permit,), kwargs={"stop": self.over, "budget_s": 5}
            )
            self.threads.append(thread)
            thread.start()

    def _sweep(self) -> None:
        while not self.over.wait(0.5):
            self.wake(self.queue.wake())

    def __enter__(self) -> Self:
        self.threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()
        for client in self.clients:
            client.close()

    def all_delivered(self, count: int) -> None:
        wait_until(
            lambda: self.queue.census().delivered == count, what=f"{count} reports delivered", timeout=60
        )


@pytest.fixture
def wats(tmp_path):
    with Simulator(tmp_path / "wats.sqlite", mode=Mode.LENIENT, rate=0, rate_window_s=2.0) as wats:
        yield wats


@pytest.fixture
def make_crew(line, wats, real_redis):
    return lambda **patience: Crew(line, wats, real_redis, **patience)


def test_after_an_outage_everything_is_delivered_at_once(line, wats, make_crew):
    """No report has used up an attempt, none waits for its turn any longer, none was sent twice."""
    wats.change(latency_ms=5)
    with make_crew() as crew:
        wats.kill()
        ids = [line.put(f"file{n}", reports=2)[1] for n in range(50)]
        crew.over.wait(3)
        back = time.monotonic()
        wats.start()
        started = time.monotonic()
        crew.all_delivered(100)
        took = time.monotonic() - started

    state = wats.state()
    attempts = Counter(
        event.facts["attempt"]
        for record in crew.journal.recent(count=50)
        for event in crew.journal.file(record.file_id).story
        if event.event == "report_delivered"
    )
    assert {report["uuid"] for report in wats.reports()} == {i for pair in ids for i in pair}
    assert state["requests"] == 100
    assert state["max_in_flight"] <= WIDTH
    assert attempts == {1: 100}
    assert took < 5 + started - back


def test_a_hail_of_faults_stores_every_report_once(line, wats, make_crew):
    """Cut before and after, 500, 502, 503, 429, empty answers: under its own id each, and none for a person."""
    shares = {"cut-before": 0.05, "cut-after": 0.05, "500": 0.1, "502": 0.05, "503": 0.05, "429-bare": 0.02}
    wats.mix({**shares, "empty": 0.03, "object": 0.1}, seed=7)
    with make_crew() as crew:
        ids = [line.put(f"file{n}")[1] for n in range(40)]
        crew.all_delivered(40)

    assert {report["uuid"] for report in wats.reports()} == {i for [i] in ids}
    assert wats.state()["max_in_flight"] <= WIDTH
    assert crew.queue.census().buried == 0
    assert not list(line.spool.waiting())


def test_a_token_with_a_narrow_limit_costs_time_and_nothing_else(line, wats, make_crew):
    """429 with Retry-After: everybody waits as told, and no report pays for it."""
    wats.change(rate=15)
    with make_crew() as crew:
        for n in range(40):
            line.put(f"file{n}")
        crew.all_delivered(40)

    refused = wats.state()["statuses"][429]
    assert 1 <= refused <= 3 * WIDTH
    assert crew.queue.census().buried == 0


def test_a_server_that_hangs_is_left_alone_until_it_is_well(line, wats, make_crew):
    """It takes connections and says nothing; a report at a time finds out when that is over."""
    wats.fault("stall", times=5, seconds=30)
    with make_crew(connect_s=0.5, read_s=0.5) as crew:
        for n in range(20):
            line.put(f"file{n}")
        crew.all_delivered(20)

    assert crew.queue.census().buried == 0
    assert len(list(wats.reports())) == 20
