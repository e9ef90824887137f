"""The same store twice: in a folder, and in a bucket on a real server."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from objects import BUCKET, ObjectServer

from wats_worker.store.bucket import Bucket, BucketStore
from wats_worker.store.folder import FolderStore
from wats_worker.store.store import Store


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """One for all tests of a module; each has its own prefix."""
    with ObjectServer(tmp_path_factory.mktemp("objects")) as server:
        yield server


@pytest.fixture
def bucket(server: ObjectServer) -> Iterator[BucketStore]:
    """A part of the bucket that nobody else uses."""
    server.come_back()
    yield BucketStore(
        Bucket(
            bucket=BUCKET,
            prefix=secrets.token_hex(8),
            endpoint=server.endpoint,
            access_key="test",
            secret_key="a-secret",
            patience_s=60,
        )
    )
    server.come_back()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each of the two."""
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    bucket: BucketStore = request.getfixturevalue("bucket")
    return bucket
