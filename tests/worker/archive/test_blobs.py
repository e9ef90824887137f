"""Bytes by content: they come back as they went, or it is said that they don't."""

import hashlib
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wats_worker.archive.blobs import Blobs, pack, unpack
from wats_worker.archive.errors import Damaged
from wats_worker.archive.record import Blob
from wats_worker.store.folder import FolderStore

PIECE = 10


def named(content):
    """The name of these bytes."""
    return Blob(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "archive")


@pytest.fixture
def blobs(store):
    return Blobs(store, piece=PIECE)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7])
def test_what_was_kept_is_read(blobs, size):
    """Whole, and from any place on."""
    content = bytes(range(size))

    blobs.keep(named(content), [content[:4], content[4:]])

    assert b"".join(blobs.read(named(content))) == content
    assert [blobs.part(named(content), start, 12) for start in range(size + 2)] == [
        content[start : start + 12] for start in range(size + 2)
    ]


def test_the_same_bytes_lie_there_once(blobs, store):
    """However often they come; those that are there are not even read again."""
    blobs.keep(named(b"PASS"), [b"PASS"])
    before = list(store.list())

    blobs.keep(named(b"PASS"), iter(lambda: pytest.fail("nobody has to read them"), None))

    assert list(store.list()) == before
    assert len(before) == 1


@pytest.mark.parametrize("content", [b"FAIL", b"PAS", b"PASS and more", b"", b"x" * 50])
def test_other_bytes_are_not_kept_under_this_name(blobs, content):
    """A file that somebody wrote to is not what its card says."""
    with pytest.raises(Damaged):
        blobs.keep(named(b"PASS"), [content])

    assert not blobs.has(named(b"PASS"))


def test_a_large_one_that_broke_off_is_none_until_it_is_whole(blobs):
    """Wrong pieces of an attempt that died are no part of the next."""
    right, wrong = b"a" * 25, b"b" * 25
    with pytest.raises(Damaged):
        blobs.keep(named(right), [wrong])
    assert not blobs.has(named(right))

    blobs.keep(named(right), [right])

    assert b"".join(blobs.read(named(right))) == right


@pytest.mark.parametrize("size", [5, 35])
@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "swap", "gone"])
def test_every_damage_is_found_when_it_is_read(blobs, store, size, harm):
    """A disk that forgets, a person who tidies up: nobody gets other bytes than were kept."""
    content = bytes(range(size))
    blob = named(content)
    blobs.keep(blob, [content])
    *_, last = store.list("blobs")
    path = store.root / last.key
    raw = bytearray(path.read_bytes())
    match harm:
        case "flip":
            raw[-6] ^= 1
            path.write_bytes(raw)
        case "cut":
            path.write_bytes(raw[:-1])
        case "empty":
            path.write_bytes(b"")
        case "swap":
            path.write_bytes(pack(bytes(5)))
        case "gone":
            path.unlink()

    with pytest.raises(Damaged):
        list(blobs.read(blob))
    if (harm, size) != ("swap", 35):  # with a piece of its length, which only the whole can tell
        with pytest.raises(Damaged):
            blobs.part(blob, size - 1, 1)


def test_a_length_that_lies_fills_no_memory(blobs, store):
    """What unpacks to a gigabyte was never packed here."""
    blobs.keep(named(b"PASS"), [b"PASS"])
    (entry,) = store.list("blobs")
    (store.root / entry.key).write_bytes(pack(bytes(50_000_000)))
    tracemalloc.start()

    with pytest.raises(Damaged):
        list(blobs.read(named(b"PASS")))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_what_is_kept_no_longer_is_gone(blobs, store):
    """All of its pieces."""
    blobs.keep(named(b"x" * 35), [b"x" * 35])

    blobs.delete([named(b"x" * 35)])

    assert not blobs.has(named(b"x" * 35))
    assert list(store.list("blobs")) == []


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_what_is_no_pack_is_damaged(raw):
    """Never anything else."""
    try:
        unpack(raw, "it", most=100)
    except Damaged:
        return
    pytest.fail("it was understood")
