"""Drafts of mappings: what a file tells is taken, what it doesn't is asked."""

import tomllib
from typing import Any

import pytest
from support import shared

from wats_worker.converters.base import Source
from wats_worker.converters.mapped.draft import NoDraft, draft
from wats_worker.converters.registry import bundled
from wats_worker.reports import wsjf

STEPS = (
    "Serial No;Date;Time;Test Name;Measured;Lower Limit;Upper Limit;Units;Verdict\n"
    "SN-1;17.03.2026;08:14:05;Rail;5,01;4,9;5,1;V;PASS\n"
    "SN-1;17.03.2026;08:14:05;Load;0,5;;0,6;A;WARN\n"
)
WIDE = (
    "Station:\tFCT-1\nLot Number\tL-7\nSN\tTimestamp\tStatus\tRail (V)\tLoad [A]\n"
    "Lower\t\t\t4.9\t\nUpper\t\t\t5.1\t0.6\nSN-1\t2026-03-17 08:14:05\tPASS\t5.01\t0.5\n"
)
FILE = "Serial Number,SN-1\nTest Date,03/17/2026 08:14:05\nStep,Value,Low,High,Unit,Result\nRail,5,4.9,5.1,V,PASS\n"
TEXT = "Serial Number : SN-1\nStart Time = 2026-03-17T08:14:05\nRail 1: 5.01 V PASS\nLED 2: 1.9 V FAIL\n"


def converted(sample: str | bytes, **more: Any) -> list[dict[str, Any]]:
    """What the draft's own TOML makes of the file it was drafted from."""
    data = sample.encode() if isinstance(sample, str) else sample
    drafted = draft(data, "log.txt")
    [source] = tomllib.loads(drafted.toml("line-2", "/in"))["sources"]
    chosen = bundled()[source["converter"]]
    options = chosen.options(**{**source["options"], "part_number": "PN-1", "process_code": 10, **more})
    return [wsjf.document(report) for report in chosen.convert(Source.of_bytes(data, "log.txt"), options)]


def test_a_table_of_steps() -> None:
    """Its delimiter, decimal comma and date order follow from the cells."""
    drafted = draft(STEPS.encode(), "log.csv")
    [report] = converted(STEPS, statuses={"WARN": "P"})

    assert drafted.options["decimal"] == ","
    assert drafted.options["date_format"] == "%d.%m.%Y %H:%M:%S"
    assert drafted.options["fields"]["start"] == ["Date", "Time"]
    assert any("'WARN'" in note for note in drafted.notes)
    assert (report["sn"], report["start"][:19]) == ("SN-1", "2026-03-17T08:14:05")
    assert report["root"]["steps"][0]["numericMeas"][0]["highLimit"] == 5.1


def test_a_table_of_units() -> None:
    """Columns of numbers are steps; units in brackets, limits in rows, keys above the table."""
    [report] = converted(WIDE)
    rail, load = report["root"]["steps"]

    assert (report["machineName"], report["uut"]["batchSN"], report["result"]) == ("FCT-1", "L-7", "P")
    assert (rail["name"], rail["numericMeas"][0]["unit"], rail["numericMeas"][0]["lowLimit"]) == (
        "Rail",
        "V",
        4.9,
    )
    assert (load["name"], load["numericMeas"][0]["compOp"]) == ("Load", "LE")


def test_a_file_of_one_unit() -> None:
    """Its identity stands above the steps."""
    [report] = converted(FILE)

    assert draft(FILE.encode(), "x").options["layout"] == "unit-per-file"
    assert (report["sn"], report["start"][:10]) == ("SN-1", "2026-03-17")


def test_a_text() -> None:
    """Keys with their values, and lines with a verdict."""
    [report] = converted(TEXT)

    assert draft(TEXT.encode(), "x").converter == "mapped-text"
    assert [(step["name"], step["status"]) for step in report["root"]["steps"]] == [
        ("Rail 1", "P"),
        ("LED 2", "F"),
    ]


def test_a_date_that_can_be_read_in_two_ways_is_asked_for() -> None:
    """By naming both."""
    two = STEPS.replace(";", ",").replace("5,01", "5.01").replace("17.03.2026", "04/03/2026")
    notes = draft(two.encode(), "x").notes

    assert any("%d/%m/%Y %H:%M:%S or as %m/%d/%Y %H:%M:%S" in note for note in notes)


def test_what_the_file_does_not_tell_is_asked() -> None:
    """The draft still is a mapping, with a question mark in it."""
    drafted = draft(b"Name,Value,Result\na,1,PASS\nb,2,PASS\n", "x.csv")

    assert drafted.options["fields"] == {"serial_number": "?", "start": "?"}
    assert sum("?" in note for note in drafted.notes) == 2
    bundled()[drafted.converter].options(**drafted.options)


@pytest.mark.parametrize(
    "sample", [b"x", b"[1] {x}", "Ø;Ø;Ø\n".encode("cp1252") * 3, "a\tb\tc\n1\t2\t3\n".encode("utf-16")]
)
def test_any_text_makes_a_draft(sample: bytes) -> None:
    """One that can be put into a configuration, however little it says."""
    drafted = draft(sample, "x")

    [source] = tomllib.loads(drafted.toml("s", "/in"))["sources"]
    bundled()[source["converter"]].options(**source["options"])


def test_the_corpus_can_be_drafted() -> None:
    """Every text in it, tables or not; what is no text is refused with a reason."""
    refused = set()
    for path in shared("corpus/files").rglob("*"):
        if path.is_file() and 0 < path.stat().st_size < 100_000:
            try:
                drafted = draft(path.read_bytes(), path.name)
            except NoDraft:
                refused.add(path.suffix)
                continue
            bundled()[drafted.converter].options(**drafted.options)
            tomllib.loads(drafted.toml("s", "/in"))

    assert {".xml", ".json", ".tdms", ".xjlog"} <= refused
    assert refused.isdisjoint({".csv", ".txt", ".log", ".ATD", ".dcl"})


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n\n", "the file is empty"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><r/>", "XML or HTML"),
        (b"\n<html>", "XML or HTML"),
        (b'{"serial": "SN-1"}', "JSON"),
        (b'[\n {"serial": "SN-1"}]', "JSON"),
        (b"PK\x03\x04", "an archive"),
        (b"Serial,Start,V\nSN\0-1,x,1\n", "a NUL byte at 17"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a NUL byte at 8"),
        ("Serial,Start,V\nSN-1,x,1\n".encode("utf-16-le"), "UTF-16 without the mark"),
    ],
)
def test_what_is_no_text_with_lines_is_refused(sample: bytes, why: str) -> None:
    """With what to do instead."""
    with pytest.raises(NoDraft, match=why):
        draft(sample, "x")


def test_a_table_without_a_heading() -> None:
    """Its columns are numbers, told apart by what is in them; which is the serial number stays a question."""
    data = "SN-1;17.03.2026 08:14:05;5,01;PASS\nSN-2;17.03.2026 08:15:05;5,21;FAIL\n"
    drafted = draft(data.encode(), "x")

    assert drafted.guesses
    assert any("is column 1 the serial number?" in note for note in drafted.notes)
    assert [(report["sn"], report["result"]) for report in converted(data)] == [("SN-1", "P"), ("SN-2", "F")]


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("Serial,Start,V,V", [3, 4]),
        ("Serial,Start,,", [3, 4]),
        ("Seriennummer,Datum,U (V),I (A)", ["U (V)", "I (A)"]),
    ],
)
def test_headings_that_say_little(heading: str, columns: list[Any]) -> None:
    """The same twice, none at all, and German ones."""
    data = f"{heading}\nSN-1,2026-03-17 08:14:05,1.5,2\n"

    assert [measure["column"] for measure in draft(data.encode(), "x").options["measures"]] == columns
    assert [report["sn"] for report in converted(data)] == ["SN-1"]


def test_thousands_and_decimals() -> None:
    """Where one number has both signs there is no doubt which is which."""
    data = "Serial;Start;R (Ohm)\nSN-1;2026-03-17 08:14:05;1.234,5\n"

    [report] = converted(data)
    assert report["root"]["steps"][0]["numericMeas"][0]["value"] == 1234.5


def test_a_hundred_columns_of_numbers() -> None:
    """They are found by a pattern instead of being named one by one."""
    data = (
        f"Serial,Start,{','.join(f'M{n} (V)' for n in range(100))}\nSN-1,2026-03-17 08:14:05{',1.5' * 100}\n"
    )

    [report] = converted(data)
    assert len(report["root"]["steps"]) == 100
