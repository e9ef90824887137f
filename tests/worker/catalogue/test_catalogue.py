"""Whoever looks for a file finds it, by whatever he knows of it, page by page."""

import threading
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worker.records import DAWN, file_id, record

from wats_broker.journal import FileRecord
from wats_broker.states import FileState
from wats_worker.catalogue import rows
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.errors import BadCursor
from wats_worker.catalogue.finding import Place, Wanted
from wats_worker.spool.made import ReportCard


def told(number, state=FileState.SEEN, *, at=1_800_000_000_000, cards=(), **facts):
    """What the journal tells of the n-th file."""
    seen_at = DAWN.timestamp() + 60 * number
    found = FileRecord(file_id(number), "ict", f"Board {number:05}.csv", state, 1000, 1, seen_at, facts)
    return rows.of_journal(found, at, sha256="a" * 64, cards=cards)


def ids(*numbers):
    return [file_id(number) for number in numbers]


def found(catalogue, **wanted):
    return [entry.file_id for entry in catalogue.find(Wanted(**wanted)).entries]


def paged(catalogue, wanted, count):
    """All pages, one after the other."""
    entries, after = [], ""
    while True:
        page = catalogue.find(wanted, count=count, after=after)
        entries += [entry.file_id for entry in page.entries]
        after = page.next
        if not after:
            return entries


class TestFinding:
    """By one thing or by several."""

    @pytest.fixture
    def catalogue(self, catalogue):
        catalogue.enter([record(number, units=2) for number in range(12)])
        catalogue.enter([record(50, source="fct")])
        catalogue.note([told(60, FileState.QUARANTINED, reason="no serial number")])
        return catalogue

    def test_without_a_word_the_latest_come_first(self, catalogue):
        """Whatever state they are in."""
        assert found(catalogue) == ids(60, 50, *range(11, -1, -1))

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            ({"serial": "sn-00004-1"}, [4]),
            ({"serial": " SN-00004 "}, [4]),
            ({"serial": "SN-0000"}, list(range(10))),
            ({"serial": "00004"}, []),
            ({"part": "pn 1"}, [10, 7, 4, 1]),
            ({"part": "PN"}, []),
            ({"station": "ict 1"}, [11, 9, 7, 5, 3, 1]),
            ({"name": "board 0000"}, list(range(10))),
            ({"name": "BOARD 00050.CSV"}, [50]),
            ({"name": "line 3"}, []),
            ({"sha256": record(7).card.sha256}, [7]),
            ({"sha256": record(7).card.sha256.upper()}, [7]),
            ({"report": "ours-3-1-1"}, [3]),
            ({"report": "own-3-1"}, [3]),
            ({"report": "theirs-3-1"}, [3]),
            ({"source": "fct"}, [50]),
            ({"state": FileState.QUARANTINED}, [60]),
            ({"file_id": file_id(8)[:9]}, [8]),
            ({"archived": True, "source": "fct"}, [50]),
            ({"since": DAWN.timestamp() + 600, "until": DAWN.timestamp() + 3000}, [50, 11, 10]),
            ({"part": "pn 1", "station": "ict 1", "since": DAWN.timestamp() + 120}, [7]),
            ({"serial": "sn-", "part": "pn 1", "source": "ict"}, [1, 4, 7, 10]),
            ({"name": "board", "serial": "sn-00004"}, [4]),
            ({"name": "board", "station": "ict 1", "until": DAWN.timestamp() + 180}, [1, 3]),
            ({"sha256": record(7).card.sha256, "source": "fct"}, []),
            ({"serial": "sn-0000", "state": FileState.QUARANTINED}, []),
        ],
    )
    def test_it_is_found_by_what_is_known_of_it(self, catalogue, wanted, numbers):
        """A file with two units of one beginning is one file."""
        assert found(catalogue, **wanted) == ids(*numbers)

    @pytest.mark.parametrize(
        "wanted", [{}, {"part": "PN 1"}, {"serial": "sn"}, {"name": "board"}, {"file_id": ""}]
    )
    def test_pages_follow_each_other(self, catalogue, wanted):
        """Without gap and without repetition, however long they are."""
        wanted = Wanted(**wanted)
        whole = paged(catalogue, wanted, 100)

        assert [paged(catalogue, wanted, count) for count in (1, 2, 5)] == [whole] * 3

    def test_what_comes_while_somebody_turns_the_pages_moves_none(self, catalogue):
        """He sees what was there when he began, each once."""
        first = catalogue.find(Wanted(), count=5)
        catalogue.enter([record(70), record(10, edition=2, units=2)])

        rest = catalogue.find(Wanted(), count=100, after=first.next)

        entries = [*first.entries, *rest.entries]
        assert [entry.file_id for entry in entries] == ids(60, 50, *range(11, -1, -1))

    def test_files_of_one_millisecond_are_told_one_after_the_other(self, catalogue):
        """Their ids decide."""
        same = [record(number, card=record(number).card.model_copy(update={"claimed_at": DAWN.isoformat()}))
                for number in range(100, 107)]  # fmt: skip
        catalogue.enter(same)

        assert len(set(paged(catalogue, Wanted(), 2))) == 12 + 2 + 7

    @pytest.mark.parametrize("text", ["x", "e30=", "\u00e4", "WzEsMiwzLDRd", "W10="])
    def test_a_place_that_no_page_named_is_refused(self, catalogue, text):
        """Nothing is guessed from it."""
        with pytest.raises(BadCursor):
            catalogue.find(Wanted(), after=text)

    def test_a_place_in_another_list_is_refused(self, catalogue):
        """It would lead anywhere."""
        page = catalogue.find(Wanted(part="pn 1"), count=1)

        with pytest.raises(BadCursor):
            catalogue.find(Wanted(part="pn 2"), after=page.next)

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            (file_id(8), [8]),
            (file_id(8)[:10], [8]),
            (record(7).card.sha256, [7]),
            ("SN-00004-1", [4]),
            ("board 00003", [3]),
            ("Pn 2", [50, 11, 8, 5, 2]),
            ("0050", [50]),
            ("nothing like it", []),
        ],
    )
    def test_what_somebody_has_in_his_hand_is_enough(self, catalogue, text, numbers):
        """Nobody has to say what it is."""
        entries = catalogue.look_for(text, Wanted()).entries

        assert [entry.file_id for entry in entries] == ids(*numbers)

    def test_its_pages_can_be_turned(self, catalogue):
        """With the same words, and no others."""
        first = catalogue.look_for("sn-0000", Wanted(), count=6)

        rest = catalogue.look_for("sn-0000", Wanted(), count=6, after=first.next)

        assert [one.file_id for one in (*first.entries, *rest.entries)] == ids(*range(10))
        with pytest.raises(BadCursor):
            catalogue.look_for("something else", Wanted(), after=first.next)


class TestEntering:
    """Everything may happen twice, and late."""

    def test_all_that_is_told_of_a_file_is_given_back(self, catalogue):
        """As it stands in its record."""
        catalogue.enter([record(1, units=2)])

        (entry,) = catalogue.entries(ids(1))

        assert (entry.name, entry.source, entry.state) == (
            "line 3/Board 00001.csv",
            "ict",
            FileState.DELIVERED,
        )
        assert (entry.edition, entry.reports, entry.facts) == (1, 2, {"converter": "csv"})
        assert entry.seen_at == DAWN.timestamp() + 60
        assert entry.archived_at == DAWN.timestamp() + 120

    def test_a_record_entered_twice_is_there_once(self, catalogue):
        """In one act or in two."""
        catalogue.enter([record(1), record(1)])
        catalogue.enter([record(1)])

        assert (catalogue.count(), found(catalogue, serial="sn")) == (1, ids(1))

    def test_a_later_edition_takes_the_place_of_an_earlier_one(self, catalogue):
        """Whichever comes first: what was made then is found no more."""
        for order in ([1, 2], [2, 1]):
            catalogue.clear()
            for edition in order:
                catalogue.enter([record(1, edition=edition, units=3 - edition)])

            assert found(catalogue, report="ours-1-0-2") == ids(1)
            assert found(catalogue, report="ours-1-0-1") == []
            assert found(catalogue, serial="sn-00001-1") == []

    def test_newer_word_of_the_journal_goes_before_older(self, catalogue):
        """Two processes read it, and one of them is slow."""
        catalogue.note([told(1, FileState.CONVERTING, at=2000)])
        catalogue.note([told(1, FileState.SEEN, at=1000)])

        assert catalogue.entries(ids(1))[0].state is FileState.CONVERTING

    def test_of_an_archived_file_the_record_tells(self, catalogue):
        """That it is delivered is known; when it is replayed is news."""
        catalogue.enter([record(1)])
        before = catalogue.entries(ids(1))

        catalogue.note([told(1, FileState.DELIVERED, cards=[ReportCard(report_id="x")])])
        assert catalogue.entries(ids(1)) == before

        catalogue.note([told(1, FileState.SEEN)])
        assert catalogue.entries(ids(1))[0].state is FileState.SEEN
        assert found(catalogue, report="own-1-0") == ids(1)

    def test_a_file_on_its_way_is_found_by_its_units(self, catalogue):
        """As soon as its reports are made, and once when they are archived."""
        card = ReportCard(report_id="r", serial="SN-7", part="PN", started="no time")
        catalogue.note([told(1, FileState.CONVERTED, cards=[card])])
        catalogue.note([told(1, FileState.CONVERTED, cards=[card])])
        assert found(catalogue, serial="sn-7") == ids(1)

        catalogue.enter([record(1)])

        assert (found(catalogue, serial="sn-7"), found(catalogue, serial="sn-00001")) == ([], ids(1))

    def test_texts_that_a_database_refuses_are_made_fit(self, catalogue):
        """A zero, half a character, more than fits."""
        card = ReportCard(report_id="r", serial="a\0b" + "x" * 5000, process="1" * 50)
        odd = told(1, FileState.CONVERTED, cards=[card], reason="caf\udce9\0")

        catalogue.note([odd])

        assert found(catalogue, serial="ab") == ids(1)

    def test_what_is_forgotten_is_gone(self, catalogue):
        """With its reports."""
        catalogue.enter([record(1), record(2)])

        catalogue.forget(ids(1))

        assert (found(catalogue), found(catalogue, serial="sn")) == (ids(2), ids(2))

    def test_many_at_once_are_many_rows(self, catalogue):
        """More than one statement can take."""
        catalogue.enter([record(1, units=3000), *(record(number) for number in range(2, 900))])

        assert catalogue.count() == 899
        assert found(catalogue, serial="sn-00001-2999") == ids(1)

    def test_writers_at_once_lose_nothing(self, catalogue, url, file):
        """Several hosts, or a rebuild while the line runs."""
        other = Catalogue.open(url, file)
        failed = []

        def write(to, numbers):
            try:
                for number in numbers:
                    to.enter([record(number)])
                    to.note([told(number, FileState.SEEN, at=1), told(1000, FileState.SEEN, at=number)])
            except Exception as error:  # noqa: BLE001  whatever it is, the test has to see it
                failed.append(error)

        threads = [
            threading.Thread(target=write, args=(catalogue, range(30))),
            threading.Thread(target=write, args=(other, range(15, 45))),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        other.close()

        assert failed == []
        assert catalogue.count() == 46

    def test_how_far_something_was_read_goes_on_from_there_only(self, catalogue):
        """Who began before everything was forgotten does not say how far the rest has come."""
        catalogue.reached("journal", 100, since_ms=0)
        catalogue.reached("journal", 200, since_ms=100)
        catalogue.reached("journal", 150, since_ms=100)
        assert catalogue.at("journal") == 200

        catalogue.clear()
        catalogue.reached("journal", 300, since_ms=200)

        assert catalogue.at("journal") == 0


@settings(max_examples=30)
@given(st.text(max_size=20), st.integers(-(2**61), 2**61), st.text(max_size=20))
def test_a_place_comes_back_as_it_was(key, rank, file):
    """Whatever a name has in it."""
    wanted = Wanted(name=key)

    assert asdict(Place.read(Place(key, rank, file).write(wanted), wanted)) == asdict(Place(key, rank, file))
