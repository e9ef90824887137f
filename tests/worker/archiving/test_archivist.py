"""From delivered to archived: whoever is killed on the way, nothing is missing and nothing is there twice."""

import os
import signal

import pytest
from support import Clock
from worker.archives import archive_all, archivist
from worker.claimables import claimable

from wats_broker.journal import Event
from wats_worker.archive.archive import Archive
from wats_worker.spool.made import Making
from wats_worker.spool.model import Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.store import DiskSpool
from wats_worker.store.errors import StoreUnusable
from wats_worker.store.folder import FolderStore

STEPS = (
    "keep-original", "keep-reports", "add-record", "enter", "post-action", "leave",
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "archive")


@pytest.fixture
def archive(store):
    return Archive(store)


@pytest.fixture
def spool(tmp_path, archive):
    spool = DiskSpool(tmp_path / "spool", remembered=archive.has)
    yield spool
    spool.close()


@pytest.fixture
def deliver(spool, tmp_path):
    """Files that are claimed, converted and delivered."""
    folder = tmp_path / "in"
    folder.mkdir()

    def deliver(name="board.csv", content=b"PASS", *, keep=False):
        (folder / name).write_bytes(content)
        file = claimable(folder, name)
        spool.claim([file], keep=keep)
        again(spool, file.file_id)
        return file.file_id

    return deliver


def again(spool, file_id):
    """Convert and deliver a waiting file."""
    spool.save_reports(file_id, {"r1": b"one", "r2": b"three"}, Making(converter="ict", version="1.2"))
    for report_id in ("r1", "r2"):
        spool.delivered(file_id, report_id, {"stored_as": report_id.upper(), "attempt": 1})
    assert spool.finish(file_id)


class Killed(BaseException):
    """What SIGKILL looks like from within: nobody catches it."""


def test_all_there_is_to_know_is_kept(spool, archive, deliver):
    """Bytes and name, how the reports were made, what the server said, what happened, and what comes after."""
    file_id = deliver()
    card = spool.meta(file_id)

    gone = archive_all(
        spool,
        archive,
        stories=lambda ids: [(Event(1.0, "file_seen", {"name": "caf\udce9"}),)] * len(ids),
        now=lambda: 7.0,
    )

    kept = archive.record(file_id)
    assert (gone, spool.place(file_id)) == (1, None)
    assert (kept.card, kept.edition, kept.archived_at) == (card, 1, 7.0)
    assert b"".join(archive.read(kept.original)) == b"PASS"
    assert [archive.report(kept, one) for one in ("r1", "R2")] == [b"one", b"three"]
    assert (kept.how.converter, kept.how.version) == ("ict", "1.2")
    assert [one.receipts for one in kept.reports] == [
        ({"stored_as": "R1", "attempt": 1},),
        ({"stored_as": "R2", "attempt": 1},),
    ]
    assert [(one.event, one.facts) for one in kept.story] == [("file_seen", {"name": "caf\\udce9"})]
    assert kept.post_action == "archive"


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("action", [PostAction.ARCHIVE, PostAction.MOVE, PostAction.DELETE, PostAction.ZIP])
def test_killed_at_any_step_it_is_archived_once(spool, archive, store, deliver, tmp_path, step, action):
    """Whoever comes next goes on, and the catalogue hears of it in any case."""
    entered = []
    file_id, done = deliver(), tmp_path / "done"
    how = {"action": action, "folder": done}

    def die(at):
        if at == step:
            raise Killed

    if not (step == "keep-original" and action is PostAction.DELETE):
        with pytest.raises(Killed):
            archive_all(spool, archive, step=die, **how)
    archive_all(spool, archive, enter=entered.extend, **how)

    assert archive.editions(file_id) == [1]
    assert spool.place(file_id) is None
    assert [record.file_id for record in entered] == [file_id]
    kept = archive.record(file_id)
    assert archive.has_bytes(kept.original) == (action is not PostAction.DELETE)
    assert archive.report(kept, "r2") == b"three"
    assert len(list(done.glob("*"))) == (action in {PostAction.MOVE, PostAction.ZIP})
    assert len(list(store.list("blobs"))) == 2 - (action is PostAction.DELETE)


@pytest.mark.parametrize("step", ["add-record", "leave"])
def test_killed_by_the_kernel_it_is_the_same(spool, archive, deliver, step):
    """A process that really dies, threads and all."""
    ids = [deliver(f"{n}.csv", str(n).encode()) for n in range(5)]
    child = os.fork()
    if not child:
        left = [2]

        def die(at):
            left[0] -= at == step
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        archive_all(spool, archive, step=die)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)

    archive_all(spool, archive)

    assert [archive.editions(file_id) for file_id in ids] == [[1]] * 5
    assert list(spool.finished()) == []
    assert spool.recover() == []
    assert list(spool.waiting()) == []


def test_a_replayed_file_gets_another_edition(spool, archive, deliver):
    """What the server said before stays in the first."""
    file_id = deliver()
    archive_all(spool, archive)
    first = archive.record(file_id)
    card = first.card.model_copy(update={"replayed_at": "now", "converter": "better"})
    spool.restore(card, archive.read(first.original))
    again(spool, file_id)

    archive_all(spool, archive)

    assert archive.editions(file_id) == [1, 2]
    assert (archive.record(file_id).card.converter, archive.record(file_id, 1)) == ("better", first)


def test_bytes_that_come_again_and_are_not_converted_add_nothing(spool, archive, deliver, tmp_path):
    """The journal knew them when the archive could not be asked."""
    file_id = deliver()
    archive_all(spool, archive)
    (tmp_path / "in" / "again.csv").write_bytes(b"PASS")
    DiskSpool(spool.root).claim([claimable(tmp_path / "in", "again.csv")], keep=False)
    spool.save_reports(file_id, {})
    spool.finish(file_id)

    assert archive_all(spool, archive) == 1
    assert archive.editions(file_id) == [1]
    assert len(archive.record(file_id).reports) == 2


def test_the_same_bytes_from_two_sources_lie_there_once(spool, archive, store, deliver):
    """They are two files, and one blob."""
    deliver("a.csv")
    archive_all(spool, archive)
    before = len(list(store.list("blobs")))
    file_id = deliver("b.csv", b"one" + b"three")  # by chance what the reports are

    archive_all(spool, archive)

    assert archive.record(file_id).original == archive.record(file_id).bodies
    assert len(list(store.list("blobs"))) == before


def test_an_archive_that_is_away_holds_the_file_back(spool, archive, deliver, monkeypatch):
    """It stays on the spool with all it has, and goes when the archive is back."""
    file_id = deliver()

    def away(*_):
        raise StoreUnusable("the archive", "no route")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "add", away)
        with pytest.raises(StoreUnusable):
            archive_all(spool, archive)
    assert spool.place(file_id) is Place.FINISHED

    assert archive_all(spool, archive) == 1
    assert archive.has(file_id)


def test_a_full_disk_holds_the_file_back(spool, store, deliver, monkeypatch):
    """Half a blob is none."""
    deliver()
    monkeypatch.setattr(store, "put", _full)

    with pytest.raises(StoreUnusable):
        archive_all(spool, Archive(store))

    assert len(list(spool.finished())) == 1


def _full(*_):
    raise StoreUnusable("the archive", "No space left on device")


def test_a_catalogue_that_is_away_holds_the_file_back(spool, archive, deliver):
    """Nothing leaves the spool that could not be found afterwards."""
    file_id = deliver()

    def away(_):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        archive_all(spool, archive, enter=away)

    assert spool.place(file_id) is Place.FINISHED


def test_a_done_folder_that_is_away_holds_one_file_back_and_no_other(
    spool, archive, deliver, tmp_path, caplog
):
    """It is safe in the archive by then, and tried again after a while."""
    (tmp_path / "blocked").write_text("not a folder")
    clock, done = Clock(), {"ict": (PostAction.MOVE, tmp_path / "blocked" / "Done")}
    file_id = deliver()
    made = archivist(spool, archive, post_action=done.get, steady=clock)
    assert made.round() == 0
    assert archive.has(file_id)
    assert "file_not_archived" in caplog.messages

    done["ict"] = (PostAction.MOVE, tmp_path / "Done")
    assert made.round() == 0
    clock.pass_(31)

    assert made.round() == 1
    assert (tmp_path / "Done" / "board.csv").read_bytes() == b"PASS"
    made.close()


def test_a_file_that_was_written_to_after_all_stays_on_the_spool(spool, archive, deliver, caplog):
    """What the archive would keep is not what the reports were made of."""
    file_id = deliver()
    with spool.source(file_id).open("ab") as writer:
        writer.write(b" and more")

    archive_all(spool, archive)

    assert not archive.has(file_id)
    assert spool.place(file_id) is Place.FINISHED
    assert "file_not_archived" in caplog.messages


def test_a_report_whose_bytes_were_lost_is_kept_with_what_was_said_of_it(spool, archive, deliver):
    """Somebody gave it up, and says why."""
    file_id = deliver()
    (spool.root / "finished" / file_id / "sent" / "r1.json").unlink()

    archive_all(spool, archive)

    kept = archive.record(file_id)
    assert [(one.sha256 != "", len(one.receipts)) for one in kept.reports] == [(False, 1), (True, 1)]
    assert archive.report(kept, "r2") == b"three"


def test_two_archivists_at_once_do_it_once(spool, archive, deliver):
    """One of them lost its lease without noticing."""
    ids = [deliver(f"{n}.csv", str(n).encode()) for n in range(4)]
    other = archivist(spool, archive)

    def meddle(step):
        if step == "add-record":
            other.round()

    archive_all(spool, archive, step=meddle)

    assert [archive.editions(file_id) for file_id in ids] == [[1]] * 4
    assert list(spool.finished()) == []
    other.close()
