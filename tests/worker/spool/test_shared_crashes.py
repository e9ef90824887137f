"""A spool in a store, killed at every act upon the store: nothing is lost, nothing doubled, nothing left behind."""

import os
import shutil
from pathlib import Path

import pytest
from worker.claimables import claimable
from worker.mortal import MortalStore, killed_at_every_act

from wats_worker.spool.model import Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.shared import SharedSpool
from wats_worker.spool.store import DiskSpool
from wats_worker.store.folder import FolderStore

REPORTS = {"r1": b"{1}", "r2": b"{2}"}


class Plant:
    """A watch folder, a store, a host for each stage, and a server that remembers what it was sent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inbox = root / "in"
        self.done = root / "done"
        self.sent = root / "sent"
        self.archived = root / "archived"

    def begin(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        for folder in (self.inbox, self.done, self.sent):
            folder.mkdir(parents=True)
        (self.inbox / "board.csv").write_bytes(b"PASS")

    def spool(self, host: str, store: FolderStore | None = None) -> SharedSpool:
        return SharedSpool(store or FolderStore(self.root / "store"), DiskSpool(self.root / host))

    def mortal(self, acts: int) -> FolderStore:
        return MortalStore(self.root / "store", acts=acts)

    def take(self, store: FolderStore | None = None) -> None:
        spool = self.spool("watch", store)
        spool.recover()
        if (self.inbox / "board.csv").exists():
            file = claimable(self.inbox, "board.csv")
            for claimed in spool.claim([file], keep=False):
                spool.dispose(claimed, PostAction.ARCHIVE, self.done)
        spool.close()

    def convert(self, store: FolderStore | None = None) -> None:
        spool = self.spool("convert", store)
        for file_id in list(spool.waiting()):
            if spool.place(file_id) is Place.WAITING and not spool.converted(file_id):
                with spool.bytes_of(file_id) as path:
                    assert path.read_bytes() == b"PASS"
                spool.save_reports(file_id, REPORTS)
        spool.close()

    def deliver(self, store: FolderStore | None = None) -> None:
        spool = self.spool("upload", store)
        for file_id in list(spool.waiting()):
            if spool.place(file_id) is not Place.WAITING:
                continue
            for report_id in spool.pending(file_id):
                (self.sent / report_id).write_bytes(spool.report(file_id, report_id))
                spool.delivered(file_id, report_id, {"stored_as": report_id})
            spool.finish(file_id)
        spool.close()

    def archive(self, store: FolderStore | None = None, action: PostAction = PostAction.MOVE) -> None:
        spool = self.spool("archive", store)
        for file_id in list(spool.finished()):
            if spool.place(file_id) is Place.FINISHED:
                if not self.archived.exists():
                    told = [spool.body(file_id, one["report_id"]) or b"" for one in spool.receipts(file_id)]
                    self.archived.write_bytes(b"".join(sorted(told)))
                spool.act(file_id, action, self.done)
                spool.leave(file_id)
        spool.close()

    def look(self) -> None:
        """What has to be so whatever happened, once everybody had another turn."""
        spool = self.spool("look")
        keys = [entry.key for entry in spool._store.list()]
        assert {path.name: path.read_bytes() for path in self.sent.iterdir()} == REPORTS
        assert self.archived.read_bytes() == b"".join(REPORTS.values())
        assert list(self.inbox.iterdir()) == []
        assert [key for key in keys if key.startswith("files/")] == []
        assert sum(key.startswith("cards/") for key in keys) == 1
        for host in ("watch", "convert", "upload", "archive"):
            landing = self.root / host
            assert [*(landing / "files").iterdir(), *(landing / "quarantine").iterdir()] == []
        spool.close()


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path / "plant")


@pytest.mark.parametrize(
    ("stage", "action"),
    [
        ("take", PostAction.ARCHIVE),
        ("convert", PostAction.ARCHIVE),
        ("deliver", PostAction.ARCHIVE),
        ("archive", PostAction.MOVE),
        ("archive", PostAction.DELETE),
    ],
)
def test_whatever_stage_is_killed_at_whatever_act_the_next_one_goes_on(plant, stage, action):
    """The bytes end where the source wants them, the reports are delivered, and nothing is left behind."""
    order = {"take": plant.take, "convert": plant.convert, "deliver": plant.deliver, "archive": plant.archive}

    def prepare():
        plant.begin()
        for name, act in order.items():
            if name == stage:
                return
            act()

    def story(acts):
        if stage == "archive":
            plant.archive(plant.mortal(acts), action)
        else:
            order[stage](plant.mortal(acts))

    prepare()
    deaths = 0
    for _ in killed_at_every_act(story):
        deaths += 1
        plant.take()
        plant.convert()
        plant.deliver()
        plant.archive(action=action)
        plant.look()
        moved = [path.read_bytes() for path in plant.done.iterdir()]
        assert moved == ([b"PASS"] if action is PostAction.MOVE else [])
        prepare()

    assert deaths > 2


@pytest.mark.parametrize("move", ["quarantine", "replay", "restore"])
def test_a_file_killed_on_its_way_is_here_or_there(plant, move):
    """And asking again brings it there, whole."""

    def change(spool, card):
        match move:
            case "quarantine":
                spool.quarantine(card.file_id, {"reason": "no"}, b"Traceback")
            case "replay":
                spool.replay(card.file_id, converter="other")
            case "restore":
                spool.restore(card.model_copy(update={"replayed_at": "now"}), [b"PASS"])

    def prepare():
        plant.begin()
        plant.take()
        spool = plant.spool("convert")
        (file_id,) = spool.waiting()
        card = spool.meta(file_id)
        match move:
            case "replay":
                spool.quarantine(file_id, {"reason": "no"}, b"Traceback")
            case "restore":
                plant.convert()
                plant.deliver()
                plant.archive(action=PostAction.ARCHIVE)
        spool.close()
        return card

    target = Place.QUARANTINED if move == "quarantine" else Place.WAITING
    card = prepare()
    # Each child has the card of the claim that was prepared last.
    story = lambda acts: change(plant.spool("x", plant.mortal(acts)), card)  # noqa: E731
    for _ in killed_at_every_act(story):
        spool = plant.spool("look")
        if spool.place(card.file_id) is not target:
            change(spool, card)
        assert spool.place(card.file_id) is target
        listed = spool.quarantined() if target is Place.QUARANTINED else spool.waiting()
        assert card.file_id in list(listed)
        assert spool.has_bytes(card.file_id)
        if move == "quarantine":
            assert spool.stderr(card.file_id, most=100) == b"Traceback"
        else:
            assert not spool.converted(card.file_id)
            assert spool.receipts(card.file_id) == []
        spool.close()
        card = prepare()


def test_an_old_mark_of_what_has_moved_on_is_removed(plant):
    """A stage was killed after the card and before the mark."""
    plant.begin()
    plant.take()
    spool = plant.spool("look")
    (file_id,) = spool.waiting()
    plant.convert()
    plant.deliver()
    stale = plant.root / "store" / "waiting" / f"{file_id}.1"
    stale.touch()

    young = list(spool.waiting())
    os.utime(stale, (0, 0))
    old = list(spool.waiting())

    assert (young, old) == ([file_id], [])
    assert not stale.exists()
    assert list(spool.finished()) == [file_id]
    spool.close()
