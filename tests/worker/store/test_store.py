"""What every store promises, whatever it is made of."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from wats_worker.store import trial
from wats_worker.store.errors import BadKey


def keys(store, *asked, **more):
    return [entry.key for entry in store.list(*asked, **more)]


def test_a_blob_is_made_once(store):
    """Who comes second is told, and changes nothing."""
    first = store.create("a/b", b"first")
    second = store.create("a/b", b"second")

    assert first
    assert second is None
    assert store.get("a/b").data == b"first"


def test_a_blob_is_replaced_by_who_saw_it(store):
    """Its version is what says so."""
    seen = store.create("card", b"1")

    replaced = store.replace("card", b"2", seen)

    assert replaced
    assert store.get("card").data == b"2"
    assert store.get("card").version == replaced


def test_a_blob_is_not_replaced_by_who_saw_an_older_one(store):
    """He has to look again."""
    seen = store.create("card", b"1")
    store.replace("card", b"2", seen)

    replaced = store.replace("card", b"3", seen)

    assert replaced is None
    assert store.get("card").data == b"2"


def test_a_blob_that_is_gone_is_not_replaced(store):
    """Nor made anew."""
    seen = store.create("card", b"1")
    store.delete("card")

    assert store.replace("card", b"2", seen) is None
    assert store.get("card") is None


def test_of_many_who_make_a_blob_one_does(store):
    """All the others are told that they did not."""
    start = threading.Barrier(8)
    made = []

    def make(number):
        start.wait()
        made.append(store.create("once", str(number).encode()))

    crowd = [threading.Thread(target=make, args=[number]) for number in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert sum(version is not None for version in made) == 1


def test_of_many_who_count_none_is_forgotten(store):
    """Everybody looks, adds one and replaces, until it is taken: the sum is right."""
    store.create("count", b"0")

    def count():
        for _ in range(5):
            taken = None
            while taken is None:
                seen = store.get("count")
                taken = store.replace("count", str(int(seen.data) + 1).encode(), seen.version)

    crowd = [threading.Thread(target=count) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert store.get("count").data == b"20"


@pytest.mark.parametrize("size", [0, 1, 9 * 2**20])
def test_bytes_of_any_size_go_in_and_out_through_files(store, tmp_path, size):
    """What is fetched is what was put."""
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    (tmp_path / "in").write_bytes(content)

    store.put("some/blob", tmp_path / "in")
    fetched = store.fetch("some/blob", tmp_path / "out")

    assert fetched
    assert (tmp_path / "out").read_bytes() == content
    assert store.size("some/blob") == size


def test_what_is_put_takes_the_place_of_what_was_there(store):
    """Whoever puts does not ask."""
    store.put("blob", b"old")
    store.put("blob", b"new")

    assert store.get("blob").data == b"new"


def test_a_part_of_a_blob(store):
    """Fewer bytes at its end."""
    store.put("blob", b"0123456789")

    assert store.part("blob", 2, 3) == b"234"
    assert store.part("blob", 8, 100) == b"89"


def test_what_is_not_there(store, tmp_path):
    """It is nothing, and no fault."""
    store.delete("no/such", "nor/this")

    assert store.get("no/such") is None
    assert store.part("no/such", 0, 10) is None
    assert store.size("no/such") is None
    assert not store.fetch("no/such", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert keys(store) == []


def test_what_was_deleted_is_gone(store):
    """From the list as well."""
    for name in ("a/1", "a/2", "a/3"):
        store.create(name, b"")

    store.delete("a/1", "a/3", "a/9")

    assert keys(store) == ["a/2"]


def test_a_list_is_in_the_order_of_its_keys(store):
    """Folders and files mixed, as the whole keys sort, with sizes and times."""
    names = ["a/x", "a-b/x", "a/b/c", "b", "a.x", "a/b.c", "z/9", "z/10"]
    for name in names:
        store.create(name, b"abc")

    entries = list(store.list())

    assert [entry.key for entry in entries] == sorted(names)
    assert {entry.size for entry in entries} == {3}
    assert all(abs(datetime.now(UTC) - entry.modified) < timedelta(hours=1) for entry in entries)


def test_a_list_of_a_part(store):
    """A prefix means whole names."""
    for name in ("files/a/1", "files/a/2", "files/ab/1", "files-old/a", "waiting/a"):
        store.create(name, b"")

    assert keys(store, "files/a") == ["files/a/1", "files/a/2"]
    assert keys(store, "files") == ["files/a/1", "files/a/2", "files/ab/1"]
    assert keys(store, "nothing") == []


@pytest.mark.parametrize("after", ["", "m/a", "m/b", "m/b/1", "m/b/15", "m/b/2", "m/bz", "m/c", "m/zzz"])
def test_a_list_goes_on_behind_any_text(store, after):
    """Whether or not there is such a key."""
    names = ["m/a", "m/b/1", "m/b/2", "m/b/3", "m/c", "m/d/1"]
    for name in names:
        store.create(name, b"")

    assert keys(store, "m", after=after) == [name for name in names if name > after]


def test_a_list_of_more_than_a_page(bucket):
    """Nothing is missing where one answer of the server ends and the next begins."""
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda number: bucket.put(f"many/{number:04}", b""), range(1005)))

    assert keys(bucket, "many", after="many/0001") == [f"many/{number:04}" for number in range(2, 1005)]
    bucket.delete(*keys(bucket, "many"))
    assert keys(bucket) == []


@pytest.mark.parametrize(
    "key",
    ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "a b", "ä", "a\n", "a" * 300, "a\\b", "-a"],
)
def test_what_is_no_key(store, key):
    """Nothing is asked of the store."""
    with pytest.raises(BadKey):
        store.create(key, b"")
    with pytest.raises(BadKey):
        store.put(key, b"")
    with pytest.raises(BadKey):
        store.get(key)
    with pytest.raises(BadKey):
        store.delete("good", key)


def test_a_good_store_passes_its_trial(store):
    """Nothing is missing, and nothing is left of it."""
    assert trial.missing(store) == []
    assert keys(store) == []
