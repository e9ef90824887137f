"""Records go in once and come out whole; what is wrong is said."""

import hashlib

import pytest

from wats_worker.archive.archive import Archive
from wats_worker.archive.errors import ArchiveError, Damaged, Purged
from wats_worker.archive.record import Blob, KeptFile, KeptReport
from wats_worker.spool.made import ReportCard
from wats_worker.spool.model import FileMeta
from wats_worker.store.folder import FolderStore


def card(number=1, **changes):
    """The card of some file."""
    return FileMeta(
        file_id=f"{number:032x}",
        source="ict",
        name=f"{number}.csv",
        path=f"/in/{number}.csv",
        size=4,
        sha256=hashlib.sha256(b"PASS").hexdigest(),
        mtime_ns=0,
        claimed_at="2026-11-23T06:00:00.000+00:00",
        pool="convert",
        priority=5,
    ).model_copy(update=changes)


def record(number=1, *, edition=1, **changes):
    """The record of some file."""
    parts = {"edition": edition, "archived_at": 1.5, "card": card(number), "original": None}
    return KeptFile(**(parts | changes))


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "archive")


@pytest.fixture
def archive(store):
    return Archive(store)


def test_a_record_comes_back_as_it_was(archive):
    """Every field of it."""
    kept = record(reports=(KeptReport(card=ReportCard(report_id="r1", serial="SN"), receipts=({"a": 1},)),))

    archive.add(kept)

    assert archive.record(kept.file_id) == kept
    assert archive.has(kept.file_id)
    assert (archive.record("f" * 32), archive.has("f" * 32)) == (None, False)


def test_after_a_replay_there_is_another_edition(archive):
    """The last one counts, and the others stay."""
    again = record(edition=2, card=card(replayed_at="later"))
    archive.add(record())

    archive.add(again)

    assert archive.record(again.file_id) == again
    assert archive.record(again.file_id, 1) == record()
    assert archive.editions(again.file_id) == [1, 2]


def test_a_record_may_be_added_twice_and_never_changed(archive):
    """Everything may happen twice; an edition tells of one stay in the spool."""
    archive.add(record())

    archive.add(record(archived_at=9.9))
    with pytest.raises(ArchiveError, match="somebody else"):
        archive.add(record(card=card(replayed_at="later")))

    assert archive.record(f"{1:032x}") == record()


def test_files_are_told_in_order_from_any_point(archive):
    """Each once, whatever it has of editions."""
    numbers = [3, 0xFF << 120, 7, 5 << 64]
    for number in numbers:
        archive.add(record(number))
    archive.add(record(7, edition=2, card=card(7, replayed_at="later")))
    ids = [f"{number:032x}" for number in sorted(numbers)]

    assert list(archive.file_ids()) == ids
    assert [list(archive.file_ids(after=one)) for one in ids] == [ids[1:], ids[2:], ids[3:], []]


def test_a_report_is_given_by_any_of_its_ids_and_proved(archive, store):
    """Ours, the log's own, the server's."""
    whole = b"firstsecond"
    blob = Blob(sha256=hashlib.sha256(whole).hexdigest(), size=len(whole))
    archive.keep(blob, [whole])
    second = KeptReport(
        card=ReportCard(report_id="r2", sent_as="own"),
        sha256=hashlib.sha256(b"second").hexdigest(),
        offset=5,
        size=6,
        receipts=({"stored_as": None}, {"stored_as": "theirs"}),
    )
    kept = record(bodies=blob, reports=(KeptReport(card=ReportCard(report_id="r1")), second))

    assert {archive.report(kept, name) for name in ("r2", "own", "theirs")} == {b"second"}
    with pytest.raises(Purged):
        archive.report(kept, "r1")
    with pytest.raises(Purged):
        archive.report(kept, "nobody's")

    wrong = kept.model_copy(update={"reports": (second.model_copy(update={"offset": 4}),)})
    with pytest.raises(Damaged):
        archive.report(wrong, "r2")


@pytest.mark.parametrize("harm", ["flip", "cut", "another"])
def test_a_damaged_record_is_said_to_be(archive, store, harm):
    """It is not taken for none, nor for that of another file."""
    archive.add(record(1))
    archive.add(record(2))
    one, two = (store.root / entry.key for entry in store.list("files"))
    raw = bytearray(one.read_bytes())
    match harm:
        case "flip":
            raw[20] ^= 1
            one.write_bytes(raw)
        case "cut":
            one.write_bytes(raw[:10])
        case "another":
            one.write_bytes(two.read_bytes())

    with pytest.raises(Damaged):
        archive.record(f"{1:032x}")
    assert archive.record(f"{2:032x}") == record(2)


def test_what_a_newer_release_added_is_left_alone(archive, store):
    """Fields only grow."""
    from wats_worker.archive.blobs import pack, unpack

    archive.add(record())
    (entry,) = store.list("files")
    path = store.root / entry.key
    text = unpack(path.read_bytes(), "it", most=10**6).decode()
    path.write_bytes(pack(text.replace('"edition"', '"added": {"x": 1}, "edition"').encode()))

    assert archive.record(f"{1:032x}") == record()
