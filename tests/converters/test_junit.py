"""JUnit XML: a unit where the file says which, measurements by convention, and a refusal for software."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "junit-xml"
KNOWN = {"part_number": "PN-9", "process_code": 10}
UNIT = (("serial_number", "SN-1"), ("part_number", "PN-1"))


def properties(*pairs: tuple[str, str]) -> str:
    inside = "".join(f'<property name="{name}" value="{value}"/>' for name, value in pairs)
    return f"<properties>{inside}</properties>"


def suite(*cases: str, unit: tuple[tuple[str, str], ...] = UNIT, more: str = "") -> str:
    start = "" if "timestamp" in more else 'timestamp="2026-03-17T08:14:05"'
    return f'<testsuite name="board" {start} {more}>{properties(*unit)}{"".join(cases)}</testsuite>'


def case(inside: str = "", *, name: str = "rail", more: str = "") -> str:
    return f'<testcase classname="power" name="{name}" {more}>{inside}</testcase>'


def made(text: str, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, text.encode(), **{**KNOWN, **options}).documents


def step(inside: str) -> dict[str, Any]:
    [report] = made(suite(case(inside)))
    return dict(report["root"]["steps"][0]["steps"][0])


def test_the_golden_facts_hold() -> None:
    """What pytest wrote of a board."""
    name = "junit-xml/pytest92_bench.xml"
    facts = json.loads(shared(f"corpus/golden/{name}.json").read_text())
    [report] = convert(NAME, shared(f"corpus/files/{name}").read_bytes(), **KNOWN).documents
    [tests] = report["root"]["steps"]

    assert golden.check(facts, [report]) == []
    assert [step["status"] for step in tests["steps"]] == ["P", "P", "F", "F", "S", "S", "E"]


@pytest.mark.parametrize("name", ["normal.xml", "jenkins.xml", "pytest_success.xml"])
def test_a_run_of_software_is_no_unit(name: str) -> None:
    """Whatever is configured: a serial number never is."""
    with pytest.raises(Refused) as caught:
        convert(NAME, shared(f"corpus/files/junit-xml/{name}").read_bytes(), **KNOWN)

    assert caught.value.field == "serial number"


def test_the_unit_is_told_by_properties() -> None:
    """The names people use, in whatever spelling, and those of a site."""
    unit = (("Serial Number", "SN-1"), ("board", "PN-1"), ("operator", "op17"), ("lot", "L1"), ("fw", "1.2"))
    [report] = made(suite(case(), unit=(*unit, ("process", "FCT"))), names={"Board": "pn"})

    assert (report["sn"], report["pn"], report["uut"]["user"]) == ("SN-1", "PN-1", "op17")
    assert (report["uut"]["batchSN"], report["processName"]) == ("L1", "FCT")
    assert {"description": "fw", "text": "1.2"} in report["miscInfos"]


def test_a_file_name_may_tell_the_serial_number() -> None:
    """Where a source says how, and nobody else did."""
    text = suite(case(), unit=())

    assert made(text, serial_number_file_name="^(log)$")[0]["sn"] == "log"
    with pytest.raises(Refused, match="serial number"):
        made(text, serial_number_file_name="^SN-([0-9]+)")


def test_two_serial_numbers_for_one_suite_are_refused() -> None:
    """Neither is right."""
    with pytest.raises(Refused) as caught:
        made(suite(case(), unit=(*UNIT, ("sn", "SN-2"))))

    assert caught.value.field == "serial number"


def test_suites_of_different_units_are_reports_of_their_own() -> None:
    """And suites of one unit are one report."""
    suites = [suite(case(), unit=(("sn", serial),)) for serial in ("SN-1", "SN-2")]
    one, two = made(f"<testsuites>{''.join(suites)}</testsuites>")
    [both] = made(f"<testsuites>{suites[0] * 2}</testsuites>")

    assert (one["sn"], two["sn"]) == ("SN-1", "SN-2")
    assert len(both["root"]["steps"]) == 2


@pytest.mark.parametrize(
    ("pairs", "member", "row"),
    [
        ((("v", "3.3"),), "numericMeas", {"compOp": "LOG", "value": 3.3}),
        ((("v", "3.3"), ("unit", "V"), ("low", "3")), "numericMeas", {"compOp": "GE", "value": 3.3, "unit": "V", "lowLimit": 3.0}),
        ((("v", "3.3"), ("upper_limit", "4")), "numericMeas", {"compOp": "LE", "value": 3.3, "lowLimit": 4.0}),
        ((("v", "nan"),), "numericMeas", {"compOp": "LOG", "value": "NaN"}),
        ((("fw", "v1.2"),), "stringMeas", {"compOp": "LOG", "value": "v1.2"}),
    ],
)  # fmt: skip
def test_properties_of_a_test_are_measurements(
    pairs: tuple[tuple[str, str], ...], member: str, row: dict[str, Any]
) -> None:
    """With the unit and the limits that follow, and the verdict of the test."""
    assert step(properties(*pairs))[member] == [{"status": "P", **row}]


def test_several_values_of_a_test_are_rows_of_its_step() -> None:
    """Values and texts together fit into no step, so they stand in its report text."""
    rows = step(properties(("a", "1"), ("unit", "V"), ("b", "2"), ("unit", "A")))
    mixed = step(properties(("a", "1"), ("fw", "v2")))

    assert [(row["name"], row["unit"]) for row in rows["numericMeas"]] == [("a", "V"), ("b", "A")]
    assert (rows["stepType"], mixed["stepType"]) == ("ET_MNLT", "ET_PFT")
    assert mixed["reportText"] == "a 1\nfw v2"


@pytest.mark.parametrize(
    ("inside", "status", "result"),
    [
        ('<failure message="low">trace</failure>', "F", "F"),
        ('<error message="door"/>', "E", "E"),
        ('<skipped message="no RF"/>', "S", "P"),
        ('<failure message="low"/><error message="cleaning up"/>', "E", "F"),
    ],
)
def test_a_tests_verdict_is_the_files(inside: str, status: str, result: str) -> None:
    """And of the unit, a failure says more than a test that broke."""
    [report] = made(suite(case(inside, name="a"), case(name="b")))
    [tests] = report["root"]["steps"]

    assert (tests["steps"][0]["status"], report["result"]) == (status, result)


@pytest.mark.parametrize(
    "text",
    [
        suite(),
        suite(case("<skipped/>")),
        suite(case(more='time="soon"')),
        suite(case(properties(("v", "OVERLOAD"), ("unit", "V")))),
        suite(case(), more='timestamp="yesterday"'),
        suite(case(), more='timestamp=""'),
    ],
)
def test_what_cannot_be_a_report_is_refused(text: str) -> None:
    """Nothing was run, a number is none, nobody knows when."""
    with pytest.raises(Refused):
        made(text)


def test_counts_without_tests_are_believed() -> None:
    """A suite that counts failures and lists none was not good."""
    [report] = made(suite(case(), more='failures="1"'))

    assert report["result"] == "F"


def test_a_file_without_its_end_is_waited_for() -> None:
    """It may still be written."""
    with pytest.raises(NotReady):
        made(suite(case())[:-3])


def test_how_sure_it_is() -> None:
    """Never very: anybody's tests are written so."""
    assert probe(NAME, suite(case()).encode()) == 0.7
    assert probe(NAME, b"<testsuites/>") == 0.0
    assert probe(NAME, b'<testsuite xmlns="urn:x"><testcase name="a"/></testsuite>') == 0.0
