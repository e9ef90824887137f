"""The operator at the machine: the stage that keeps the door, and ``wats-worker token``."""

import json
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest
from doors import open_door
from support import free_port, wait_until
from typer.testing import CliRunner

from wats_broker.names import Stage
from wats_worker.app.door import run_control
from wats_worker.app.line import Line
from wats_worker.cli.main import app
from wats_worker.control.client import Client, NoDoor
from wats_worker.control.serving import CannotListen
from wats_worker.settings import load


@pytest.fixture
def config(tmp_path, broker, real_redis):
    """A configuration file of a line whose broker runs."""
    file = tmp_path / "wats.toml"
    file.write_text(f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n')
    return file


@pytest.fixture
def start(config):
    """Starts the control stage in this process; gives its line. It ends with the test."""
    with ExitStack() as held:
        yield lambda: held.enter_context(open_door(config))


@pytest.fixture
def say(config):
    """One command line: exit code and what was printed."""

    def say(*words):
        result = CliRunner().invoke(app, [*words, "--config", str(config)])
        return result.exit_code, result.stdout

    return say


def test_a_stage_that_keeps_the_door_is_one_of_the_line(start):
    """It beats, and says where it is."""
    line = start()

    (worker,) = line.fleet.alive()

    assert worker.stage == "control"
    assert worker.work.startswith("unix:/")


def test_a_broker_that_forgets_everything_does_not_shut_the_operator_out(start):
    """The token is entered again within a second."""
    line = start()
    line.redis.flushall()

    def comes_in():
        with Client.local(line.settings) as control:
            try:
                return control.tokens().tokens
            except Exception:  # noqa: BLE001  not yet
                return False

    wait_until(comes_in, what="the operator to come in again")


def test_tokens_are_made_listed_changed_and_ended(start, say):
    """Their text is on the standard output, alone, so that a script can take it."""
    start()

    code, text = say("token", "create", "screen in hall 3", "--scope", "operate", "--days", "30")
    assert (code, text.startswith("wats_"), text.count("\n")) == (0, True, 1)
    listed = json.loads(say("token", "list", "--json")[1])
    assert [(one["name"], one["scope"]) for one in listed] == [
        ("local", "admin"),
        ("screen in hall 3", "operate"),
    ]
    made = listed[1]["id"]
    assert made in say("token", "list")[1]
    assert say("token", "rotate", made)[1] != text
    assert say("token", "revoke", made)[0] == 0

    events = [one["event"] for one in json.loads(say("token", "notes", "--json")[1])]
    assert events == ["token_revoked", "token_rotated", "token_created"]
    assert "token_revoked" in say("token", "notes")[1]


def test_the_operators_own_token_is_changed_in_its_file(start, say):
    """A second text for it would be overwritten by the first one a second later."""
    start()
    (own,) = json.loads(say("token", "list", "--json")[1])

    assert say("token", "rotate", own["id"])[0] == 2
    assert say("token", "revoke", own["id"])[0] == 2


def test_a_name_that_is_none_is_said_in_a_line(start, config):
    """And not as a stack of Python."""
    start()
    result = CliRunner().invoke(app, ["token", "create", "two\nlines", "--config", str(config)])

    assert result.exit_code == 2
    assert "name" in result.stderr


def test_where_nobody_opens_the_command_says_what_to_start(say, config):
    """It is no mistake of the configuration."""
    result = CliRunner().invoke(app, ["token", "list", "--config", str(config)])

    assert result.exit_code == 2
    assert "wats-worker up" in result.stderr


def test_a_door_to_the_network_without_tls_is_warned_of(config, start, caplog):
    """Tokens could be read there."""
    config.write_text(config.read_text() + f'[control]\nlisten = "0.0.0.0:{free_port()}"\n')

    start()

    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == ["door_unprotected"]


def test_a_private_place_that_can_not_be_made_stops_the_stage(config, tmp_path):
    """It says which folder to change."""
    (tmp_path / "file").write_text("")
    config.write_text(config.read_text() + f'[control]\nfolder = "{tmp_path}/file/control"\n')
    line = Line(load(config), Stage.CONTROL)

    with pytest.raises(CannotListen, match=r"\[control\] folder"):
        run_control(line, config, threading.Event())


def test_no_door_is_made_by_asking(config):
    """A question of the command line leaves no token behind."""
    with pytest.raises(NoDoor):
        Client.local(load(config))

    assert not (config.parent / "control").exists()


def test_commands_that_only_ask_load_no_web_server():
    """It takes half a second to load, and they need none."""
    told = "import sys, wats_worker.cli.main, wats_worker.control.client; print('fastapi' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "False"
