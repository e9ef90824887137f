"""Retention: what is over goes, what is held or not delivered stays, and the trail tells of it."""

import hashlib
import time

import pytest

from wats_worker.archive.archive import Archive
from wats_worker.archive.record import Blob, KeptFile, KeptReport
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.retention.holds import Hold, Holds
from wats_worker.retention.purge import Purge
from wats_worker.retention.rules import Rule
from wats_worker.spool.made import ReportCard
from wats_worker.spool.model import FileMeta
from wats_worker.store.folder import FolderStore
from wats_worker.trail.book import Book, TrailUnusable, entries
from wats_worker.trail.proof import PURGED, Check

DAY = 86400.0
NOW = 1_790_000_000.0


class Plant:
    """An archive with files of any age, and what purges it."""

    def __init__(self, folder):
        self.store = FolderStore(folder / "archive")
        self.archive = Archive(self.store)
        self.catalogue = Catalogue.open(None, folder / "catalogue.sqlite")
        self.book = Book(folder / "audit")
        self.holds = Holds(self.store)
        self.rules = {}
        self.on_spool = set()
        self.portion = 100
        self.short = []  #: how much room is missing, asked again and again

    def keep(self, name, *, days=0.0, source="ict", content=None, serial="", edition=1):
        """A file that was archived so many days ago; its id."""
        body, original = f"report of {name}".encode(), content or f"bytes of {name}".encode()
        file_id = hashlib.sha256(name.encode()).hexdigest()[:32]
        blobs = [Blob(sha256=hashlib.sha256(one).hexdigest(), size=len(one)) for one in (original, body)]
        for blob, one in zip(blobs, (original, body), strict=True):
            self.archive.keep(blob, [one])
        card = FileMeta(
            file_id=file_id,
            source=source,
            name=name,
            path=f"/in/{name}",
            size=len(original),
            sha256=blobs[0].sha256,
            mtime_ns=0,
            claimed_at=f"2026-01-01T00:00:00.00000{edition}+00:00",
            pool="convert",
            priority=5,
        )
        self.archive.add(
            KeptFile(
                edition=edition,
                archived_at=NOW - days * DAY,
                card=card,
                original=blobs[0],
                bodies=blobs[1],
                reports=(KeptReport(card=ReportCard(report_id=f"r-{name}", serial=serial)),),
            )
        )
        return file_id

    def purge(self, go_on=lambda: True):
        purge = self._purge()
        return purge.carry_out(purge.plan(), go_on)

    def would_go(self):
        return {victim.file.file_id: victim.why for victim in self._purge().plan().victims}

    def has(self, file_id):
        record = self.archive.record(file_id)
        return self.archive.has_bytes(record.original) and self.archive.has_bytes(record.bodies)

    def told(self):
        """What the trail has of purging: why, and which files."""
        days = self.book.layout.days()
        lines = [entry.told for day in days for entry in entries(self.book.layout, day)]
        return [(one.reason, one.facts["files"]) for one in lines if one.action == PURGED]

    def _purge(self):
        return Purge(
            archive=self.archive,
            catalogue=self.catalogue,
            holds=self.holds,
            book=self.book,
            who="retention",
            rules=self.rules,
            on_spool=lambda file_id: file_id in self.on_spool,
            short_of=lambda: self.short[0] if len(self.short) == 1 else (self.short or [0]).pop(0),
            now=lambda: NOW,
            portion=self.portion,
        )


@pytest.fixture
def plant(tmp_path):
    plant = Plant(tmp_path)
    yield plant
    plant.catalogue.close()


class TestRules:
    """What each source keeps."""

    def test_by_age(self, plant):
        """Only that source's; one without a rule keeps everything for ever."""
        old, new = plant.keep("old", days=91), plant.keep("new", days=89)
        other = plant.keep("other", days=1000, source="fct")
        plant.rules = {"ict": Rule(days=90)}

        assert plant.would_go() == {old: "older than 90 days"}
        assert plant.purge().files == 1
        assert [plant.has(one) for one in (old, new, other)] == [False, True, True]

    def test_by_count(self, plant):
        """The newest stay."""
        files = [plant.keep(f"{n}", days=n) for n in range(5)]
        plant.rules = {"ict": Rule(files=2)}

        plant.purge()

        assert [plant.has(one) for one in files] == [True, True, False, False, False]

    def test_by_bytes(self, plant):
        """Of files and reports together."""
        files = [plant.keep(f"{n}", days=n, content=bytes([n]) * 2**20) for n in range(4)]
        plant.rules = {"ict": Rule(bytes=2 * 2**20 + 1000)}

        assert set(plant.would_go()) == set(files[2:])

    def test_a_dry_run_changes_nothing(self, plant):
        """Neither bytes nor trail."""
        old = plant.keep("old", days=91)
        plant.rules = {"ict": Rule(days=90)}
        plant.would_go()

        assert plant.has(old)
        assert plant.told() == []

    def test_the_record_stays(self, plant):
        """What it was, and what came of it, is known for ever; and it is not looked at again."""
        old = plant.keep("old", days=91)
        plant.rules = {"ict": Rule(days=90)}
        plant.purge()

        assert plant.archive.record(old).card.name == "old"
        assert plant.would_go() == {}

    def test_a_file_that_came_once_more_is_kept_anew(self, plant):
        """Its new edition has bytes and an age of its own."""
        old = plant.keep("old", days=91)
        plant.rules = {"ict": Rule(days=90)}
        plant.purge()
        plant.keep("old", days=1, edition=2)

        plant.purge()

        assert plant.has(old)


class TestWhatStays:
    """Whatever the rules say."""

    def test_what_is_held(self, plant):
        """By its id, or by the serial number of a unit; until the label is released."""
        one, other = plant.keep("one", days=91), plant.keep("other", days=91, serial="PCB-1")
        plant.rules = {"ict": Rule(days=90)}
        plant.holds.add(hold("case-7", file_ids=(one,)))
        plant.holds.add(hold("case-7", serials=("PCB-1",)))
        plant.short = [2**40]
        plant.purge()
        held = [plant.has(one), plant.has(other)]
        plant.holds.release("case-7")
        plant.purge()

        assert held == [True, True]
        assert [plant.has(one), plant.has(other)] == [False, False]

    def test_what_is_not_delivered(self, plant):
        """A file on the spool is being sent, or sent again."""
        file_id = plant.keep("old", days=91)
        plant.rules = {"ict": Rule(days=90)}
        plant.on_spool = {file_id}
        assert plant.purge().files == 0
        plant.on_spool = set()

        assert plant.has(file_id)
        assert plant.purge().files == 1

    def test_bytes_that_another_file_needs(self, plant):
        """The same bytes lie there once; the last file that needs them takes them along."""
        one = plant.keep("one", days=91, content=b"the same")
        other = plant.keep("other", days=1, source="fct", content=b"the same")
        plant.rules = {"ict": Rule(days=90)}
        plant.purge()
        still = plant.has(other)
        plant.rules = {"fct": Rule(days=0.5)}
        plant.purge()

        assert still
        assert not plant.archive.has_bytes(plant.archive.record(one).original)

    def test_everything_when_it_cannot_be_written_down(self, plant):
        """Bytes never go without a line."""
        old = plant.keep("old", days=91)
        plant.rules = {"ict": Rule(days=90)}
        plant.book.layout.folder.write_text("no folder")

        with pytest.raises(TrailUnusable):
            plant.purge()

        assert plant.has(old)

    def test_the_rest_when_it_is_stopped(self, plant):
        """Between two portions; the next look goes on."""
        for n in range(3):
            plant.keep(f"{n}", days=91)
        plant.rules, plant.portion = {"ict": Rule(days=90)}, 2
        answers = iter([True, False])

        assert plant.purge(lambda: next(answers)).files == 2
        assert plant.purge().files == 1


class TestAShortDisk:
    """A floor of free room."""

    def test_the_oldest_go_until_there_is_room(self, plant):
        """Of all sources; no rule is needed for that."""
        files = [plant.keep(f"{n}", days=n, source=f"s{n % 2}") for n in range(4)]
        plant.short = [2]

        victims = plant.would_go()

        assert victims == {files[3]: "the disk is short of room", files[2]: "the disk is short of room"}

    def test_it_stops_as_soon_as_there_is_room(self, plant):
        """What was planned and is not needed any more stays."""
        files = [plant.keep(f"{n}", days=n) for n in range(3)]
        plant.short, plant.portion = [10**6, 10**6, 0], 2

        assert plant.purge().files == 2
        assert plant.has(files[0])


def test_the_trail_says_which_and_why(plant):
    """One line for a hundred files; the proof knows them, and nothing is missing."""
    ids = [plant.keep(f"{n}", days=100 + n) for n in range(3)]
    plant.rules = {"ict": Rule(days=90)}

    plant.purge()

    assert plant.told() == [("older than 90 days", ids[::-1])]
    assert Check(plant.book.layout, plant.book.seal().witness).run().purged == set(ids)


def hold(label, **what):
    return Hold(label=label, who="hall 3", reason="claim 4711", at=time.time(), **what)
