"""The server's list of processes: asked for seldom, put up for all, and the last good answer stays."""

import threading

import pytest
from redis.exceptions import ConnectionError as BrokerAway
from simulated import running_simulator, wats  # noqa: F401  fixtures
from support import Clock

from wats_broker.board import Board
from wats_broker.names import Keys
from wats_worker.reports.processes import Copy, Processes
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.names import process_list
from wats_worker.upload.client import WatsClient
from wats_worker.upload.processes import ProcessSync

ANSWER = [{"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1}]
HOUR = 3600.0


class Bench:
    """One upload process's sync, its server and the clock everything runs on."""

    def __init__(self, line, loopback):
        self.line, self.loopback = line, loopback
        self.clock = Clock(1_000_000.0)
        self.board = Board(line.redis, Keys())
        self.board.time = self.clock
        self.copy = process_list(line.spool.root)
        self.says(ANSWER)
        self.keep = line.spool.keep_processes
        self.start()

    def start(self, client=None):
        """Begin as a new process."""
        self.sync = ProcessSync(
            client=client or self.line.client,
            board=self.board,
            queue=self.line.queue,
            copy=self.copy,
            keep=self.keep,
            clock=self.clock,
            chance=lambda: 0.5,
        )

    def says(self, body, status=200):
        self.loopback.script = lambda *_: self.loopback.reply(status, body)

    def pass_(self, seconds):
        step = 60.0 if seconds >= HOUR else 10.0
        for _ in range(round(seconds / step)):
            self.clock.pass_(step)
            self.line.redis.delete(Keys().board_turn())  # its term is real time
            self.sync.look()

    @property
    def asked(self):
        return len(self.loopback.requests)

    def known(self):
        return {process.code: process.name for process in Copy.load(self.board.text()).processes}


@pytest.fixture
def bench(line, loopback):
    return Bench(line, loopback)


def test_a_line_that_starts_asks_for_the_list(bench):
    """A few seconds after its start; then it hangs on the board and lies on the spool."""
    bench.sync.look()
    assert bench.asked == 0

    bench.pass_(10)

    assert bench.known() == {60: "Functional test"}
    notice = bench.board.look()
    assert (notice.server, notice.confirmed_at, notice.trouble) == (bench.loopback.url, bench.clock(), "")
    assert Copy.load(bench.copy.read_bytes()).processes == tuple(Processes.of(ANSWER))


def test_the_list_is_asked_for_about_once_an_hour(bench):
    """However often the look is; and one that has not changed keeps its version."""
    bench.pass_(10)
    version = bench.board.look().version

    bench.pass_(10 * HOUR)

    assert 10 <= bench.asked <= 12
    assert bench.board.look().version == version
    bench.says([*ANSWER, {"code": 30, "name": "ICT test"}])
    bench.pass_(2 * HOUR)
    assert bench.known() == {60: "Functional test", 30: "ICT test"}
    assert bench.board.look().version != version


def test_many_processes_ask_as_one(bench):
    """A factory with ten upload processes costs the server one question, at the start as well."""
    for _ in range(10):
        bench.start()
        bench.sync.look()
        bench.clock.pass_(3)
        bench.sync.look()

    assert bench.asked == 1


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (503, "", "503"),
        (401, "", "401"),
        (200, "<html><title>Sign in</title>", "Sign in"),
        (200, [], "is empty"),
        (200, [{"code": "x", "name": "y"}], "[0].code: Input should be a valid integer"),
        (200, [{"code": 1, "name": "x"}] * 5001, "5000"),
    ],
)
def test_an_answer_that_is_none_leaves_the_last_good_one(bench, status, body, told):
    """On the board and on the spool; what is wrong is told, and the server is asked ever more seldom."""
    bench.pass_(10)
    before = bench.asked
    bench.says(body, status)

    bench.pass_(4 * HOUR)

    assert bench.known() == {60: "Functional test"}
    assert Copy.load(bench.copy.read_bytes()).processes
    assert told in bench.board.look().trouble
    assert before + 4 <= bench.asked <= before + 7
    bench.says(ANSWER)
    bench.pass_(HOUR + 800)
    assert bench.board.look().trouble == ""


def test_a_wish_is_heard_at_once(bench):
    """A file names a process that is new on the server, or a person asks; even of a server that was in trouble."""
    bench.says("", 503)
    bench.pass_(HOUR)
    bench.says(ANSWER)
    bench.board.want()

    bench.pass_(10)

    assert bench.known() == {60: "Functional test"}
    assert not bench.board.look().wanted


def test_a_server_that_wants_quiet_is_left_alone(bench):
    """A lane that is paused or gated is no time for questions."""
    bench.line.queue.pause("maintenance until noon")
    bench.pass_(HOUR)
    assert bench.asked == 0

    bench.line.queue.resume()
    bench.pass_(10)

    assert bench.asked == 1


def test_a_broker_without_memory_gets_the_copy_back(bench):
    """At once, and from the spool: the server need not be there."""
    bench.pass_(10)
    confirmed = bench.board.look().confirmed_at
    bench.line.redis.flushall()
    bench.says("", 503)

    bench.pass_(10)

    assert bench.known() == {60: "Functional test"}
    assert bench.board.look().confirmed_at == confirmed


def test_the_list_of_another_server_is_none(bench):
    """The line was tried with one server and now delivers to another."""
    bench.pass_(10)
    bench.line.redis.flushall()
    other = bench.copy.read_text().replace(bench.loopback.url, "https://trial")
    bench.copy.write_text(other)
    bench.says("", 503)
    bench.pass_(20)
    assert bench.board.text() == ""

    bench.board.put_up(other, version="old", server="https://trial", size=1, confirmed_at=bench.clock())
    bench.says(ANSWER)
    bench.pass_(HOUR)

    assert bench.board.look().server == bench.loopback.url


def test_a_full_disk_does_not_keep_the_list_from_the_board(bench):
    """The copy is for worse days."""

    def keep(_text):
        raise SpoolUnusable(bench.line.spool.root, "no space left")

    bench.keep = keep
    bench.start()
    bench.pass_(10)

    assert bench.known() == {60: "Functional test"}


def test_it_runs_until_it_is_told_to_stop(bench, monkeypatch):
    """In its thread, and a broker that is away for a while is no reason to end."""
    monkeypatch.setattr("wats_worker.upload.processes._LOOK_S", 0.01)
    over, looks = threading.Event(), []

    def away():
        looks.append(1)
        if len(looks) == 3:
            over.set()
        raise BrokerAway

    bench.board.look = away
    bench.sync.run(over)

    assert len(looks) == 3


def test_the_simulators_list_is_understood(bench, wats):  # noqa: F811  the fixture
    """By its own route, with inactive processes and repair operations."""
    with WatsClient(url=wats.url, token=wats.token) as client:
        bench.start(client)
        bench.pass_(10)

    copy = Copy.load(bench.board.text())
    known = Processes(copy.processes)
    assert known.by_name()["T"]["Functional test"] == [60]
    assert known.by_name()["R"] == {"Repair": [500], "RMA repair": [510]}
    assert known.coded(500).repair_operation.category("Component").has("Defect Component")
