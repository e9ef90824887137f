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
    [report] = made(
        suite(case(), unit=(*unit, ("process", "FCT"))), names={"Board": "pn"}, process_codes={"FCT": 60}
    )

    assert (report["sn"], report["pn"], report["uut"]["user"]) == ("SN-1", "PN-1", "op17")
    assert (report["uut"]["batchSN"], report["processCode"]) == ("L1", 60)
    assert {"description": "fw", "text": "1.2"} in report["miscInfos"]


def test_a_file_name_may_tell_the_serial_number() -> None:
    """Where a source says how, and nobody else did."""
    text = suite(case(), unit=())

    assert made(text, file_name="^(?P<serial_number>log)$")[0]["sn"] == "log"
    with pytest.raises(Refused, match="serial number"):
        made(text, file_name="^SN-(?P<serial_number>[0-9]+)")


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


def test_tests_of_different_units_are_reports_of_their_own() -> None:
    """A panel that is tested in one run; what its suite says is true of all of them."""
    cases = [
        case(properties(("sn", serial), ("v", volts)), name=f"rail {volts}")
        for serial, volts in (("SN-1", "1"), ("SN-2", "2"), ("SN-1", "3"))
    ]
    one, two = made(suite(*cases, unit=(("part_number", "PN-1"), ("operator", "op17"))))

    assert [step["name"] for step in one["root"]["steps"][0]["steps"]] == ["rail 1", "rail 3"]
    assert [step["name"] for step in two["root"]["steps"][0]["steps"]] == ["rail 2"]
    assert {(report["pn"], report["uut"]["user"]) for report in (one, two)} == {("PN-1", "op17")}
    with pytest.raises(Refused, match="some of none"):
        made(suite(*cases, case(), unit=()))


def test_suites_of_suites_are_looked_into() -> None:
    """Facts of a suite are true of those in it, an empty one is nobody's."""
    inner = [suite(case(), unit=(("sn", serial),)) for serial in ("SN-1", "SN-2")]
    outer = f'<testsuite name="all">{properties(("pn", "PN-7"))}<testsuite name="none"/>{"".join(inner)}</testsuite>'
    [one, two] = made(f"<testsuites>{outer}</testsuites>", part_number=None)

    assert [(report["sn"], report["pn"]) for report in (one, two)] == [("SN-1", "PN-7"), ("SN-2", "PN-7")]


def test_properties_of_all_suites_are_true_of_each() -> None:
    """Some writers have them in the root."""
    text = suite(case(), unit=(("sn", "SN-1"),))
    [report] = made(f"<testsuites>{properties(('station', 'FCT-1'))}{text}{text}</testsuites>")

    assert report["machineName"] == "FCT-1"


GTEST = """<testsuites tests="3" failures="1" timestamp="2026-03-17T08:14:05.250" time="2" name="AllTests">
<testsuite name="Power" tests="3" failures="1" timestamp="2026-03-17T08:14:06.000" time="2">
<testcase name="Unit" status="run" result="completed" time="0" classname="Power" serial_number="SN-1" file="a.cc"/>
<testcase name="Rail" status="run" time="1.5" classname="Power" rail="3.3" unit="V"><failure message="low" type=""/></testcase>
<testcase name="Later" status="notrun" result="suppressed" time="0" classname="Power"/>
</testsuite></testsuites>"""


def test_what_googletest_writes() -> None:
    """In older versions, what was recorded stands beside the attributes; a test that was not run is skipped."""
    [report] = made(GTEST)
    _, rail, later = report["root"]["steps"]

    assert (report["sn"], report["start"]) == ("SN-1", "2026-03-17T08:14:06+01:00")
    assert (rail["numericMeas"][0]["value"], rail["numericMeas"][0]["unit"]) == (3.3, "V")
    assert (rail["status"], later["status"], report["result"]) == ("F", "S", "F")


@pytest.mark.parametrize(
    ("more", "status"),
    [('status="fail"', "F"), ('status="run"', "P"), ('status="disabled"', "S"), ('result="skipped"', "S"), ('status="error"', "E")],
)  # fmt: skip
def test_some_verdicts_are_attributes(more: str, status: str) -> None:
    """As CTest has them."""
    [report] = made(suite(case(more=more), case(name="b")))

    assert report["root"]["steps"][0]["steps"][0]["status"] == status


def test_a_failure_that_a_later_try_made_good_is_told() -> None:
    """The test passed all the same."""
    made_step = step('<flakyFailure message="door"/>')

    assert (made_step["status"], made_step["reportText"]) == ("P", "flakyFailure: door")


def test_printed_properties_are_properties() -> None:
    """For frameworks that can write no others."""
    printed = "<system-out>ready\n[[PROPERTY|rail=3.3]] [[PROPERTY|unit=V]]</system-out>"

    assert step(printed)["numericMeas"] == [{"compOp": "LOG", "status": "P", "value": 3.3, "unit": "V"}]


def test_tests_may_tell_when_their_suite_does_not() -> None:
    """The first of them."""
    cases = [case(more=f'timestamp="2026-03-17T08:14:{second}"') for second in ("09", "07")]

    assert made(suite(*cases, more='timestamp=""'))[0]["start"] == "2026-03-17T08:14:07+01:00"


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
