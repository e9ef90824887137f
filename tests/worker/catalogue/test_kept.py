"""Which bytes of the archive are needed, and by whom; the archive itself has the last word."""

import pytest
from worker.records import file_id
from worker.records import record as record_without_bytes

from wats_worker.archive.archive import Archive
from wats_worker.archive.record import Blob
from wats_worker.catalogue.rebuilding import complete
from wats_worker.store.folder import FolderStore


@pytest.fixture
def archive(tmp_path):
    return Archive(FolderStore(tmp_path / "archive"))


def record(number, **changes):
    """The record of the n-th file, which has its bytes."""
    found = record_without_bytes(number, **changes)
    return found.model_copy(update={"original": Blob(sha256=found.card.sha256, size=found.card.size)})


def shas(*records):
    return {one.original.sha256 for one in records}


def test_the_newest_first_and_the_oldest_first(catalogue):
    """Each file once, however many editions it has."""
    catalogue.enter([record(1), record(2), record(3, source="fct"), record(2, edition=2)])

    newest, oldest = list(catalogue.kept.newest_first("ict")), list(catalogue.kept.oldest_first())

    assert [file.file_id for file in newest] == [file_id(2), file_id(1)]
    assert {file.file_id for file in oldest} == {file_id(1), file_id(2), file_id(3)}
    assert [file.at for file in oldest] == sorted(file.at for file in oldest)
    assert newest[0].edition == 2
    assert newest[0].size == newest[1].size * 2


def test_what_was_purged_has_no_bytes(catalogue):
    """Up to an edition; a later one has its own."""
    catalogue.enter([record(1), record(2), record(2, edition=2)])
    catalogue.kept.purged({file_id(1): 1, file_id(2): 1, file_id(9): 1})

    assert [(file.file_id, file.edition) for file in catalogue.kept.oldest_first()] == [(file_id(2), 2)]
    assert catalogue.kept.count()[0] == 1
    assert catalogue.kept.with_bytes([file_id(1), file_id(2)]) == 1


def test_bytes_are_needed_by_whoever_names_them(catalogue):
    """By another file, or by a later edition; not by those that are about to go."""
    one, other, later = record(1), record(2), record(2, edition=2)
    catalogue.enter([one, other, later])
    kept = catalogue.kept

    assert kept.needed(shas(one), besides={}, cleared=0) == shas(one)
    assert kept.needed(shas(one), besides={file_id(1): 1}, cleared=0) == frozenset()
    assert kept.needed(shas(other), besides={file_id(2): 1}, cleared=0) == shas(later)
    assert kept.needed(shas(other), besides={file_id(2): 2}, cleared=0) == frozenset()


def test_nobody_knows_when_everything_was_forgotten_meanwhile(catalogue):
    """Not even when it has been told again."""
    catalogue.enter([record(1)])
    before = catalogue.kept.cleared()
    catalogue.clear()
    catalogue.enter([record(1)])

    assert catalogue.kept.needed(shas(record(1)), besides={}, cleared=before) is None
    assert catalogue.kept.needed(shas(record(1)), besides={}, cleared=before + 1) == shas(record(1))


def test_files_of_a_unit_are_found_by_its_whole_serial_number(catalogue):
    """Not by its beginning: what is held is said exactly."""
    catalogue.enter([record(number) for number in (1, 2)])
    (serial,) = {one.card.serial for one in record(1).reports}

    assert catalogue.kept.of_units([serial]) == {file_id(1)}
    assert catalogue.kept.of_units([serial[:-1]]) == set()
    assert catalogue.kept.of_units([]) == set()


def test_it_is_made_whole_by_reading_what_is_missing(catalogue, archive, monkeypatch):
    """Every edition of it; what is known is not read again."""
    for one in (record(1), record(2), record(2, edition=2), record(3)):
        archive.add(one)
    archive.mark_purged(file_id(3), 1)
    catalogue.enter([record(1)])
    asked = []
    real = archive.record
    monkeypatch.setattr(archive, "record", lambda *which: asked.append(which) or real(*which))

    assert complete(archive, catalogue) == []

    assert sorted(asked) == sorted([(file_id(2), 1), (file_id(2), 2), (file_id(3), 1)])
    assert {file.file_id for file in catalogue.kept.oldest_first()} == {file_id(1), file_id(2)}
    assert catalogue.entries([file_id(2)])[0].edition == 2
