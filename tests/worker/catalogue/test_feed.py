"""The journal, the archive, and the catalogue that is made of both."""

import pytest
from worker.archives import archive_all
from worker.claimables import claimable

from wats_broker.journal import Journal
from wats_broker.messages import FileSeen
from wats_broker.names import Keys
from wats_broker.states import FileState
from wats_worker.archive.archive import Archive
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.feed import JOURNAL, Feed
from wats_worker.catalogue.finding import Wanted
from wats_worker.catalogue.rebuilding import rebuild
from wats_worker.spool.made import UNTOLD, ReportCard
from wats_worker.spool.store import DiskSpool
from wats_worker.store.folder import FolderStore


class Floor:
    """A spool, a journal and an archive, and files at whatever point of their way."""

    def __init__(self, root, redis, catalogue):
        self.archive = Archive(FolderStore(root / "archive"))
        self.spool = DiskSpool(root / "spool", remembered=self.archive.has)
        self.journal = Journal(redis, Keys())
        self.catalogue = catalogue
        self.folder = root / "in"
        self.folder.mkdir()

    def feed(self, **changes):
        return Feed(journal=self.journal, spool=self.spool, catalogue=self.catalogue, **changes)

    def seen(self, name):
        (self.folder / name).write_text(name)
        file = claimable(self.folder, name)
        self.spool.claim([file], keep=False)
        self.journal.seen(FileSeen(file.file_id, "ict", name, file.size))
        return file.file_id

    def converted(self, name):
        file_id = self.seen(name)
        self.journal.take(file_id, worker="w", term_s=15)
        with self.spool.draft(file_id) as draft:
            draft.add(
                ReportCard(report_id=f"r-{name}", serial=f"SN {name}", started="2026-03-17T08:14:05Z"), b"{}"
            )
            draft.keep(UNTOLD)
        self.journal.record(file_id, "file_converted", state=FileState.CONVERTED, fields={"converter": "csv"})
        return file_id

    def delivered(self, name):
        file_id = self.converted(name)
        self.spool.delivered(file_id, f"r-{name}", {"stored_as": f"S-{name}"})
        self.journal.record(file_id, "file_delivered", state=FileState.DELIVERED)
        self.spool.finish(file_id)
        return file_id

    def archived(self, name):
        file_id = self.delivered(name)
        archive_all(
            self.spool,
            self.archive,
            enter=self.catalogue.enter,
            stories=self.journal.stories,
            now=self.journal.time,
        )
        return file_id

    def content(self):
        """Everything in the catalogue."""
        return {entry.file_id: entry for entry in self.catalogue.find(Wanted(), count=1000).entries}


@pytest.fixture
def floor(tmp_path, fake_redis, file):
    catalogue = Catalogue.open(None, file)
    made = Floor(tmp_path, fake_redis, catalogue)
    yield made
    made.spool.close()
    catalogue.close()


def test_a_file_is_found_at_every_point_of_its_way(floor):
    """What it is about is known as soon as its reports are made."""
    ids = [floor.seen("a"), floor.converted("b"), floor.delivered("c")]

    assert floor.feed().catch_up()

    content = floor.content()
    assert [content[one].state for one in ids] == [FileState.SEEN, FileState.CONVERTED, FileState.DELIVERED]
    assert [content[one].edition for one in ids] == [0, 0, 0]
    assert [entry.file_id for entry in floor.catalogue.find(Wanted(serial="sn b")).entries] == [ids[1]]
    assert content[ids[0]].sha256 == floor.spool.meta(ids[0]).sha256
    assert content[ids[1]].facts == {"converter": "csv"}


def test_it_is_read_on_from_where_it_ended(floor):
    """Portion by portion, and never all of it again."""
    ids = [floor.seen(str(number)) for number in range(7)]
    feed = floor.feed(portion=3)

    rounds = 0
    while not feed.catch_up(most=1):
        rounds += 1

    assert set(floor.content()) == set(ids)
    assert rounds >= 2
    at = floor.catalogue.at(JOURNAL)
    late = floor.seen("late")
    assert feed.catch_up()
    assert floor.content().keys() == {*ids, late}
    assert floor.catalogue.at(JOURNAL) >= at


def test_many_in_one_millisecond_are_all_read(floor, fake_redis):
    """More than one portion of them."""
    floor.journal = Journal(fake_redis, Keys(), clock=lambda: 1_800_000_000.0)
    ids = [floor.seen(str(number)) for number in range(8)]

    assert floor.feed(portion=3).catch_up()

    assert set(floor.content()) == set(ids)


def test_read_twice_it_is_the_same(floor):
    """Two processes do it at once."""
    floor.converted("a")
    floor.archived("b")
    floor.feed().catch_up()
    before = floor.content()

    floor.catalogue.reached(JOURNAL, 1, since_ms=floor.catalogue.at(JOURNAL))
    floor.feed().catch_up()

    assert floor.content() == before


def test_bytes_that_come_again_change_nothing(floor):
    """The journal has seen them again, and they are where they were."""
    file_id = floor.archived("a")
    floor.feed().catch_up()
    before = floor.content()
    floor.journal.seen(FileSeen(file_id, "ict", "again", 1))

    floor.feed().catch_up()

    assert floor.content() == before


class TestRebuilt:
    """Made again from the archive alone."""

    def test_it_is_what_it_was(self, floor):
        """Every row of it: nothing is missing, nothing is new."""
        for name in "abcdef":
            floor.archived(name)
        floor.seen("on its way")
        floor.feed().catch_up()
        before = floor.content()

        assert rebuild(floor.archive, floor.catalogue) == []

        assert floor.content() == {one: entry for one, entry in before.items() if entry.edition}
        floor.feed().catch_up()
        assert floor.content() == before

    def test_without_a_journal_all_of_the_archive_is_found(self, floor, fake_redis, tmp_path):
        """Neither Redis nor the database is left."""
        ids = {floor.archived(name) for name in "abc"}
        fake_redis.flushall()
        told = []
        anew = Catalogue.open(None, tmp_path / "anew.sqlite")

        rebuild(floor.archive, anew, progress=told.append)

        assert {entry.file_id for entry in anew.find(Wanted(serial="sn")).entries} == ids
        assert told == [3]
        anew.close()

    def test_a_damaged_record_is_named_and_the_others_are_there(self, floor, tmp_path, caplog):
        """One bad sector must not hide the rest."""
        ids = [floor.archived(name) for name in "abc"]
        (tmp_path / "archive/files" / ids[1][:2] / ids[1] / "000001").write_bytes(b"rust")

        assert rebuild(floor.archive, floor.catalogue) == [ids[1]]

        assert floor.content().keys() == {ids[0], ids[2]}
        assert "record_damaged" in caplog.messages

    def test_what_is_replayed_just_now_is_on_its_way_afterwards(self, floor):
        """The archive has its earlier edition, and the journal knows better."""
        file_id = floor.archived("a")
        floor.feed().catch_up()
        floor.journal.record(file_id, "file_replayed", state=FileState.SEEN)
        floor.feed().catch_up()
        before = floor.content()

        rebuild(floor.archive, floor.catalogue)
        floor.feed().catch_up()

        assert floor.content() == before
        assert before[file_id].state is FileState.SEEN
