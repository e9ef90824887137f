"""What every spool promises, whether its files lie on a disk or in an object store."""

import secrets
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from objects import BUCKET, ObjectServer

from wats_worker.spool.errors import BadId, NotInSpool
from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.model import Outcome, Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.shared import SharedSpool
from wats_worker.spool.spool import Spool
from wats_worker.spool.store import DiskSpool
from wats_worker.store.bucket import Bucket, BucketStore

NOBODYS = "0" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    """One for all tests; each has its own prefix."""
    with ObjectServer(tmp_path_factory.mktemp("objects")) as server:
        yield server


@pytest.fixture(params=["disk", "bucket"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spool]:
    """Each of the two."""
    spool: Spool = DiskSpool(tmp_path / "spool")
    if request.param == "bucket":
        server: ObjectServer = request.getfixturevalue("server")
        bucket = Bucket(
            bucket=BUCKET,
            prefix=secrets.token_hex(8),
            endpoint=server.endpoint,
            access_key="test",
            secret_key="a-secret",
            patience_s=60,
        )
        spool = SharedSpool(BucketStore(bucket), spool, patience_s=60)
    yield spool
    spool.close()


@pytest.fixture
def file_id(take):
    """A claimed file."""
    return take()


def content(spool, file_id):
    with spool.bytes_of(file_id) as path:
        return path.read_bytes()


def delivered_file(spool, file_id):
    spool.save_reports(file_id, {"r1": b"1"})
    spool.delivered(file_id, "r1", {"stored_as": "S-1"})


def test_a_claimed_file_is_in_the_spool_and_nowhere_else(spool, drop, folder):
    """Its bytes, its card, its place."""
    file = drop("board.csv", b"PASS")

    (claimed,) = spool.claim([file], keep=False)

    assert claimed.outcome is Outcome.CLAIMED
    assert list(folder.iterdir()) == []
    assert content(spool, file.file_id) == b"PASS"
    assert spool.has_bytes(file.file_id)
    assert spool.meta(file.file_id).name == "board.csv"
    assert spool.place(file.file_id) is Place.WAITING
    assert list(spool.waiting()) == [file.file_id]
    assert list(spool.quarantined()) == []
    assert list(spool.finished()) == []


def test_many_files_are_claimed_at_once(spool, drop):
    """The answers are in the order of the question."""
    files = [drop(f"{number}.csv", f"{number}".encode()) for number in range(12)]

    claimed = spool.claim(files, keep=False)

    assert [one.file for one in claimed] == files
    assert {one.outcome for one in claimed} == {Outcome.CLAIMED}
    assert sorted(spool.waiting()) == sorted(file.file_id for file in files)
    assert spool.places([files[3].file_id, NOBODYS]) == [Place.WAITING, None]


def test_the_same_bytes_once_more_are_known(spool, drop, folder, done, file_id):
    """The copy goes where the source wants its files."""
    again = drop()

    (claimed,) = spool.claim([again], keep=False)
    spool.dispose(claimed, PostAction.MOVE, done)

    assert claimed.outcome is Outcome.KNOWN
    assert list(spool.waiting()) == [file_id]
    assert (done / "board.csv").read_bytes() == b"PASS"


def test_a_source_that_keeps_its_files_gives_copies(spool, drop, folder, done):
    """What is delivered goes from the spool alone."""
    file = drop()

    spool.claim([file], keep=True)
    delivered_file(spool, file.file_id)
    spool.finish(file.file_id)
    spool.act(file.file_id, PostAction.KEEP, done)

    assert (folder / "board.csv").read_bytes() == b"PASS"
    assert not spool.has_bytes(file.file_id)


def test_a_piece_of_the_bytes(spool, take):
    """With the size of all of them."""
    file_id = take(content=b"0123456789")

    assert spool.piece(file_id, 2, 3) == (b"234", 10)
    assert spool.piece(file_id, 8, 100) == (b"89", 10)
    assert spool.piece(file_id, 100, 100) == (b"", 10)


def test_reports_are_pending_in_their_order(spool, file_id):
    """Whatever their ids sort like."""
    spool.save_reports(file_id, {"zz": b"{1}", "aa": b"", "mm": b"{3}"})

    assert spool.converted(file_id)
    assert spool.pending(file_id) == ["zz", "aa", "mm"]
    assert [spool.report(file_id, one) for one in ("zz", "aa", "mm")] == [b"{1}", b"", b"{3}"]


def test_large_reports(spool, file_id):
    """They come back as they went in, one by one."""
    made = {f"r{number}": bytes([number]) * 100_000 for number in range(5)}
    spool.save_reports(file_id, made)

    assert {one: spool.report(file_id, one) for one in spool.pending(file_id)} == made


def test_a_later_attempt_replaces_the_reports_of_an_earlier_one(spool, file_id):
    """Nothing of the earlier attempt is left."""
    spool.save_reports(file_id, {"r1": b"old", "r2": b"old"})
    spool.report(file_id, "r1")

    spool.save_reports(file_id, {"r1": b"new"})

    assert spool.pending(file_id) == ["r1"]
    assert spool.report(file_id, "r1") == b"new"
    with pytest.raises(NotInSpool):
        spool.report(file_id, "r2")


def test_what_is_known_of_reports_stands_beside_them(spool, file_id):
    """Whatever a converter said."""
    how = Making(converter="stdf", options={"a": 1}, warnings=("ä\udce4",))
    card = ReportCard(report_id="r1", serial="SN-1")

    with spool.draft(file_id) as draft:
        draft.add(card, b"1")
        draft.keep(how)

    assert spool.made(file_id).how == how
    assert spool.made(file_id).reports == (card,)


def test_a_draft_that_is_not_kept_is_gone(spool, file_id):
    """So is what was forgotten on the way."""
    with spool.draft(file_id) as draft:
        draft.add(ReportCard(report_id="r1"), b"1")
    with spool.draft(file_id) as draft:
        draft.add(ReportCard(report_id="r2"), b"2")
        draft.clear()
        draft.add(ReportCard(report_id="r3"), b"3")
        draft.keep(Making())

    assert spool.pending(file_id) == ["r3"]
    assert spool.report(file_id, "r3") == b"3"


def test_a_delivered_report_is_counted_and_told(spool, file_id):
    """Its receipt says what the server said."""
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})

    left = spool.delivered(file_id, "r1", {"stored_as": "S-1"})

    assert left == 1
    assert spool.pending(file_id) == ["r2"]
    assert spool.receipts(file_id) == [{"report_id": "r1", "stored_as": "S-1"}]
    assert spool.receipt(file_id, "r1") == {"report_id": "r1", "stored_as": "S-1"}
    assert spool.receipt(file_id, "r2") is None
    with pytest.raises(NotInSpool):
        spool.report(file_id, "r1")


def test_delivering_twice_is_boring(spool, file_id):
    """Everything may happen twice."""
    spool.save_reports(file_id, {"r1": b"1"})
    spool.delivered(file_id, "r1", {})

    assert spool.delivered(file_id, "r1", {}) == 0
    assert len(spool.receipts(file_id)) == 1


def test_a_delivered_report_does_not_come_back_by_another_conversion(spool, file_id):
    """A conversion that is repeated after a delivery finds it done."""
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})
    spool.delivered(file_id, "r1", {})

    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})

    assert spool.pending(file_id) == ["r2"]


def test_of_many_reports_the_last_is_noticed(spool, file_id):
    """Before that it is only said that they are many."""
    made = {f"r{number:03}": b"{}" for number in range(103)}
    spool.save_reports(file_id, made)

    left = [spool.delivered(file_id, report_id, {}) for report_id in made]

    assert left[0] == 100
    assert left[-2:] == [1, 0]


def test_a_file_without_reports_is_converted(spool, file_id):
    """And can be finished."""
    spool.save_reports(file_id, {})

    assert spool.converted(file_id)
    assert spool.pending(file_id) == []
    assert spool.finish(file_id)


def test_a_report_that_was_given_up_counts_as_delivered(spool, file_id):
    """With a receipt that says by whom."""
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})

    left = spool.discard(file_id, "r2", {"by": "op"})

    assert left == 1
    assert spool.pending(file_id) == ["r1"]
    assert spool.receipt(file_id, "r2") == {"report_id": "r2", "by": "op"}


def test_a_file_is_not_finished_before_everything_is_delivered(spool, file_id):
    """Nor before it was converted."""
    early = spool.finish(file_id)
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})
    spool.delivered(file_id, "r1", {})
    half = spool.finish(file_id)

    assert (early, half) == (False, False)
    assert spool.place(file_id) is Place.WAITING


def test_a_finished_file_waits_for_the_archive(spool, file_id):
    """With its bytes, its reports, its receipts and all that is known; finishing it twice is boring."""
    delivered_file(spool, file_id)

    finished = [spool.finish(file_id) for _ in range(2)]

    assert finished == [True, True]
    assert spool.place(file_id) is Place.FINISHED
    assert list(spool.finished()) == [file_id]
    assert list(spool.waiting()) == []
    assert content(spool, file_id) == b"PASS"
    assert spool.receipts(file_id) == [{"report_id": "r1", "stored_as": "S-1"}]
    assert spool.body(file_id, "r1") == b"1"
    assert spool.body(file_id, "r2") is None
    assert spool.pending(file_id) == []
    with pytest.raises(NotInSpool):
        spool.report(file_id, "r1")


def test_a_delivered_report_of_an_earlier_attempt_is_archived_as_well(spool, file_id):
    """The server has it, though the last attempt did not give it."""
    spool.save_reports(file_id, {"r1": b"1", "r2": b"2"})
    spool.delivered(file_id, "r1", {})

    spool.save_reports(file_id, {"r3": b"3"})

    assert spool.pending(file_id) == ["r3"]
    assert {one["report_id"] for one in spool.receipts(file_id)} == {"r1"}
    if isinstance(spool, SharedSpool):
        assert spool.body(file_id, "r1") == b"1"
    assert spool.body(file_id, "r3") == b"3"


@pytest.mark.parametrize("action", [PostAction.MOVE, PostAction.DELETE, PostAction.ZIP])
def test_a_post_action_takes_the_bytes_away(spool, file_id, done, action):
    """To where the source wants them; doing it twice is boring."""
    delivered_file(spool, file_id)
    spool.finish(file_id)

    for _ in range(2):
        spool.act(file_id, action, done)

    assert not spool.has_bytes(file_id)
    assert spool.piece(file_id, 0, 10) is None
    assert spool.meta(file_id).name == "board.csv"
    if action is PostAction.MOVE:
        assert [path.read_bytes() for path in done.iterdir()] == [b"PASS"]
    if action is PostAction.ZIP:
        (month,) = done.glob("*.zip")
        with zipfile.ZipFile(month) as archive:
            assert archive.namelist() == ["board.csv"]


def test_a_file_that_left_is_not_here(spool, file_id, drop):
    """Nothing of it; and the same bytes are new."""
    delivered_file(spool, file_id)
    spool.finish(file_id)

    for _ in range(2):
        spool.leave(file_id)

    assert spool.place(file_id) is None
    assert list(spool.finished()) == []
    with pytest.raises(NotInSpool):
        spool.meta(file_id)
    (claimed,) = spool.claim([drop()], keep=False)
    assert claimed.outcome is Outcome.CLAIMED
    assert list(spool.waiting()) == [file_id]
    assert content(spool, file_id) == b"PASS"
    assert not spool.converted(file_id)
    assert spool.receipts(file_id) == []


def test_what_does_not_wait_for_the_archive_does_not_leave(spool, file_id, done):
    """Somebody may say so very late."""
    spool.leave(file_id)
    spool.act(file_id, PostAction.DELETE, done)

    assert spool.place(file_id) is Place.WAITING
    assert content(spool, file_id) == b"PASS"


def test_a_quarantined_file_waits_for_a_person(spool, file_id):
    """With the reason and what its converter said."""
    spool.quarantine(file_id, {"reason": "line 3: ä"}, b"Traceback ...")

    assert spool.place(file_id) is Place.QUARANTINED
    assert list(spool.quarantined()) == [file_id]
    assert list(spool.waiting()) == []
    assert spool.reason(file_id)["reason"].startswith("line 3")
    assert spool.stderr(file_id, most=100) == b"Traceback ..."
    assert spool.stderr(file_id, most=3) == b"..."
    with pytest.raises(NotInSpool), spool.draft(file_id):
        pass


def test_a_replayed_file_begins_anew(spool, file_id):
    """By the converter that a person named."""
    spool.save_reports(file_id, {"r1": b"1"})
    spool.quarantine(file_id, {"reason": "no"}, b"Traceback ...")

    spool.replay(file_id, converter="stdf")
    spool.replay(file_id)

    assert spool.place(file_id) is Place.WAITING
    assert spool.meta(file_id).converter == "stdf"
    assert not spool.converted(file_id)
    assert spool.stderr(file_id, most=100) == b""
    with pytest.raises(NotInSpool):
        spool.reason(file_id)


def test_a_file_comes_back_from_the_archive(spool, file_id):
    """All of its reports count as not sent."""
    card = spool.meta(file_id)
    delivered_file(spool, file_id)
    spool.finish(file_id)
    back = card.model_copy(update={"replayed_at": "2026-11-23T08:00:00", "priority": 9, "converter": "stdf"})

    while_here = spool.restore(back, [b"PASS"])
    spool.leave(file_id)
    wrong = spool.restore(back, [b"FAIL"])
    here = spool.restore(back, [b"PA", b"SS"])
    again = spool.restore(back, [b"PASS"])
    spool.save_reports(file_id, {"r1": b"1"})

    assert (while_here, wrong, here) == (False, False, True)
    assert not again
    assert spool.meta(file_id) == back
    assert content(spool, file_id) == b"PASS"
    assert spool.pending(file_id) == ["r1"]
    assert spool.report(file_id, "r1") == b"1"
    assert spool.receipts(file_id) == []


def test_whoever_finishes_a_file_with_others_finishes_it_once(spool, file_id, done):
    """Four at the same moment, each to the end."""
    delivered_file(spool, file_id)
    start = threading.Barrier(4)
    ends = []

    def finish():
        start.wait()
        ends.append(spool.finish(file_id))
        spool.act(file_id, PostAction.MOVE, done)

    crowd = [threading.Thread(target=finish) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert ends == [True] * 4
    assert list(spool.finished()) == [file_id]
    assert [path.name for path in done.iterdir()] == ["board.csv"]


def test_reports_of_one_file_are_delivered_by_many(spool, file_id):
    """Each of them is there once, and somebody notices the last."""
    made = [f"r{number}" for number in range(24)]
    spool.save_reports(file_id, dict.fromkeys(made, b"{}"))
    left = []

    def deliver(some):
        for report_id in some:
            spool.report(file_id, report_id)
            left.append(spool.delivered(file_id, report_id, {}))

    crowd = [threading.Thread(target=deliver, args=[made[number::4]]) for number in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert 0 in left
    assert spool.pending(file_id) == []
    assert sorted(one["report_id"] for one in spool.receipts(file_id)) == sorted(made)


def test_what_is_not_there(spool, done):
    """It is said by name."""
    for ask in (spool.meta, spool.pending, spool.converted, spool.receipts, spool.reason, spool.has_bytes):
        with pytest.raises(NotInSpool):
            ask(NOBODYS)
    with pytest.raises(NotInSpool):
        spool.report(NOBODYS, "r1")
    with pytest.raises(NotInSpool), spool.draft(NOBODYS):
        pass
    spool.quarantine(NOBODYS, {}, b"")
    spool.replay(NOBODYS)
    spool.act(NOBODYS, PostAction.DELETE, done)
    spool.leave(NOBODYS)
    assert spool.place(NOBODYS) is None
    assert not spool.finish(NOBODYS)


@pytest.mark.parametrize("bad", ["../../etc/passwd", "", "Z/" * 16])
def test_what_is_no_id(spool, bad, file_id):
    """No path and no key is made of it."""
    for ask in (spool.meta, spool.place, spool.pending, spool.has_bytes):
        with pytest.raises(BadId):
            ask(bad)
    spool.save_reports(file_id, {})
    with pytest.raises(BadId):
        spool.report(file_id, bad)


def test_a_spool_that_is_well_has_room(spool):
    """There is nothing to mend."""
    room = spool.room()

    assert room.writable
    assert room.problem == ""
