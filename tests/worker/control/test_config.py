"""The configuration over the door: shown without its secrets, checked, changed, taken up."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from wats_broker.access import Scope
from wats_broker.files import held
from wats_broker.names import Stage
from wats_worker.control.client import Client, Denied
from wats_worker.control.models.configuration import Change
from wats_worker.settings import load
from wats_worker.settings.changing import lock, mark

TEXT = """\
schema_version = 2
# The plant's own.
[server]
url = "https://plant.example"
token = "s3cret-token"
[spool]
folder = "spool"
[control]
requests_per_minute = 6000
burst = 1000
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "wats.toml").write_text(TEXT)
    return tmp_path / "wats.toml"


@pytest.fixture
def settings(file):
    return load(file)


@pytest.fixture
def asked():
    """How often the line was asked to take something up."""
    return []


@pytest.fixture
def desk(make_desk, settings, file, asked):
    desk = make_desk(settings)
    neighbours = replace(
        desk.neighbours,
        reload=lambda: asked.append(1) is None,
        unfit=lambda new: "there is no such jail here" if new.sandbox.level == "seccomp" else "",
    )
    return replace(desk, config=file, neighbours=neighbours)


@pytest.fixture
def change(client):
    """Changes words of the text that is shown."""

    def change(old, new, **how):
        shown = client.config()
        assert old in shown.text
        return client.change_config(shown.text.replace(old, new), etag=shown.etag, **how)

    return change


def test_it_is_shown_without_a_secret(client, file):
    """As it is in force, and as it is written."""
    shown = client.config()

    assert "s3cret" not in shown.model_dump_json()
    assert 'token = "***"' in shown.text
    assert "# The plant's own." in shown.text
    assert (shown.file, shown.etag) == (str(file), mark(TEXT))
    assert shown.settings["server"]["url"] == "https://plant.example"


def test_a_text_is_checked(client, file):
    """With the line and the fix of every mistake, or with what it would change. Nothing is."""
    text = client.config().text

    bad = client.check_config(text.replace("folder", "fodler"))
    moved = client.check_config(text.replace('"spool"', '"elsewhere"') + "[upload]\nthreads = 2\n")

    assert [(one.key, "folder" in one.fix, one.place) for one in bad.mistakes] == [
        ("spool.fodler", True, f"{file}:7")
    ]
    assert not bad.good
    assert moved.good
    assert moved.meant.changed == ["spool.folder", "upload.threads"]
    assert "move the folder" in moved.meant.needs_restart["spool.folder"]
    assert file.read_text() == TEXT


def test_a_change_is_written_and_taken_up(change, client, file, desk, asked):
    """With a backup; the secret that was never shown stays. The notes say who did it."""
    done = change("burst = 1000", "burst = 2000")

    assert (done.meant.changed, done.live) == (["control.burst"], True)
    assert Stage.CONTROL in done.meant.stages
    assert Stage.BROKER not in done.meant.stages
    assert file.read_text() == TEXT.replace("burst = 1000", "burst = 2000")
    assert Path(done.backup).read_text() == TEXT
    assert done.etag == client.config().etag
    assert asked == [1]
    assert [note.event for note in desk.access.notes()] == ["configuration_changed"]


def test_who_comes_second_is_told_to_look_again(client, file):
    """Nobody overwrites what he has not seen."""
    shown = client.config()
    file.write_text(TEXT + "# by hand\n")

    with pytest.raises(Denied) as caught:
        client.change_config(shown.text, etag=shown.etag)

    assert (caught.value.status, caught.value.code) == (412, "changed_meanwhile")
    assert file.read_text() == TEXT + "# by hand\n"


def test_a_change_without_a_word_of_what_was_seen_is_refused(client, file):
    """It would overwrite whatever is there; who wants that says so with a star."""
    with pytest.raises(Denied) as caught:
        client._send("PUT", "/config", body=Change(text="schema_version = 2\n"))
    assert caught.value.status == 428

    client.change_config("schema_version = 2\n", etag="*", restart=True)

    assert file.read_text() == "schema_version = 2\n"


def test_what_has_a_mistake_is_not_written(change, file, asked):
    """All of them are named."""
    with pytest.raises(Denied, match=r"spool\.fodler: unknown key; did you mean folder\?") as caught:
        change("folder", "fodler")

    assert caught.value.status == 422
    assert (file.read_text(), asked) == (TEXT, [])


def test_a_secret_is_not_sent_somewhere_else(change, file):
    """What is masked means what stood there, and here something else did."""
    with pytest.raises(Denied, match="is masked") as caught:
        change("[spool]", '[telemetry]\nauthorization = "***"\n[spool]')

    assert caught.value.status == 422
    assert file.read_text() == TEXT


def test_what_needs_a_stop_is_not_written_by_the_way(change, file, asked):
    """A stage that dies and comes back would read it, and the others would not."""
    with pytest.raises(Denied, match="move the folder") as caught:
        change('"spool"', '"elsewhere"')
    assert (caught.value.status, caught.value.code) == (409, "needs_restart")
    assert file.read_text() == TEXT

    done = change('"spool"', '"elsewhere"', restart=True)

    assert (done.live, asked, list(done.meant.needs_restart)) == (False, [], ["spool.folder"])
    assert '"elsewhere"' in file.read_text()


def test_a_jail_that_can_not_be_had_is_not_asked_for(change, file):
    """The line would refuse it, and go on with another configuration than the file has."""
    with pytest.raises(Denied, match="no such jail here"):
        change("[spool]", '[sandbox]\nlevel = "seccomp"\n[spool]')

    assert file.read_text() == TEXT


def test_a_file_that_somebody_else_is_changing(change, file, monkeypatch):
    """Is left to him."""
    monkeypatch.setattr("wats_worker.settings.changing.held", lambda path: held(path, patience_s=0.1))
    with held(lock(file)), pytest.raises(Denied) as caught:
        change("burst = 1000", "burst = 2000")

    assert (caught.value.status, caught.value.code) == (409, "conflict")
    assert file.read_text() == TEXT


def test_a_damaged_file_is_mended_on_its_machine(client, file):
    """Its text can't be shown, so nobody can have changed it."""
    file.write_text("[server")

    assert client.config().text is None
    with pytest.raises(Denied, match="config repair"):
        client.change_config("schema_version = 2\n", etag="*")


def test_a_line_without_a_file_has_nothing_to_change(serve, make_desk, settings, tmp_path):
    """It says how to get one."""
    serve(settings, make_desk(settings))
    with Client.local(settings) as control, pytest.raises(Denied, match="--config"):
        control.change_config("", etag="*")


def test_it_is_for_those_who_may_do_everything(client, desk, place):
    """Whoever may only operate the line neither sees nor changes how it works."""
    text = desk.access.create("night shift", Scope.OPERATE)[1]

    with Client(place.address, SecretStr(text)) as operator:
        for ask in (operator.config, lambda: operator.change_config("", etag="*")):
            with pytest.raises(Denied, match="admin is needed"):
                ask()


def test_a_disk_that_fails_half_way_leaves_the_old_file(change, file, asked, monkeypatch):
    """What ``test_configuration`` does to it at every step; here it is told as what it is."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wats_worker.settings.changing.rewrite", full)

    with pytest.raises(Denied, match="No space left on device") as caught:
        change("burst = 1000", "burst = 2000")

    assert caught.value.status == 409
    assert (file.read_text(), asked) == (TEXT, [])
