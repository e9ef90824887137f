"""i3070 tab reports, and what an i3070 writes beside its logs."""

from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME, OTHERS = "i3070-text-report", "i3070-not-a-test"
REAL = "corpus/files/i3070-text-report/924048032007030130010001.txt"

#: Read by hand from the real report.
FACTS: dict[str, Any] = {
    "reports_expected": 1,
    "header": {
        "serial_number": "924048032007030130010001",
        "start": "2020-07-06T05:43:04",
        "result": "Passed",
    },
    "counts": {"STEP": 1357, "failed_steps": 0},
    "measurements": [
        {"name": "pins", "value": True, "status": "Passed"},
        {"name": "r680", "value": 39.026, "unit": "Ohm", "low": 33.15, "high": 44.85, "comp": "GELE"},
        {"name": "l850%l1_4", "value": 4.2114, "unit": "Ohm", "low": 0, "high": 12},
        {"name": "c103", "value": 446.6394e-9, "unit": "F", "low": 376e-9, "high": 564e-9},
        {"name": "ic653%Output_pin24_lo", "value": 7.5042, "unit": "V", "low": 5, "high": 16},
        {"name": "ic902%verify", "value": True, "status": "Passed"},
    ],
}
HEADING = "TestStep\tMeasResult\tHiLimit\tLoLimit\tUOM"


def report(*rows: str, status: str = "0", last: str | None = None, **header: str | None) -> bytes:
    facts = {"Traceability Number": "SN-1", "DateTime": "20260706 05:43:04", "Overall_Status": status}
    lines = [f"{key} = {value}" for key, value in {**facts, **header}.items() if value is not None]
    footer = [f"Overall Status (Pass=0,Fail=1) = {status if last is None else last}", "END", ""]
    return "\n".join([*lines, HEADING, *rows, *footer]).encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, "part_number": "PN-1", **options}).documents
    return document


def step(row: str, status: str = "0") -> dict[str, Any]:
    [made] = only(report(row, status=status))["root"]["steps"]
    return dict(made)


def test_the_facts_of_a_real_report_hold() -> None:
    """The high limit stands before the low one, and the units have prefixes."""
    made = convert(NAME, shared(REAL).read_bytes(), process_code=10, part_number="PN-1")

    assert golden.check(FACTS, made.documents) == []
    assert made.warnings == []


def test_without_a_part_number_nothing_is_made() -> None:
    """The file has none; it must be configured, and then the report says so."""
    with pytest.raises(Refused) as caught:
        convert(NAME, report("r1\t1\t2\t0\t Ohm"), process_code=10)

    assert caught.value.field == "part number"
    assert {"description": "Part number", "text": "PN-1 (from configuration)"} in only(report())["miscInfos"]


def test_prefixes_are_scaled_once_and_the_raw_text_is_kept() -> None:
    """Value and limits alike."""
    made = step("c1\t446.6\t564\t376\t nF")

    assert made["numericMeas"] == [
        {
            "compOp": "GELE",
            "status": "P",
            "unit": "F",
            "value": 4.466e-07,
            "lowLimit": 3.76e-07,
            "highLimit": 5.64e-07,
        }
    ]
    assert made["reportText"] == "446.6 nF (376 to 564)"


def test_rows_of_zeros_are_verdicts() -> None:
    """Zero is passed."""
    assert step("shorts\t0\t0\t0\t-")["booleanMeas"] == [{"status": "P"}]
    assert step("shorts\t1\t0\t0\t-", "1")["booleanMeas"] == [{"status": "F"}]


def test_a_verdict_follows_from_the_limits_since_the_file_has_none() -> None:
    """But in a board that passed nothing failed: the difference is told."""
    assert step("r1\t3\t2\t0\t Ohm", "1")["status"] == "F"
    assert step("r1\t1\t2\t0\t Ohm", "1")["status"] == "P"
    made = convert(NAME, report("r1\t3\t2\t0\t Ohm"), process_code=10, part_number="PN-1")
    assert made.documents[0]["root"]["steps"][0]["status"] == "P"
    assert any("outside its limits" in warning for warning in made.warnings)


def test_a_limit_beyond_all_values_is_none() -> None:
    """One-sided stays one-sided."""
    assert step("r1\t3\t9.999999E+99\t2\t Ohm")["numericMeas"][0] == {
        "compOp": "GE",
        "status": "P",
        "unit": "Ohm",
        "value": 3.0,
        "lowLimit": 2.0,
    }


def test_a_unit_nobody_knows_is_left_alone() -> None:
    """Nothing is scaled by a letter that may be none."""
    assert step("x\t3\t4\t2\t mBq")["numericMeas"][0]["unit"] == "mBq"


def test_a_report_is_not_ready_before_its_end() -> None:
    """The last line says END."""
    with pytest.raises(NotReady):
        only(report("r1\t1\t2\t0\t Ohm").removesuffix(b"END\n"))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (report(**{"Traceability Number": None}), "serial number"),
        (report(**{"Traceability Number": " "}), "serial number"),
        (report(**{"Traceability Number": "A\nTraceability Number = B"}), "serial number"),
        (report(DateTime=None), "start"),
        (report(DateTime="20260231 05:43:04"), "start"),
        (report(DateTime="99991331 05:43:04"), "start"),
        (report(status="2"), "result"),
        (report(status="0", last="1"), "result"),
        (report("r1\t1,5\t2\t0\t Ohm"), "r1"),
        (report("r1\tOVERLOAD\t2\t0\t Ohm"), "r1"),
        (report("r1\t1e400\t2\t0\t Ohm"), "r1"),
        (report("\t1\t2\t0\t Ohm"), "TestStep"),
        (report("r1\t1\t2\t Ohm"), None),
        (b"", None),
        (b"\n\n", None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_it_is_known_by_its_first_line_and_its_heading() -> None:
    """The first line alone is less sure."""
    assert probe(NAME, report()) == 0.95
    assert probe(NAME, b"Traceability Number = 1\n") == 0.6
    assert probe(NAME, b"Number = 1\n") == 0.0


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("i3070-probe-report/probe_report.txt", "probe report"),
        ("i3070-diagnostics/DGN.log", "diagnostics log"),
    ],
)
def test_other_files_of_the_tester_are_refused_by_name(name: str, what: str) -> None:
    """So that nobody maps them by accident."""
    data = shared(f"corpus/files/{name}").read_bytes()

    assert probe(OTHERS, data) == 0.95
    with pytest.raises(Refused, match=f"i3070 {what}.*not a test log"):
        convert(OTHERS, data)
