"""Numbers for people: what came, what was good, and what is wrong with the rest."""

from dataclasses import replace
from datetime import timedelta

import pytest
from worker.records import DAWN, file_id, record

from wats_broker.journal import FileRecord
from wats_broker.states import FileState
from wats_worker.catalogue import rows
from wats_worker.catalogue.numbers import Hour, Numbers, Reason, Yield

SINCE, UNTIL = DAWN.timestamp(), DAWN.timestamp() + 86400


@pytest.fixture
def numbers(catalogue):
    return Numbers(catalogue)


@pytest.fixture
def tested(catalogue):
    """Enters tests, one a minute: serial number, result, and what is different of each."""

    def tested(*runs):
        made = []
        for number, (serial, result, changes) in enumerate(runs):
            one = record(number)
            card = replace(
                one.reports[0].card,
                **{"serial": serial, "result": result, "part": "PN", "station": "ICT", **changes},
            )
            reports = (one.reports[0].model_copy(update={"card": card}),)
            made.append(one.model_copy(update={"reports": reports}))
        catalogue.enter(made)

    return tested


def test_hour_by_hour(catalogue, numbers):
    """Files when they came, reports when they were delivered; a quiet hour is left out."""
    catalogue.enter([record(number, units=2) for number in (0, 1, 59, 60, 200)])

    assert numbers.hours(SINCE, UNTIL) == [
        Hour(int(SINCE), 3, 6),
        Hour(int(SINCE) + 3600, 1, 2),
        Hour(int(SINCE) + 3 * 3600, 1, 2),
    ]
    assert numbers.hours(SINCE + 3600, SINCE + 7199) == [Hour(int(SINCE) + 3600, 1, 2)]


def test_first_pass_and_last(numbers, tested):
    """One good at once, one good the second time, one that never was."""
    tested(
        ("A", "P", {}),
        ("B", "F", {}),
        ("B", "P", {}),
        ("C", "F", {}),
        ("C", "E", {}),
    )

    assert numbers.yields(SINCE, UNTIL) == [
        Yield("PN", "ICT", "10", units=3, tests=5, first_passed=1, last_passed=2)
    ]


def test_a_unit_counts_wherever_it_was_tested(numbers, tested):
    """By station each station has its own first; by part the unit has one."""
    tested(("A", "F", {"station": "ICT-1"}), ("A", "P", {"station": "ICT-2"}))

    by_station = numbers.yields(SINCE, UNTIL, by=["station"])
    by_part = numbers.yields(SINCE, UNTIL, by=["part"])

    assert [(one.station, one.first_passed, one.last_passed) for one in by_station] == [
        ("ICT-1", 0, 0),
        ("ICT-2", 1, 1),
    ]
    assert [(one.part, one.units, one.first_passed, one.last_passed) for one in by_part] == [("PN", 1, 0, 1)]


def test_what_does_not_count(numbers, tested):
    """Repairs, tests of another process as another unit, what has no serial number, another day."""
    tested(
        ("A", "P", {}),
        ("A", "F", {"kind": "R"}),
        ("A", "F", {"process": "20"}),
        ("", "F", {}),
        ("Z", "F", {"started": (DAWN + timedelta(days=3)).isoformat()}),
    )

    told = {one.process: one for one in numbers.yields(SINCE, UNTIL)}

    assert (told["10"].units, told["10"].last_passed) == (1, 1)
    assert (told["20"].units, told["20"].last_passed) == (1, 0)


def test_a_unit_that_failed_before_has_no_first_pass_today(numbers, tested):
    """Its very first test counts, whenever that was; its last is the last of this time."""
    yesterday = (DAWN - timedelta(days=1)).isoformat()
    tomorrow = (DAWN + timedelta(days=1, hours=1)).isoformat()
    tested(
        ("A", "F", {"started": yesterday}),
        ("A", "P", {}),
        ("B", "P", {"started": yesterday}),
        ("B", "F", {}),
        ("B", "P", {"started": tomorrow}),
        ("C", "P", {}),
    )

    (told,) = numbers.yields(SINCE, UNTIL)

    assert (told.units, told.tests, told.first_passed, told.last_passed) == (3, 3, 2, 2)


def test_tests_are_ordered_by_the_moment_and_not_by_its_words(numbers, tested):
    """A tester in Oslo and one in London; a summer clock that is set back."""
    tested(
        ("A", "P", {"started": "2026-11-01T08:30:00+00:00"}),
        ("A", "F", {"started": "2026-11-01T09:00:00+01:00"}),
        ("B", "P", {"started": "2026-11-01T02:10:00+01:00"}),
        ("B", "F", {"started": "2026-11-01T02:50:00+02:00"}),
    )

    (told,) = numbers.yields(SINCE, UNTIL)

    assert (told.units, told.first_passed, told.last_passed) == (2, 0, 2)


def test_two_tests_of_one_second_count_in_the_order_in_which_they_came(numbers, tested):
    """Some testers know no more of the time."""
    at = {"started": DAWN.isoformat()}
    tested(*((serial, result, at) for serial in "ABCDEFGH" for result in "FP"))

    (told,) = numbers.yields(SINCE, UNTIL)

    assert (told.units, told.first_passed, told.last_passed) == (8, 0, 8)


def test_a_report_that_another_one_has_replaced_does_not_count(numbers, tested):
    """A file that was written anew, with the id that the tester gave: the server has one report."""
    tested(*(("A", result, {"sent_as": "own"}) for result in "FFP"), ("B", "P", {"sent_as": ""}))

    (told,) = numbers.yields(SINCE, UNTIL)

    assert (told.units, told.tests, told.first_passed, told.last_passed) == (2, 2, 2, 2)


def test_a_replayed_file_counts_once(catalogue, numbers):
    """With what its last edition says."""
    catalogue.enter([record(0, result="F")])
    catalogue.enter([record(0, result="P", edition=2)])

    (told,) = numbers.yields(SINCE, UNTIL)

    assert (told.units, told.tests, told.first_passed) == (1, 1, 1)
    assert numbers.hours(SINCE, UNTIL) == [Hour(int(SINCE), 1, 1)]


def test_those_with_the_most_units_come_first(numbers, tested):
    """And all together are one line if nothing is told apart."""
    tested(("A", "P", {"part": "few"}), ("B", "P", {"part": "many"}), ("C", "F", {"part": "many"}))

    assert [one.part for one in numbers.yields(SINCE, UNTIL, by=["part"])] == ["many", "few"]
    assert [(one.units, one.first_passed) for one in numbers.yields(SINCE, UNTIL, by=[])] == [(3, 2)]


def test_reasons_ranked(catalogue, numbers):
    """By source, the most frequent first; what is mended is not among them."""
    why = ["no serial number", "no part number", "no serial number"]
    for number, reason in enumerate(why):
        told = quarantined(number, reason)
        catalogue.note([rows.of_journal(told, 1_800_000_000_000, sha256="a" * 64, cards=())])
    catalogue.enter([record(9)])

    assert numbers.reasons(SINCE, UNTIL) == [
        Reason("no serial number", "ict", 2),
        Reason("no part number", "ict", 1),
    ]
    assert numbers.reasons(UNTIL, UNTIL + 1) == []


def quarantined(number, reason):
    at = DAWN.timestamp() + 60 * number
    return FileRecord(
        file_id(number), "ict", f"{number}.csv", FileState.QUARANTINED, 1, 1, at, {"reason": reason}
    )


def test_an_empty_catalogue_has_no_numbers(numbers):
    """And no fault."""
    told = numbers.hours(SINCE, UNTIL), numbers.yields(SINCE, UNTIL, by=[]), numbers.reasons(SINCE, UNTIL)

    assert told == ([], [], [])
