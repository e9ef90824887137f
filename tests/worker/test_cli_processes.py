"""``wats-worker processes``, and what ``status`` and ``doctor`` say about the list."""

import json
import threading
import time

import pytest
from doors import open_door
from support import wait_until
from typer.testing import CliRunner

from wats_broker.board import Board
from wats_broker.fleet import Fleet, Worker
from wats_broker.names import Keys
from wats_worker.cli.main import app
from wats_worker.reports.processes import Copy, Processes

PLANT = "https://plant.example"
LIST = [
    {"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1},
    {"code": 90, "name": "Burn In", "isTestOperation": True, "state": 0},
    {"code": 500, "name": "Repair", "isRepairOperation": True, "state": 1},
]


class Plant:
    """A configuration, a broker and a board."""

    def __init__(self, folder, redis, url):
        self.folder, self.redis = folder, redis
        self.board = Board(redis, Keys())
        (folder / "token").write_text("dGVzdDp0ZXN0")
        self.configure(url)

    def configure(self, url, control="control"):
        (self.folder / "wats.toml").write_text(
            f'[broker]\nurl = "{url}"\n[server]\nurl = "{PLANT}"\ntoken_file = "token"\n[spool]\nfolder = "spool"\n[control]\nfolder = "{control}"\n'
        )

    def copy(self, age_s=0.0):
        return Copy(server=PLANT, confirmed_at=time.time() - age_s, processes=tuple(Processes.of(LIST)))

    def put_up(self, age_s=0.0):
        copy = self.copy(age_s)
        self.board.put_up(
            copy.dump(), version=copy.version, server=PLANT, size=3, confirmed_at=copy.confirmed_at
        )


@pytest.fixture
def plant(tmp_path, monkeypatch, real_redis, broker):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    plant = Plant(tmp_path, real_redis, broker.url)
    with open_door(tmp_path / "wats.toml"):
        yield plant


def run(*words):
    return CliRunner().invoke(app, words)


def test_the_list_is_shown(plant):
    """Codes, names, what they are for, and how old it all is."""
    plant.put_up(age_s=600)

    result = run("processes")

    assert result.exit_code == 0
    assert "Functional test" in result.stdout
    assert "not active" in result.stdout
    assert f"3 processes of {PLANT}, confirmed 10 min ago" in result.stdout
    told = json.loads(run("processes", "--json").stdout)
    assert (told["server"], told["old"], told["trouble"]) == (PLANT, False, None)
    assert told["processes"][2] == {
        "code": 500, "name": "Repair", "test": False, "repair": True, "wip": False, "active": True,
    }  # fmt: skip


def test_without_a_list_that_is_said_with_the_reason(plant):
    """Exit code 1, here and in the status."""
    plant.board.tell_trouble("no list of processes from https://plant.example: 403")

    result = run("processes")
    status = json.loads(run("status", "--json").stdout)

    assert result.exit_code == 1
    assert "not known; codes are not checked" in result.stderr
    assert "403" in result.stderr
    assert status["processes"] == {
        "known": 0, "age_s": None, "trouble": "no list of processes from https://plant.example: 403",
    }  # fmt: skip
    assert any("codes are not checked" in concern and "403" in concern for concern in status["concerns"])


def test_an_old_list_is_a_concern(plant):
    """After a day without a confirmation, and not before."""
    plant.put_up(age_s=3600)
    plant.board.tell_trouble("503")
    assert not [one for one in json.loads(run("status", "--json").stdout)["concerns"] if "processes" in one]

    plant.put_up(age_s=3 * 86400)
    plant.board.tell_trouble("503")

    concerns = json.loads(run("status", "--json").stdout)["concerns"]
    assert "the list of the server's processes is 3 days old, so it decides nothing: 503" in concerns
    looks = {look["area"]: look for look in json.loads(run("doctor", "--json").stdout)}
    assert looks["server"]["found"] == "3, confirmed 72.0 h ago: too old to decide anything"


def test_without_a_broker_the_copy_is_shown(plant):
    """What lies on the spool can be read at any time."""
    (plant.folder / "spool").mkdir(exist_ok=True)
    (plant.folder / "spool/processes.json").write_text(plant.copy().dump())
    plant.configure(f"embedded:{plant.folder}/nobody", control="elsewhere")

    result = run("processes")

    assert result.exit_code == 0
    assert "3 processes of" in result.stdout


class TestSync:
    def upload_lives(self, plant):
        Fleet(plant.redis, Keys()).beat(Worker("u", "upload", "host", 1, "0", "1.0", 1.0))

    def answered(self, plant, answer):
        """Somebody who does the upload stage's part."""

        def answer_when_asked():
            wait_until(lambda: plant.board.look().wanted, what="the wish")
            answer()

        helper = threading.Thread(target=answer_when_asked)
        helper.start()
        result = run("processes", "sync")
        helper.join()
        return result

    def test_the_upload_stage_is_asked(self, plant):
        """And what it brings is told."""
        self.upload_lives(plant)

        result = self.answered(plant, plant.put_up)

        assert result.exit_code == 0
        assert f"3 processes of {PLANT}, and the list has changed" in result.stdout

    def test_trouble_is_told(self, plant):
        """Exit code 1 with the server's words."""
        self.upload_lives(plant)

        result = self.answered(plant, lambda: plant.board.tell_trouble("no list: 503"))

        assert result.exit_code == 1
        assert "no list: 503" in result.stderr

    def test_where_nobody_uploads_nobody_asks(self, plant):
        """Nobody else may speak with the server."""
        result = run("processes", "sync")

        assert result.exit_code == 2
        assert "no upload worker is alive" in result.stderr
