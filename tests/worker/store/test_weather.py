"""A store that is away, full, read-only, or does less than it should."""

import pytest

from wats_worker.store import trial
from wats_worker.store.bucket import Bucket, BucketStore
from wats_worker.store.errors import BadKey, StoreUnusable
from wats_worker.store.folder import FolderStore

ACTS = {
    "create": lambda store, _: store.create("new", b"1"),
    "replace": lambda store, _: store.replace("there", b"2", '"0"'),
    "put": lambda store, _: store.put("there", b"2"),
    "get": lambda store, _: store.get("there"),
    "part": lambda store, _: store.part("there", 0, 1),
    "fetch": lambda store, folder: store.fetch("there", folder / "out"),
    "size": lambda store, _: store.size("there"),
    "delete": lambda store, _: store.delete("there"),
    "delete two": lambda store, _: store.delete("there", "too"),
    "list": lambda store, _: list(store.list()),
}
WRITES = {"create", "replace", "put", "delete", "delete two"}


@pytest.mark.parametrize("act", ACTS)
def test_a_bucket_that_is_away_is_weather(bucket, server, tmp_path, act):
    """Everything says so, and works when it is back."""
    bucket.put("there", b"1")
    server.go_away()

    with pytest.raises(StoreUnusable):
        ACTS[act](bucket, tmp_path)

    server.come_back()
    ACTS[act](bucket, tmp_path)


@pytest.mark.parametrize("act", sorted(WRITES))
def test_a_bucket_that_may_only_be_read(bucket, server, tmp_path, act):
    """It is told what the store said."""
    bucket.put("there", b"1")
    server.refuse_writes()

    with pytest.raises(StoreUnusable, match=r"AccessDenied|Forbidden|403"):
        ACTS[act](bucket, tmp_path)

    assert bucket.get("there").data == b"1"


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"size", "delete", "delete two"}))
def test_a_bucket_that_is_not_there(server, tmp_path, act):
    """It is no missing blob."""
    store = BucketStore(
        Bucket(bucket="nobodys", endpoint=server.endpoint, access_key="test", secret_key="a-secret")
    )

    with pytest.raises(StoreUnusable, match="NoSuchBucket"):
        ACTS[act](store, tmp_path)


def test_an_address_where_nobody_listens(tmp_path):
    """It is told in few words, without the secret."""
    store = BucketStore(
        Bucket(bucket="b", endpoint="http://127.0.0.1:9", access_key="test", secret_key="a-secret")
    )

    with pytest.raises(StoreUnusable) as caught:
        store.get("there")

    assert caught.value.reason == "it can't be reached, or does not answer"
    assert "a-secret" not in repr(caught.value.__cause__) + repr(store) + repr(vars(store))


def test_a_folder_that_can_t_be_written(tmp_path):
    """The same error as of a bucket."""
    store = FolderStore(tmp_path / "store")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    (tmp_path / "store").write_text("a file in its place")

    with pytest.raises((StoreUnusable, BadKey)):
        store.create("a/b", b"")


def test_a_key_is_not_the_beginning_of_another_one(tmp_path):
    """In a folder it would have to be both a file and a folder."""
    store = FolderStore(tmp_path / "store")
    store.create("a", b"")

    with pytest.raises(BadKey):
        store.create("a/b", b"")
    with pytest.raises(BadKey):
        store.put("a/b", b"")


def test_what_a_crash_leaves_of_a_folder_s_blob_is_no_blob(tmp_path):
    """Drafts have names that no key has."""
    store = FolderStore(tmp_path / "store")
    store.create("a/b", b"")
    (tmp_path / "store/a/.b.0123456789abcdef").write_bytes(b"half of")

    assert [entry.key for entry in store.list()] == ["a/b"]


def test_a_folder_store_is_closed_to_others(tmp_path):
    """Its files are for their owner's eyes."""
    store = FolderStore(tmp_path / "store")
    store.put("a/b", b"x")
    store.create("a/c", b"x")

    modes = {oct((tmp_path / "store" / name).stat().st_mode & 0o777) for name in ("a/b", "a/c")}

    assert modes == {"0o600"}
    assert oct((tmp_path / "store").stat().st_mode & 0o777) == "0o700"


class Careless(FolderStore):
    """Takes conditions and ignores them, as some do."""

    def create(self, key, data):
        """Overwrite."""
        self.put(key, data)
        return "1"

    def replace(self, key, data, version):
        """Overwrite."""
        self.put(key, data)
        return "1"


def test_the_trial_finds_a_store_that_ignores_conditions(tmp_path):
    """On such a store two hosts would undo each other's work."""
    found = " ".join(trial.missing(Careless(tmp_path / "store")))

    assert "If-None-Match" in found
    assert "If-Match" in found
