"""Drafts of mappings: what a file tells is taken, what it doesn't is asked."""

import tomllib
from typing import Any

import pytest
from support import shared

from wats_worker.converters.base import Source
from wats_worker.converters.mapped.draft import draft
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
    "sample",
    [b"", b"\n\n", b"x", bytes(100), "Ø;Ø;Ø\n".encode("cp1252") * 3, "a\tb\tc\n1\t2\t3\n".encode("utf-16")],
)
def test_any_bytes_make_a_draft(sample: bytes) -> None:
    """One that can be put into a configuration, however little it says."""
    drafted = draft(sample, "x")

    [source] = tomllib.loads(drafted.toml("s", "/in"))["sources"]
    bundled()[source["converter"]].options(**source["options"])


def test_the_corpus_can_be_drafted() -> None:
    """Every text in it, tables or not."""
    for path in shared("corpus/files").rglob("*"):
        if path.is_file() and path.stat().st_size < 100_000:
            drafted = draft(path.read_bytes(), path.name)
            bundled()[drafted.converter].options(**drafted.options)
            tomllib.loads(drafted.toml("s", "/in"))
