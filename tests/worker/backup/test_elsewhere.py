"""What lies in an object store is named by a backup, and looked for by a restore."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from objects import BUCKET, ObjectServer
from redis import Redis

from wats_broker.settings import BrokerSettings
from wats_worker.backup.check import check
from wats_worker.backup.elsewhere import spooled
from wats_worker.backup.errors import OutOfReach
from wats_worker.backup.make import make
from wats_worker.backup.restore import restore
from wats_worker.cli.backup import backup
from wats_worker.settings import WorkerSettings
from wats_worker.store.opening import open_bucket

FILE_ID = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """One for all; each story has its own prefix."""
    with ObjectServer(tmp_path_factory.mktemp("objects")) as server:
        yield server


@pytest.fixture
def settings(
    tmp_path: Path, broker: BrokerSettings, server: ObjectServer, request: pytest.FixtureRequest
) -> Iterator[WorkerSettings]:
    """A factory whose spool lies in the bucket."""
    server.come_back()
    store = {
        "endpoint": server.endpoint,
        "access_key": "test",
        "secret_key": "a-secret",
        "url": f"s3://{BUCKET}/{request.node.name}",
    }
    yield WorkerSettings(
        broker=broker,
        server={"url": "http://127.0.0.1:9"},
        spool={"folder": tmp_path / "spool", **store},
    )
    server.come_back()


def test_a_backup_names_the_bucket(tmp_path, settings, real_redis, capsys):
    """So whoever finds it knows what else he needs."""
    make(tmp_path / "backup.tar.gz", settings, redis=real_redis)

    backup(tmp_path / "backup.tar.gz", verify=True)

    assert check(tmp_path / "backup.tar.gz").elsewhere == {
        "spool": f"{settings.spool.url} at {settings.spool.endpoint}"
    }
    assert f"Not in it: the spool lies in {settings.spool.url}" in capsys.readouterr().out.replace("\n", " ")


def test_a_restore_finds_the_files_in_the_bucket(tmp_path, settings, real_redis):
    """They count as here, and nothing is missing."""
    file = tmp_path / "backup.tar.gz"
    make(file, settings, redis=real_redis)
    open_bucket(settings.spool).put(f"cards/{FILE_ID}.json", json.dumps({}).encode())

    done = restore(file, settings, check(file), replace=True)

    assert (done.files, done.missing) == (1, ())
    assert spooled(settings) == {FILE_ID}


def test_a_restore_tells_of_an_empty_bucket_and_of_another_place(tmp_path, settings, real_redis):
    """What the backup relied on is gone, or was never copied there."""
    file = tmp_path / "backup.tar.gz"
    make(file, settings, redis=real_redis)
    folder = settings.model_copy(update={"spool": type(settings.spool)(folder=settings.spool.folder)})

    empty = restore(file, settings, check(file), replace=True).missing
    moved = restore(file, folder, check(file), replace=True).missing

    assert [text.rpartition(" is ")[2] for text in empty] == ["empty"]
    assert ["its folder" in text for text in moved] == [True]


def test_nothing_is_touched_while_the_bucket_does_not_answer(tmp_path, settings, real_redis: Redis, server):
    """Nobody could tell what is missing."""
    file = tmp_path / "backup.tar.gz"
    make(file, settings, redis=real_redis)
    real_redis.set("wats:untouched", "1")
    server.go_away()

    with pytest.raises(OutOfReach):
        restore(file, settings, check(file), replace=True)

    assert real_redis.get("wats:untouched")
