"""Tables of a TestStand database: limits in the headings, sockets that start together, verdicts of the units."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "teststand-db-csv"
KNOWN = {"part_number": "HL", "process_code": 10}
HEADING = "Test Start,Station ID,Serial Number,Test Socket,Test Status,Test Time (s)"


def table(headings: str, *rows: str) -> bytes:
    return "\n".join([f"{HEADING},{headings}", *rows, ""]).encode()


def made(headings: str, *rows: str, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, table(headings, *rows), **KNOWN, **options).documents


def row(heading: str, text: str, status: str = "Passed") -> dict[str, Any]:
    [report] = made(heading, f"2023-04-18 13:08:20,FCT-1,4711,1,{status},9,{text}")
    [step] = report["root"]["steps"]
    return dict(step)


def test_the_golden_facts_hold() -> None:
    """139 units in ten sockets."""
    name = "Test Data HL.csv"
    facts = json.loads(shared(f"corpus/golden/{NAME}/{name}.json").read_text())
    documents = convert(NAME, shared(f"corpus/files/{NAME}/{name}").read_bytes(), **KNOWN).documents

    assert golden.check(facts, documents) == []
    results = [report["result"] for report in documents]
    assert (results.count("P"), results.count("F")) == (131, 8)
    for run in facts["runs"]:
        assert documents[run["row"] - 2]["sn"] == run["serial"]
        assert documents[run["row"] - 2]["uut"]["testSocketIndex"] == run["socket"]
        assert documents[run["row"] - 2]["result"] == run["result"]["value"][0]


def test_loops_and_rows_without_a_serial_number() -> None:
    """Two more exports of that database."""
    folder = shared(f"corpus/files/{NAME}")
    [loops] = convert(NAME, (folder / "Test Data OMS Loop Test.csv").read_bytes(), **KNOWN).documents
    indexes = [step["loop"]["idx"] for step in loops["root"]["steps"] if "loop" in step]
    other = (folder / "Test Data OMS.csv").read_bytes()

    assert (len(indexes), max(indexes)) == (740, 9)
    with pytest.raises(Refused) as caught:
        convert(NAME, other, **KNOWN)
    assert (caught.value.field, caught.value.place) == ("serial number", "line 53")
    assert len(convert(NAME, other, without_serial_number="leave-out", **KNOWN).documents) == 101


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Rail (V) 4.9 <= x <= 5.1 [0]", {"compOp": "GELE", "unit": "V", "lowLimit": 4.9, "highLimit": 5.1}),
        ("Rail (V) -1 < x < 10 [0]", {"compOp": "GTLT", "unit": "V", "lowLimit": -1, "highLimit": 10}),
        ("Rail (V) 1 < x <= 10 [0]", {"compOp": "GTLE", "unit": "V", "lowLimit": 1, "highLimit": 10}),
        ("LED (None)  == 5 [0]", {"compOp": "EQ", "lowLimit": 5}),
        ("LED (None) x >= 1 [0]", {"compOp": "GE", "lowLimit": 1}),
        ("Lo (82.5 ohm) P2 (V) x < 9 [0]", {"compOp": "LT", "unit": "V", "lowLimit": 9}),
        ("Rail (V) [0]", {"compOp": "LOG", "unit": "V"}),
        ("Rail", {"compOp": "LOG"}),
    ],
)
def test_a_heading_says_what_was_measured(heading: str, expected: dict[str, Any]) -> None:
    """The last bracket before the limits is the unit, and None is no unit."""
    step = row(heading, "5.0")

    assert step["numericMeas"] == [{"status": "P", "value": 5.0, **expected}]
    assert step["name"] == heading.split(" (V)", maxsplit=1)[0].split(" (None)", maxsplit=1)[0]


def test_the_units_verdict_counts() -> None:
    """A passed unit passed everything; in a failed one the limits tell which step it was."""
    heading = "Rail (V) 4.9 <= x <= 5.1 [0]"

    assert row(heading, "6.0")["status"] == "P"
    assert row(heading, "6.0", "Failed")["status"] == "F"
    assert row(heading, "5.0", "Failed")["status"] == "P"
    with pytest.raises(Refused, match="not a result"):
        row(heading, "5.0", "Perhaps")


def test_sockets_that_start_together_are_told_apart() -> None:
    """One unit in two sockets was tested twice; two units in one socket can't be."""
    heading = "A (None) == 1 [0]"
    reports = made(heading, *(f"2023-04-18 13:08:20,FCT-1,4711,{socket},Passed,9,1" for socket in (1, 2)))

    assert [report["start"][:23] for report in reports] == [
        "2023-04-18T13:08:20+02:",
        "2023-04-18T13:08:20.001",
    ]
    with pytest.raises(Refused, match="twice"):
        made(heading, *["2023-04-18 13:08:20,FCT-1,4711,1,Passed,9,1"] * 2)
    with pytest.raises(Refused, match="in the same second"):
        made(heading, *(f"2023-04-18 13:08:20,FCT-1,{serial},1,Passed,9,1" for serial in (1, 2)))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("2023-04-18 13:08:20,FCT-1,,1,Passed,9,1", "serial number"),
        ("2023-02-30 13:08:20,FCT-1,1,1,Passed,9,1", "start"),
        ("2023-04-18 13:08:20,FCT-1,1,one,Passed,9,1", "not a number"),
        ("2023-04-18 13:08:20,FCT-1,1,1,Passed,9,high", "not a number"),
        ("2023-04-18 13:08:20,FCT-1,1,1,Passed,9,1,", "8 cells under 7"),
        ('2023-04-18 13:08:20,"FCT-1,1,1,Passed,9,1', "not a table"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(line: str, what: str) -> None:
    """With its line and what is wrong."""
    with pytest.raises(Refused, match=what):
        made("A (None) == 1 [0]", line)


def test_a_table_that_is_not_finished_is_waited_for() -> None:
    """And one without units is refused."""
    data = table("A", "2023-04-18 13:08:20,FCT-1,1,1,Passed,9,1")

    with pytest.raises(NotReady):
        convert(NAME, data[:-1], **KNOWN)
    with pytest.raises(Refused, match="no unit"):
        convert(NAME, table("A"), **KNOWN)
    assert probe(NAME, data) == 0.95
    assert probe(NAME, data.replace(b"Station ID", b"Station")) == 0.0
