"""``wats-worker polls``: how scheduled sources stand, and what one of them would give."""

import json
import sqlite3
from contextlib import closing

import pytest
from doors import open_door
from typer.testing import CliRunner

from wats_broker.names import Keys
from wats_broker.polls import Outcome, Polls
from wats_worker.cli.main import app


@pytest.fixture
def plant(tmp_path, monkeypatch, broker, real_redis):
    """A configuration with two scheduled sources, and a broker that answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    with closing(sqlite3.connect("mes.db")) as database, database:
        database.execute("CREATE TABLE results (id INTEGER PRIMARY KEY, log TEXT)")
        database.executemany("INSERT INTO results VALUES (?, ?)", [(n, f"log {n}") for n in range(1, 6)])
    configuration = f"""
[broker]
url = "{broker.url}"
[spool]
folder = "spool"
[[scheduled]]
name = "mes"
poller = "sql"
every = "5m"
[scheduled.poller_options]
database = "{tmp_path}/mes.db"
query = "SELECT id, log FROM results WHERE id > :cursor ORDER BY id"
cursor = "id"
start = 0
content = "log"
[[scheduled]]
name = "share"
poller = "listing"
cron = "0 6 * * 1-5"
cron_timezone = "Europe/Oslo"
poller_options = {{ folder = "{tmp_path}/not mounted" }}
"""  # noqa: S608 - a path and no query is put in
    (tmp_path / "wats.toml").write_text(configuration)
    return tmp_path


def run(*words: str):
    return CliRunner().invoke(app, words)


def test_they_are_listed_with_how_the_last_poll_went(plant, real_redis):
    """And with when they are asked."""
    polls = Polls(real_redis, Keys())
    _, due = polls.tick("mes", next_at=0)
    polls.begin("mes", due=due, holder="one", term_s=30)
    polls.finish("mes", holder="one", outcome=Outcome.DONE, taken=3)

    with open_door(plant / "wats.toml"):
        mes, share = json.loads(run("polls", "--json").stdout)
        shown = run("polls").stdout

    assert (mes["outcome"], mes["taken"], mes["when"], mes["running"]) == ("done", 3, "every 300 s", False)
    assert (share["began_at"], share["when"]) == (0, "0 6 * * 1-5 Europe/Oslo")
    assert "3 of 3" in shown
    assert "never" in shown


def test_a_trial_shows_what_a_poll_would_give_and_takes_nothing(plant):
    """So many of them; into a folder, for those who want to look."""
    tried = run("polls", "try", "mes", "--count", "2", "--into", "look")

    assert tried.exit_code == 0
    assert "There are more than these 2." in tried.stdout
    assert sorted(path.name for path in (plant / "look").iterdir()) == ["1.txt", "2.txt"]
    assert (plant / "look/1.txt").read_text() == "log 1"
    assert not (plant / "spool").exists()


def test_a_trial_says_why_a_source_does_not_answer(plant):
    """Exit code 1, reason and fix."""
    tried = run("polls", "try", "share")

    assert tried.exit_code == 1
    assert "not mounted can't be listed: No such file or directory; mount it" in tried.stdout


def test_a_source_can_be_polled_now(plant, real_redis):
    """Whatever its schedule; but not twice at a time."""
    with open_door(plant / "wats.toml"):
        assert run("polls", "now", "mes").exit_code == 0
        (message,) = real_redis.lrange("wats:celery:poll.v1", 0, -1)
        assert "s3cret" not in message
        due = Polls(real_redis, Keys()).states(["mes"])[0].due_at
        Polls(real_redis, Keys()).begin("mes", due=round(due * 1000), holder="one", term_s=30)

        again = run("polls", "now", "mes")
        nowhere = run("polls", "now", "nowhere")

    assert (again.exit_code, "running" in again.stderr) == (1, True)
    assert (nowhere.exit_code, "there is mes, share" in nowhere.stderr) == (2, True)


def test_a_source_that_is_not_there_is_told(plant):
    """With those that are."""
    tried = run("polls", "try", "msе")

    assert tried.exit_code == 2
    assert "there is mes, share" in tried.stderr


def test_the_status_misses_the_stages_they_need(plant, real_redis):
    """Without a clock and a worker nobody is asked."""
    with open_door(plant / "wats.toml"):
        status = json.loads(run("status", "--json").stdout)

    assert [one["source"] for one in status["scheduled"]] == ["mes", "share"]
    assert any("no poll and no beat worker is alive" in concern for concern in status["concerns"])


def test_the_doctor_looks_at_them(plant):
    """Whether they could be asked; a trial shows whether they answer."""
    (plant / "wats.toml").write_text((plant / "wats.toml").read_text().replace('"listing"', '"listings"'))

    found = {(one["area"], one["what"]): one for one in json.loads(run("doctor", "--json").stdout)}

    assert found["source mes", "poller"]["health"] == "good"
    assert found["source share", "poller"]["found"] == "poller: there is no poller 'listings'"
