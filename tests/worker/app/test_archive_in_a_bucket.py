"""An archive in an object store: the same words in the configuration, the same commands, the same promises."""

import json

import pytest
from objects import BUCKET, ObjectServer
from typer.testing import CliRunner
from worker.claimables import claimable

from wats_broker.names import Stage
from wats_worker.app.archive import Keeping
from wats_worker.app.line import Line
from wats_worker.cli.main import app
from wats_worker.settings import load
from wats_worker.spool.model import Place
from wats_worker.trail.entry import Event, Told


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    with ObjectServer(tmp_path_factory.mktemp("objects")) as server:
        yield server


@pytest.fixture
def config(tmp_path, broker, real_redis, objects):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("a-secret")
    file = tmp_path / "wats.toml"
    file.write_text(
        f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n'
        f'[archive]\nurl = "s3://{BUCKET}/archive"\nendpoint = "{objects.endpoint}"\n'
        f'access_key = "test"\nsecret_key_file = "{tmp_path}/secret"\n'
        f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\nkeep_files = 1\n'
    )
    return file


@pytest.fixture
def line(config):
    line = Line(load(config), Stage.ARCHIVE)
    yield line
    line.close()


@pytest.fixture
def keeping(line):
    keeping = Keeping(line)
    yield keeping
    keeping.close()


def delivered(line, name):
    """A file whose report the server has."""
    folder = line.settings.sources[0].folder
    (folder / name).write_text(f"content of {name}")
    file = claimable(folder, name)
    line.spool.claim([file], keep=False)
    line.spool.save_reports(file.file_id, {f"r-{name}": name.encode()})
    line.spool.delivered(file.file_id, f"r-{name}", {"stored_as": f"s-{name}"})
    line.spool.finish(file.file_id)
    return file.file_id


def asked(config, *words):
    result = CliRunner().invoke(app, ["archive", *words, "--config", str(config), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_it_is_kept_proved_purged_and_found_again(line, keeping, config):
    """By the commands that people know; and nothing of it lies in the folder beside the spool."""
    line.trail.write(Told(Event.DONE, "the first act"))
    ids = []
    for name in ("a.csv", "b.csv"):
        ids.append(delivered(line, name))
        keeping.turn()
    records = [line.archive.record(file_id) for file_id in ids]
    assert [b"".join(line.archive.read(one.original)) for one in records] == [
        b"content of a.csv",
        b"content of b.csv",
    ]

    assert asked(config, "verify")["findings"] == []
    assert asked(config, "purge")["purged"] == 1
    assert asked(config, "verify")["findings"] == []
    assert asked(config, "rebuild")["files"] == 2
    assert sorted(line.archive.has_bytes(one.original) for one in records) == [False, True]
    assert line.archive.report(records[1], "s-b.csv") == b"b.csv"
    assert not line.settings.archive_folder().exists()


def test_a_store_that_is_away_holds_files_back(line, keeping, objects):
    """It is said once, and ends by itself."""
    file_id = delivered(line, "late.csv")
    objects.go_away()
    keeping.turn()
    held = line.spool.place(file_id)
    objects.come_back()
    keeping.turn()

    assert held is Place.FINISHED
    assert keeping.work == "1 archived a moment ago"
    assert line.archive.has(file_id)
