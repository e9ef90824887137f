"""What a conversion knows of the server: the list on the board, its copy on the spool, or nothing."""

import pytest
from support import Clock

from wats_broker.board import OLD_S, Board
from wats_broker.names import Keys
from wats_worker.convert.known import NOTHING, Knowledge
from wats_worker.reports.processes import Copy, Processes
from wats_worker.reports.validate import Finding

PLANT = "https://plant"
FCT = {"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1}
ICT = {"code": 30, "name": "ICT test", "isTestOperation": True, "state": 1}


class Desk:
    """A board, a copy, and a clock."""

    def __init__(self, redis, tmp_path):
        self.redis, self.clock = redis, Clock()
        self.board = Board(redis, Keys())
        self.copy = tmp_path / "processes.json"
        self.knowledge = self.new()

    def new(self, *, board=True, server=PLANT):
        return Knowledge(board=self.board if board else None, copy=self.copy, server=server, clock=self.clock)

    def list(self, *processes, server=PLANT):
        return Copy(server=server, confirmed_at=self.clock(), processes=tuple(Processes.of(processes)))

    def put_up(self, *processes, server=PLANT):
        copy = self.list(*processes, server=server)
        self.board.put_up(
            copy.dump(), version=copy.version, server=server, size=1, confirmed_at=copy.confirmed_at
        )

    def codes(self):
        self.clock.pass_(2)
        known = self.knowledge.now().processes
        return None if known is None else sorted(process.code for process in known)


@pytest.fixture
def desk(fake_redis, tmp_path):
    return Desk(fake_redis, tmp_path)


def test_without_a_list_nothing_is_known(desk):
    """No board, no copy: conversions go on, and the server judges."""
    assert desk.knowledge.now() == NOTHING
    assert desk.knowledge.now().options == {}


def test_the_list_on_the_board_is_known_and_its_change_noticed(desk):
    """Within a second or two."""
    desk.put_up(FCT)
    assert desk.codes() == [60]

    desk.put_up(FCT, ICT)

    assert desk.codes() == [30, 60]
    assert desk.knowledge.now().options == {
        "server_processes": {"T": {"Functional test": [60], "ICT test": [30]}, "R": {}}
    }


def test_a_list_that_did_not_change_is_not_read_again(desk, monkeypatch):
    """It is only confirmed; a look costs one small question."""
    desk.put_up(FCT)
    desk.codes()
    monkeypatch.setattr(desk.board, "text", lambda: pytest.fail("read again"))

    desk.put_up(FCT)

    assert desk.codes() == [60]


def test_the_copy_stands_in_for_a_board_without_memory(desk):
    """And for somebody who has no broker at all."""
    desk.copy.write_text(desk.list(FCT).dump())

    assert desk.codes() == [60]
    assert desk.new(board=False).now().processes.coded(60)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"server": "https://plant"}', "\udcff"])
def test_a_damaged_list_is_none(desk, text):
    """Wherever it comes from."""
    desk.copy.write_text(text, errors="surrogateescape")
    assert desk.codes() is None

    desk.board.put_up(
        text.encode(errors="replace").decode(), version="x", server=PLANT, size=1, confirmed_at=1.0
    )

    assert desk.codes() is None


def test_the_list_of_another_server_is_none(desk):
    """Its codes mean something else here. A configuration without a server takes any."""
    desk.put_up(FCT, server="https://trial")
    assert desk.codes() is None

    assert desk.new(server=None).now().processes.coded(60)


def test_an_old_list_convicts_nobody(desk):
    """A process may be new on the server; what does not hang on the list is convicted all the same."""
    desk.put_up(FCT)
    unknown = Finding(3, "reject", "report.processCode", "61 is not known on this server")
    empty = Finding(2, "reject", "report.sn", "is empty")
    assert desk.knowledge.now().convicts(unknown)

    desk.clock.pass_(OLD_S + 1)

    assert not desk.knowledge.now().convicts(unknown)
    assert desk.knowledge.now().convicts(empty)
    assert not desk.knowledge.now().convicts(Finding(3, "warn", "report.sn", "doubtful"))


def test_a_list_that_is_confirmed_is_fresh_again(desk):
    """The same list, a day later."""
    desk.put_up(FCT)
    desk.clock.pass_(OLD_S + 1)
    assert desk.knowledge.now().old

    desk.put_up(FCT)
    desk.clock.pass_(2)

    assert not desk.knowledge.now().old


def test_a_newer_list_is_only_wished_for_where_there_is_one(desk):
    """Before the first one the upload stage needs no hint."""
    desk.knowledge.want_newer()
    assert not desk.board.look().wanted
    desk.put_up(FCT)
    desk.codes()

    desk.knowledge.want_newer()

    assert desk.board.look().wanted


def test_more_names_than_a_message_takes_are_not_handed_over(desk):
    """The jail's messages are bounded; codes are still checked."""
    desk.put_up(*({"code": n, "name": f"{n:04} {'x' * 90}", "isTestOperation": True} for n in range(1000)))

    assert len(desk.codes()) == 1000
    assert desk.knowledge.now().options == {}
