"""A purge while a file is archived that has the same bytes: whoever is quicker, none of them are lost."""

import hashlib
import threading
from itertools import product

import pytest
from support import Clock, wait_until
from worker.archives import archivist
from worker.claimables import claimable
from worker.mortal import WatchedStore

from wats_worker.archive.archive import Archive
from wats_worker.archive.clearing import Busy, Clearing
from wats_worker.archive.errors import ArchiveError
from wats_worker.archive.record import Blob, KeptFile
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.rebuilding import rebuild
from wats_worker.retention.holds import Hold, Holds
from wats_worker.retention.purge import Purge
from wats_worker.retention.rules import Rule
from wats_worker.spool.model import FileMeta
from wats_worker.spool.store import DiskSpool
from wats_worker.store.folder import FolderStore
from wats_worker.trail.book import Book

STEPS = ("keep-original", "keep-reports", "add-record", "enter", "notice", "post-action", "leave")
#: What a purge does to the store: begins, condemns, deletes, marks, ends.
ACTS = 5
NOW = 1_790_000_000.0
BYTES = b"the same bytes in two files"


class Turnstile:
    """Whoever comes to a place waits there until somebody lets him through."""

    def __init__(self, place=None):
        self.reached, self._through, self._place = threading.Event(), threading.Event(), place

    def __call__(self, place):
        if place == self._place:
            self.reached.set()
            assert self._through.wait(60)

    def let_through(self):
        self._through.set()


class Plant:
    """An old file in the archive, and a new one with the same bytes that has just been delivered."""

    def __init__(self, root):
        self.root = root
        self.store = FolderStore(root / "archive")
        self.archive = Archive(self.store)
        self.catalogue = Catalogue.open(None, root / "catalogue.sqlite")
        self.spool = DiskSpool(root / "spool", remembered=self.archive.has)
        self.old = self._archived_long_ago()
        self.new = self._delivered()

    def purge(self, turnstile=lambda _: None, *, now=lambda: NOW):
        archive = Archive(WatchedStore(self.root / "archive", turnstile))
        return Purge(
            archive=archive,
            catalogue=self.catalogue,
            holds=Holds(self.store),
            book=Book(self.root / "audit"),
            who="a test",
            rules={"old": Rule(days=90)},
            on_spool=lambda file_id: self.spool.place(file_id) is not None,
            short_of=lambda: 0,
            now=now,
        )

    def archivist(self, turnstile=lambda _: None, **changes):
        return archivist(self.spool, self.archive, enter=self.catalogue.enter, step=turnstile, **changes)

    def is_whole(self, file_id):
        record = self.archive.record(file_id)
        return b"".join(self.archive.read(record.original)) == BYTES

    def close(self):
        self.spool.close()
        self.catalogue.close()

    def _archived_long_ago(self):
        file_id = hashlib.sha256(b"old").hexdigest()[:32]
        blob = Blob(sha256=hashlib.sha256(BYTES).hexdigest(), size=len(BYTES))
        card = FileMeta(
            file_id=file_id,
            source="old",
            name="old.csv",
            path="/in/old.csv",
            size=len(BYTES),
            sha256=blob.sha256,
            mtime_ns=0,
            claimed_at="2026-01-01T00:00:00+00:00",
            pool="convert",
            priority=5,
        )
        record = KeptFile(edition=1, archived_at=NOW - 91 * 86400, card=card, original=blob)
        self.archive.keep(blob, [BYTES])
        self.archive.add(record)
        self.catalogue.enter([record])
        return file_id

    def _delivered(self):
        folder = self.root / "in"
        folder.mkdir()
        (folder / "new.csv").write_bytes(BYTES)
        file = claimable(folder, "new.csv")
        self.spool.claim([file], keep=False)
        self.spool.save_reports(file.file_id, {"r1": b"one"})
        self.spool.delivered(file.file_id, "r1", {"stored_as": "R1"})
        self.spool.finish(file.file_id)
        return file.file_id


@pytest.fixture
def plant(tmp_path):
    plant = Plant(tmp_path)
    yield plant
    plant.close()


def carried_out(purge):
    return purge.carry_out(purge.plan(), lambda: True)


def stopped(thread, turnstile):
    """Wait until it stands there. The archivist does not come to its last steps while bytes are condemned."""
    wait_until(lambda: turnstile.reached.is_set() or not thread.is_alive(), what="somebody to stop")


@pytest.mark.parametrize(("step", "act"), list(product(STEPS, range(ACTS))))
@pytest.mark.parametrize("first", ["archivist", "purge"])
def test_wherever_each_of_them_stands(plant, step, act, first):
    """Both stop somewhere on their way; then the one goes on to its end, and then the other."""
    clock = Clock()
    at_step, at_act = Turnstile(step), Turnstile(act)
    keeping = plant.archivist(at_step, steady=clock)
    archiving = threading.Thread(target=keeping.round)
    purging = threading.Thread(target=carried_out, args=(plant.purge(at_act),))
    both = [(archiving, at_step), (purging, at_act)]
    for thread, turnstile in both if first == "archivist" else both[::-1]:
        thread.start()
        stopped(thread, turnstile)
    for thread, turnstile in both if first == "purge" else both[::-1]:
        turnstile.let_through()
        thread.join(60)
    clock.pass_(31)
    keeping.round()
    keeping.close()

    assert list(plant.spool.finished()) == []
    assert plant.is_whole(plant.new)
    assert plant.archive.notice().who == ""


def test_one_purges_at_a_time(plant):
    """The second one is told who does, and takes over from one that is dead."""
    with Clearing(plant.store, "the first", lambda: NOW):
        with pytest.raises(Busy, match="the first takes bytes out"):
            carried_out(plant.purge())

        assert carried_out(plant.purge(now=lambda: NOW + 601)).files == 1


def test_who_was_taken_for_dead_takes_nothing_more(plant):
    """He finds that another one went on, and stops."""
    slow = Clearing(plant.store, "the slow one", lambda: NOW)
    slow.__enter__()
    carried_out(plant.purge(now=lambda: NOW + 601))

    with pytest.raises(Busy):
        slow.condemn(["f00d"])


def test_who_stood_still_takes_nothing(plant):
    """A machine that slept does not know what has been archived meanwhile."""
    times = iter([NOW] * 3)

    with pytest.raises(ArchiveError, match="stood still"):
        carried_out(plant.purge(now=lambda: next(times, NOW + 3600)))

    assert plant.is_whole(plant.old)


def test_while_the_catalogue_is_made_again_nothing_goes(plant):
    """Nobody knows then who needs what. Afterwards it is known again."""
    purge = plant.purge()
    plan = purge.plan()
    rebuild(plant.archive, plant.catalogue)

    with pytest.raises(ArchiveError, match="just rebuilt"):
        purge.carry_out(plan, lambda: True)

    assert plant.is_whole(plant.old)
    assert carried_out(purge).files == 1


def test_what_the_catalogue_never_heard_of_is_needed_too(plant):
    """It was lost, or somebody pointed at an empty one: the archive tells first."""
    keeping = plant.archivist()
    keeping.round()
    keeping.close()
    plant.catalogue.clear()

    assert carried_out(plant.purge()).files == 1
    assert plant.is_whole(plant.new)


def test_what_is_held_at_the_last_moment_stays(plant):
    """After the plan was made."""
    purge = plant.purge()
    plan = purge.plan()
    Holds(plant.store).add(Hold(label="case", file_ids=(plant.old,), who="hall 3", reason="claim", at=NOW))

    assert purge.carry_out(plan, lambda: True).files == 0
    assert plant.is_whole(plant.old)


def test_a_damaged_notice_stops_nobody(plant):
    """Neither who archives nor who purges."""
    plant.store.put("purging", b"rust")
    keeping = plant.archivist()

    assert keeping.round() == 1
    assert carried_out(plant.purge()).files == 1
    assert plant.is_whole(plant.new)
    keeping.close()
