"""Alive, ready, and what is missing: each thing the line stands on is taken away and given back."""

from contextlib import ExitStack

import httpx
import pytest
from support import wait_until
from worker.control.monitoring import asked

from wats_broker.access import Scope
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.fleet import Worker
from wats_broker.messages import Done, Offer
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings
from wats_worker.app.door import make_desk as desk_of
from wats_worker.app.line import Line
from wats_worker.control import api
from wats_worker.control.models.health import Health
from wats_worker.control.operator import local_token
from wats_worker.control.place import Place
from wats_worker.control.serving import serving
from wats_worker.settings import ConverterSettings, ServerSettings, SpoolSettings, WorkerSettings

FILE = "a" * 32


@pytest.fixture
def settings(tmp_path):
    return WorkerSettings(
        spool=SpoolSettings(folder=tmp_path / "spool"),
        server=ServerSettings(url="https://plant.example", token="abc"),
        sources=[{"name": "ict", "folder": tmp_path}],
    )


@pytest.fixture
def token(desk):
    return desk.access.create("monitor", Scope.READ)[1]


@pytest.fixture
def monitor(place, token):
    with asked(place, token=token) as http:
        yield Monitor(http)


class Monitor:
    """Asks for health as an orchestrator and as a person does."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def ready(self) -> bool:
        return self.http.get("/health/ready", headers={"Authorization": ""}).status_code == 200

    def failing(self) -> list[str]:
        answer = self.http.get("/health", headers={"Authorization": ""})
        assert answer.status_code == (503 if answer.json()["failing"] else 200)
        return answer.json()["failing"]

    def about(self, name):
        health = Health.model_validate(self.http.get("/health/details").raise_for_status().json())
        return next(one for one in health.dependencies if one.name == name)

    def becomes(self, *failing: str) -> None:
        wait_until(
            lambda: self.failing() == list(failing), what=f"{failing or 'nothing'} to fail", timeout=60
        )
        assert self.ready() == (not failing)


def worker(stage, *, jail="", number=1):
    return Worker(f"h-{stage}-{number}", stage, "h", number, "1", "1.0", 0.0, jail=jail)


@pytest.fixture
def alive(desk):
    """A line whose every stage has just told that it lives."""
    workers = [worker(stage) for stage in (Stage.WATCH, Stage.UPLOAD, Stage.ARCHIVE)]
    for one in (*workers, worker(Stage.CONVERT, jail="strict")):
        desk.fleet.beat(one)
        desk.redis.persist(desk.keys.worker(one.name))  # however long the test takes


def test_a_process_that_answers_is_alive(place):
    """Whatever else is wrong: killing it would mend nothing."""
    with asked(place) as http:
        assert http.get("/health/live").json() == {"alive": True}


def test_a_line_that_works_is_ready(alive, monitor):
    """And says so to everybody, without a token."""
    monitor.becomes()

    assert monitor.about("jail").reason == "level strict"


def test_reasons_are_for_those_who_may_read(place):
    """Paths and addresses are nobody else's business."""
    with asked(place) as http:
        answers = [http.get(path) for path in ("/health", "/health/ready", "/health/details")]

    assert [answer.status_code for answer in answers] == [503, 503, 401]
    assert answers[0].json() == {"ready": False, "failing": ["convert", "jail", "server"]}


def test_convert_workers_that_go_and_come(desk, alive, monitor):
    """Without one nothing is converted, and nobody knows of the jail."""
    desk.fleet.gone("h-convert-1")
    monitor.becomes("convert", "jail")
    assert "wats-worker convert" in monitor.about("convert").fix

    desk.fleet.beat(worker(Stage.CONVERT, jail="strict"))
    monitor.becomes()


def test_a_jail_below_its_level(desk, alive, monitor):
    """One worker of many that was started with less is enough to say so."""
    desk.fleet.beat(worker(Stage.CONVERT, jail="limits", number=2))
    monitor.becomes("jail")
    assert monitor.about("jail").reason == "h-convert-2 has one of level limits, and strict is asked for"

    desk.fleet.gone("h-convert-2")
    monitor.becomes()


def test_who_works_outside_the_jail_is_named(make_desk, serve, settings):
    """The level that is asked for, what each worker has built, and those that the operator trusts."""
    trusting = settings.model_copy(
        update={"converters": {"acme": ConverterSettings(trusted=True), "other": ConverterSettings()}}
    )
    desk = make_desk(trusting)
    desk.fleet.beat(worker(Stage.CONVERT, jail="strict"))
    token = desk.access.create("monitor", Scope.READ)[1]
    with asked(serve(trusting, desk), token=token) as http:
        facts = Monitor(http).about("jail").facts

    assert facts == {"required": "strict", "h-convert-1": "strict", "converters outside the jail": "acme"}


def test_a_jail_that_can_no_longer_be_built(desk, alive, monitor):
    """A worker complains while it lives; the line is ready again as soon as it goes on."""
    desk.fleet.complain("h-convert-1", "jail", "Landlock is not there any more")
    monitor.becomes("jail")
    assert monitor.about("jail").reason == "h-convert-1: Landlock is not there any more"

    desk.fleet.content("h-convert-1", "jail")
    monitor.becomes()


def test_a_spool_that_goes_and_comes(desk, alive, monitor):
    """A mount that is gone takes no file."""
    away = desk.spool.root.with_name("away")
    desk.spool.root.rename(away)
    monitor.becomes("spool")
    assert str(desk.spool.root) in monitor.about("spool").fix

    away.rename(desk.spool.root)
    monitor.becomes()


def test_a_server_that_is_away(desk, alive, monitor):
    """Until a report has gone through again, nobody knows that it is back."""
    desk.queue.offer(FILE, [Offer("r1")])
    desk.queue.gate(0.2, "the server can't be reached (unreachable)")
    monitor.becomes("server")
    assert monitor.about("server").reason == "the server can't be reached (unreachable)"

    wait_until(lambda: desk.queue.census().gated_s == 0, what="the gate to open", timeout=60)
    assert monitor.failing() == ["server"]

    desk.queue.settle(desk.queue.lease("p"), Done())
    monitor.becomes()


def test_a_lane_that_is_paused_is_ready_with_its_reason(desk, alive, monitor):
    """Somebody decided it, or has to: a restart would not help."""
    desk.queue.pause("maintenance until noon")
    monitor.becomes()

    assert monitor.about("server").reason == "uploads are paused: maintenance until noon"


def test_a_server_that_asks_for_a_rest_is_there(desk, alive, monitor):
    """Too many requests are no outage."""
    desk.queue.gate(30, "over the token's request limit (429): slow down")

    monitor.becomes()


def test_a_watcher_that_is_missing_is_told_and_does_not_count(desk, alive, monitor):
    """The line still delivers what it has; an alarm is for that, not an orchestrator."""
    desk.fleet.gone("h-watch-1")
    monitor.becomes()

    wait_until(lambda: not monitor.about("watch").ok, what="the missing watcher to be told", timeout=60)


def test_a_broker_that_goes_and_comes(settings, tmp_path):
    """The door stays, says which dependency fails, and is ready again with it."""
    folder = tmp_path / "broker"
    settings = settings.model_copy(update={"broker": BrokerSettings(url=f"embedded:{folder}")})
    with ExitStack() as held:
        with EmbeddedServer(folder):
            line = Line(settings, Stage.CONTROL)
            desk = desk_of(line, None)
            place = Place.of(settings)
            token = local_token(settings).get_secret_value()
            held.enter_context(serving(api.build(desk), place))
            monitor = Monitor(held.enter_context(asked(place, token=token)))
            for stage in (Stage.WATCH, Stage.UPLOAD, Stage.CONVERT, Stage.ARCHIVE):
                desk.fleet.beat(worker(stage, jail="strict"))
            monitor.becomes()

        wait_until(lambda: "broker" in monitor.failing(), what="the broker to be missed", timeout=60)
        assert not monitor.ready()
        assert monitor.http.get("/health/live").status_code == 200
        assert monitor.http.get("/health/details").status_code == 503

        with EmbeddedServer(folder):
            desk.access.admit(token, "local", Scope.ADMIN, term_s=60)
            for stage in (Stage.WATCH, Stage.UPLOAD, Stage.CONVERT, Stage.ARCHIVE):
                desk.fleet.beat(worker(stage, jail="strict"))
            monitor.becomes()
        line.redis.close()


def test_a_disk_that_gets_full_is_told_before_it_is(desk, client):
    """In the status and in the details; the line is ready all the same."""
    desk.spool._slow_bytes = 2**62

    (spool,) = [one for one in client.health().dependencies if one.name == "spool"]

    assert spool.ok
    assert "more slowly" in spool.reason
    assert any("retention" in concern for concern in client.status().concerns)
