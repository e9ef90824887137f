"""Each health and metrics route, while each thing the line stands on is taken away and given back."""

from contextlib import ExitStack, contextmanager

import pytest
from support import wait_until
from worker.control.monitoring import asked, samples

from wats_broker.access import Scope
from wats_broker.embedded.server import EmbeddedServer
from wats_broker.fleet import Worker
from wats_broker.messages import Done, Offer
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings
from wats_worker.app.door import make_desk as desk_of
from wats_worker.app.line import Line
from wats_worker.control import api
from wats_worker.control.operator import local_token
from wats_worker.control.place import Place
from wats_worker.control.serving import serving
from wats_worker.settings import ControlSettings, ServerSettings, SpoolSettings, WorkerSettings

FILE = "a" * 32


class Plant:
    """A door on a broker of its own, before workers that only tell that they live."""

    def __init__(self, folder, held):
        self.folder, self._held = folder, held
        self._broker = held.enter_context(ExitStack())
        self.settings = WorkerSettings(
            broker=BrokerSettings(url=f"embedded:{folder}/broker", socket_timeout_s=2),
            spool=SpoolSettings(folder=folder / "spool"),
            server=ServerSettings(url="https://plant.example", token="abc"),
            control=ControlSettings(requests_per_minute=100_000, burst=10_000),
        )

    def open(self):
        self.give_broker()
        self.line = Line(self.settings, Stage.CONTROL)
        self._held.callback(self.line.redis.close)
        self.desk = desk_of(self.line, None)
        self.token = local_token(self.settings).get_secret_value()
        place = Place.of(self.settings)
        self._held.enter_context(serving(api.build(self.desk), place))
        self.http = self._held.enter_context(asked(place, token=self.token))
        self.tell()

    def tell(self):
        """What stages tell every few seconds, and the door every second."""
        self.desk.access.admit(self.token, "local", Scope.ADMIN, term_s=600)
        for stage in (Stage.WATCH, Stage.UPLOAD, Stage.CONVERT):
            worker = Worker(f"h-{stage}-1", stage, "h", 1, "1", "1.0", 0.0, jail="strict")
            self.desk.fleet.beat(worker)
            self.desk.redis.persist(self.desk.keys.worker(worker.name))  # however long the test takes

    def give_broker(self):
        self._broker.enter_context(EmbeddedServer(self.folder / "broker"))

    def take_broker(self):
        self._broker.close()

    def routes(self):
        """What every route answers just now: its status, and what it says."""
        told = {}
        for path in ("/health/live", "/health/ready", "/health", "/health/details", "/metrics"):
            answer = self.http.get(path)
            told[path] = (answer.status_code, answer)
        return told

    def metrics(self):
        return samples(self.http.get("/metrics").raise_for_status().text)


@pytest.fixture
def plant(tmp_path):
    with ExitStack() as held:
        plant = Plant(tmp_path, held)
        plant.open()
        yield plant


@contextmanager
def no_broker(plant):
    plant.take_broker()
    yield
    plant.give_broker()
    plant.tell()


@contextmanager
def no_spool(plant):
    away = plant.folder / "away"
    plant.settings.spool.folder.rename(away)
    yield
    away.rename(plant.settings.spool.folder)


@contextmanager
def no_server(plant):
    plant.desk.queue.offer(FILE, [Offer("r1")])
    plant.desk.queue.gate(3600, "the server can't be reached (unreachable)")
    yield
    plant.desk.queue.resume()
    wait_until(lambda: plant.desk.queue.census().gated_s == 0, what="the gate to open")
    plant.desk.queue.settle(plant.desk.queue.lease("p"), Done())


@contextmanager
def no_jail(plant):
    plant.desk.fleet.complain("h-convert-1", "jail", "Landlock is not there any more")
    yield
    plant.desk.fleet.content("h-convert-1", "jail")


#: What is taken away, and what each of the metrics says then.
TAKEN = {
    "broker": (no_broker, ("wats_broker_up", (), 0)),
    "spool": (no_spool, ("wats_spool_writable", (), 0)),
    "server": (no_server, ("wats_lane_state", ("gated",), 1)),
    "jail": (no_jail, ("wats_worker_complaints", ("jail",), 1)),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_away_is_missed_by_every_route_and_found_again(plant, name):
    """Alive all the time; not ready, with its name, as long as it is away; no route ever breaks."""
    take, (metric, labels, away) = TAKEN[name]
    wait_until(lambda: statuses(plant) == {200}, what="a line that is ready", timeout=60)
    assert plant.metrics()[metric][labels] != away

    with take(plant):
        wait_until(lambda: name in failing(plant), what=f"{name} to be missed", timeout=60)
        told = plant.routes()
        assert {path: status for path, (status, _) in told.items() if path != "/metrics"} == {
            "/health/live": 200,
            "/health/ready": 503,
            "/health": 503,
            # Whom a token belongs to is known by the broker alone.
            "/health/details": 503 if name == "broker" else 200,
        }
        if name == "broker":
            assert told["/metrics"][0] == 503
            assert told["/metrics"][1].json()["error"]["code"] == "broker_away"
        else:
            (one,) = [one for one in told["/health/details"][1].json()["dependencies"] if one["name"] == name]
            assert not one["ok"]
            assert one["reason"]
            assert one["fix"]
            wait_until(lambda: plant.metrics()[metric][labels] == away, what="the metric to tell", timeout=60)

    wait_until(lambda: not failing(plant), what=f"{name} to be found again", timeout=60)
    wait_until(lambda: statuses(plant) == {200}, what="all routes", timeout=60)
    wait_until(lambda: plant.metrics()[metric][labels] != away, what="the metric to tell", timeout=60)


def statuses(plant):
    return {status for status, _ in plant.routes().values()}


def failing(plant):
    return plant.http.get("/health").json()["failing"]
