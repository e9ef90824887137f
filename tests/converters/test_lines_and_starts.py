"""What the converters of text formats share: lines, dates, runs in one second, rows with limits."""

from datetime import datetime
from typing import Any

import pytest

from wats_worker.converters import measures
from wats_worker.converters.base import Refused, Source
from wats_worker.converters.lines import LONGEST, lines, unbroken
from wats_worker.converters.scale import scaled, split
from wats_worker.converters.starts import Told, compact, day, local_time, month, time_of_day


def read(data: bytes) -> list[str]:
    return list(lines(Source.of_bytes(data, "log")))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"a\r\nb\r", ["a", "b"]),
        (b"\xef\xbb\xbfa\n\nb", ["a", "", "b"]),
        ("å\næ".encode(), ["å", "æ"]),
        ("å\næ".encode("cp1252"), ["å", "æ"]),
        (b"", []),
    ],
)
def test_lines_have_no_ends(data: bytes, expected: list[str]) -> None:
    """Of either kind, in either encoding, with a byte order mark or without."""
    assert read(data) == expected


def test_a_large_file_reads_like_a_small_one() -> None:
    """Wherever a block ends, also within a letter or between the two signs of a line end."""
    for ending in ("\n", "\r\n"):
        text = [f"row {number} måling" for number in range(120_000)]

        assert read(ending.join(text).encode()) == text
        assert read(ending.join(text).encode("cp1252")) == text


@pytest.mark.parametrize(
    "data",
    [
        b"a\rb\n",
        b"a\0b\n",
        "å\n".encode() + "å\n".encode("cp1252"),
        b"a" * LONGEST + b"b",
        b"\xef\xbb\xbf\xe5\n",
        ("å" + "\na" * 600_000).encode() + "å".encode("cp1252"),
        ("å" + "\na" * 600_000).encode("cp1252") + "å".encode(),
    ],
)
def test_a_file_that_is_not_certain_is_refused(data: bytes) -> None:
    """Two encodings, NUL bytes, old line ends, a line that no tester writes."""
    with pytest.raises(Refused):
        read(data)


def test_a_file_that_is_cut_off_has_no_last_line_end() -> None:
    """Unless the cut is lucky."""
    assert unbroken(Source.of_bytes(b"a\n", "log"))
    assert not unbroken(Source.of_bytes(b"a\nb", "log"))


@pytest.mark.parametrize(
    ("text", "order", "usual", "expected", "told"),
    [
        ("1/3/2026", None, "dmy", "2026-03-01", True),
        ("1/3/2026", None, "mdy", "2026-01-03", True),
        ("1/3/2026", "dmy", "mdy", "2026-03-01", False),
        ("13/3/2026", None, "dmy", "2026-03-13", False),
        ("3/3/2026", None, "dmy", "2026-03-03", False),
        ("2026-03-01", None, "ymd", "2026-03-01", False),
        ("01.02.26", None, "dmy", "2026-02-01", True),
    ],
)
def test_a_date_of_numbers_needs_an_order(
    text: str, order: Any, usual: Any, expected: str, told: bool
) -> None:
    """A date that can be read in two ways is told, unless it is known which."""
    source = Source.of_bytes(b"", "log")

    assert str(day(text, source, order=order, usual=usual)) == expected
    assert bool(source.warnings) == told


@pytest.mark.parametrize("text", ["31/2/2026", "1/13/2026", "-1/3/2026", "1/3-2026", "today", "", "00/00/00"])
def test_a_day_that_never_was_is_refused(text: str) -> None:
    """The order is never guessed from what would fit."""
    with pytest.raises(Refused):
        day(text, Source.of_bytes(b"", "log"), order=None, usual="dmy")


def test_a_year_in_front_is_one_whatever_the_order() -> None:
    """Four digits are nothing but a year, also at a source whose other dates begin with the day."""
    source = Source.of_bytes(b"", "log")

    assert [str(day("2026-03-01", source, order=order, usual="dmy")) for order in ("dmy", "mdy", None)] == [
        "2026-03-01"
    ] * 3
    assert source.warnings == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16:31:05", "16:31:05"),
        ("16:31", "16:31:00"),
        ("8.59.14,25", "08:59:14.250000"),
        ("12:00:00 AM", "00:00:00"),
        ("12:00:00 p.m.", "12:00:00"),
        ("下午 04:31:05", "16:31:05"),
        ("午前12:05", "00:05:00"),
        ("4:31:05 μ.μ.", "16:31:05"),
        ("16:31:05 PM", "16:31:05"),
    ],
)
def test_a_pc_shows_the_time_in_its_own_culture(text: str, expected: str) -> None:
    """Of twelve or twenty-four hours, with the word for the half of the day before or behind it."""
    assert str(local_time(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "25:00", "9:60", "16:31:05 AM", "0:31 PM", "9:00 XM", "AM 9:00 AM", "900"]
)
def test_a_time_that_never_was_is_refused(text: str) -> None:
    """Neither half of a day has an hour sixteen, or a word of its own."""
    with pytest.raises(Refused, match=r"time of day|hour|minute"):
        local_time(text)


def test_times_and_compact_moments_are_read_strictly() -> None:
    """As many digits as there must be."""
    assert str(time_of_day("8:20:27")) == "08:20:27"
    assert compact("260105034600") == datetime(2026, 1, 5, 3, 46)
    assert compact("20260105034600") == datetime(2026, 1, 5, 3, 46)
    assert [month("Jan"), month("DEC"), month("Mai")] == [1, 12, 0]
    for text in ("25:00:00", "8:20", "8:20:61", ""):
        with pytest.raises(Refused):
            time_of_day(text)
    for text in ("26010503460", "26010503460x", "261305034600", "-60105034600", ""):
        with pytest.raises(Refused):
            compact(text)


def test_runs_at_different_places_are_told_apart_and_copies_are_not() -> None:
    """A run that stands in the file twice must be found out."""
    told, source, clock = Told(), Source.of_bytes(b"", "log"), datetime(2026, 1, 5)
    starts = [told.apart(document, clock, place, source).microsecond
              for document, place in (({"sn": "A"}, 1), ({"sn": "A"}, 2), ({"sn": "B"}, 2), ({"sn": "A"}, 1), ({"sn": "A"}, 3))]  # fmt: skip

    assert starts == [0, 1000, 0, 0, 2000]


def test_a_row_has_the_limits_it_has() -> None:
    """What is one-sided stays one-sided."""
    assert measures.numeric(1.0, "P", low=0.0, high=2.0)["compOp"] == "GELE"
    assert measures.numeric(1.0, "P", low=0.0) == {
        "compOp": "GE",
        "status": "P",
        "value": 1.0,
        "lowLimit": 0.0,
    }
    assert measures.numeric(1.0, "P", high=2.0) == {
        "compOp": "LE",
        "status": "P",
        "value": 1.0,
        "lowLimit": 2.0,
    }
    assert measures.numeric(float("nan"), "F") == {"compOp": "LOG", "status": "F", "value": "NaN"}


def test_a_name_that_is_too_long_is_told_whole() -> None:
    """A step's name has a hundred characters."""
    made = measures.passed_or_failed("n" * 101, "P")

    assert (len(made["name"]), made["reportText"]) == (100, f"Step name: {'n' * 101}")


@pytest.mark.parametrize(
    ("text", "power", "value"),
    [("902.10", -6, 0.0009021), ("1.5e3", 3, 1.5e6), ("-500", -3, -0.5), ("0.1", 0, 0.1)],
)
def test_a_scaled_number_is_rounded_once(text: str, power: int, value: float) -> None:
    """It is the double nearest to what was written."""
    assert scaled(text, power) == value


@pytest.mark.parametrize("text", ["1e308", "1,5", "OVERLOAD", "0x1F", "9" * 5000])
def test_what_is_no_number_is_not_scaled(text: str) -> None:
    """Nor what no double can hold."""
    with pytest.raises(ValueError):
        scaled(text, 3)


def test_a_number_and_its_letters_are_parted() -> None:
    """Glued together or not; anything else is no number."""
    assert [split(text) for text in ("1451.2u", " 9.65 KO ", "-INF", "15.000")] == [
        ("1451.2", "u"), ("9.65", "KO"), ("-INF", ""), ("15.000", ""),
    ]  # fmt: skip
    for text in ("", "1 2", "3,5u"):
        with pytest.raises(ValueError):
            split(text)
