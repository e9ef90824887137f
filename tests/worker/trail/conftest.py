"""A trail with some days in it, and a clock that a test moves."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from wats_worker.trail.book import Book
from wats_worker.trail.entry import Event, Told
from wats_worker.trail.manifests import Record, seal_days
from wats_worker.trail.proof import Check


class Calendar:
    """Any day a test wants."""

    def __init__(self):
        self.now = datetime(2026, 11, 20, 10, tzinfo=UTC)

    def __call__(self):
        return self.now

    def pass_(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def calendar():
    return Calendar()


@pytest.fixture
def book(tmp_path, calendar):
    return Book(tmp_path / "audit", clock=calendar)


def archived():
    return {"2026-11-20": {"aa11": "h1", "bb22": "h2"}, "2026-11-21": {"cc33": "h3"}}


def seal_all(book, archive):
    return seal_days(book, lambda day: [Record(*one) for one in archive.get(day.isoformat(), {}).items()])


@pytest.fixture
def archive():
    """What is archived: by day, names and hashes; and, by name, the hash that its bytes have now."""
    return archived()


@pytest.fixture
def seal(book, archive):
    """Seals the days that are over."""
    return lambda: seal_all(book, archive)


@pytest.fixture(scope="session")
def written_week(tmp_path_factory):
    """Three days with three acts each, and one more today; two of the days are sealed."""
    calendar = Calendar()
    book = Book(tmp_path_factory.mktemp("week") / "audit", clock=calendar)
    for day in range(3):
        calendar.pass_(days=min(day, 1))
        seal_all(book, archived())
        for action in ("queue pause", "queue resume", "tokens create"):
            did(book, action)
    did(book, "today")
    return book.layout.folder


@pytest.fixture
def week(written_week, book, calendar):
    """A copy of it, on its third day."""
    shutil.copytree(written_week, book.layout.folder)
    calendar.pass_(days=2, hours=1)
    return book


def did(book, action="queue pause", **more):
    return book.write(Told(Event.DONE, action, who="hall 3 (a1b2)", **more))


@pytest.fixture
def check(book, archive):
    """What a check finds, one line each."""

    def check(**wanted):
        now = {name: hash_ for day in archive.values() for name, hash_ in day.items()}
        check = Check(book.layout, book.seal().witness)
        return [str(finding) for finding in check.run(hash_now=now.get, **wanted).findings]

    return check
