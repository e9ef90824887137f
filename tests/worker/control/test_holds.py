"""Holds through the door: who keeps what, and why."""

import json

import pytest
from doors import open_door
from typer.testing import CliRunner
from worker.keeping import kept

from wats_broker.access import Scope
from wats_worker.cli.main import app
from wats_worker.control.client import Client, Denied
from wats_worker.control.models.holds import HoldWanted


def wanted(**what):
    return HoldWanted(**{"label": "case-7", "reason": "claim 4711"} | what)


def test_what_is_held_is_listed_with_who_and_why(client):
    """A label can be given more; it holds the old and the new."""
    client.add_hold(wanted(file_ids=["0" * 32]))
    client.add_hold(wanted(serials=["PCB-1"]))

    (hold,) = client.holds().holds

    assert (hold.label, hold.file_ids, hold.serials) == ("case-7", ("0" * 32,), ("PCB-1",))
    assert (hold.who[:6], hold.reason) == ("local ", "claim 4711")


def test_a_label_is_released(client):
    """Once."""
    client.add_hold(wanted(serials=["PCB-1"]))
    client.release_hold("case-7")

    assert client.holds().holds == []
    with pytest.raises(Denied, match="no hold 'case-7'"):
        client.release_hold("case-7")


def test_to_hold_is_an_operators_to_release_an_admins(client, place):
    """Letting go can't be taken back."""
    from pydantic import SecretStr

    token = client.create_token("hall 3", Scope.OPERATE).text
    with Client(place.address, SecretStr(token)) as operator:
        operator.add_hold(wanted(serials=["PCB-1"]))
        with pytest.raises(Denied, match="admin is needed"):
            operator.release_hold("case-7")


@pytest.mark.parametrize("label", ["", "a/b", "..", "a b", "x" * 61])
def test_a_label_is_a_word(label):
    """It becomes a name in a store."""
    with pytest.raises(ValueError, match="label"):
        wanted(label=label, serials=["PCB-1"])


def test_the_commands(tmp_path, broker, real_redis):
    """Held, listed, purged around, released."""
    (tmp_path / "in").mkdir()
    config = tmp_path / "wats.toml"
    config.write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\n'
    )
    strict = tmp_path / "strict.toml"  # what the line itself does not heed, so that it does not purge as well
    strict.write_text(config.read_text() + "keep_files = 1\n")

    def run(*words, config=config):
        result = CliRunner().invoke(app, [*words, "--config", str(config)])
        assert result.exit_code == 0, result.output
        return result.stdout

    with open_door(config) as line:
        ids = [kept(line, f"SN-{n}", b"{}") for n in range(3)]
        run("archive", "hold", "add", "case-7", "--file", ids[0], "--reason", "claim")
        listed = json.loads(run("archive", "hold", "list", "--json"))
        planned = json.loads(run("archive", "purge", "--dry-run", "--json", config=strict))
        released = run("archive", "hold", "release", "case-7")

    assert [hold["label"] for hold in listed] == ["case-7"]
    assert planned["held"] == 1
    assert ids[0] not in [one["file_id"] for one in planned["victims"]]
    assert "holds nothing any more" in released
