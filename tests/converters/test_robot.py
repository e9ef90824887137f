"""Robot Framework outputs of all versions: tests of a unit where the metadata name one."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.registry import bundled

NAME = "robotframework-xml"
KNOWN = {"part_number": "PN-1", "process_code": 10}
HOT = '<msg level="WARN">hot</msg>'
START = "2026-03-17T08:14:05.250000"


def status(word: str = "PASS", text: str = "", start: str = START) -> str:
    return f'<status status="{word}" start="{start}" elapsed="1.5">{text}</status>'


def keyword(word: str = "PASS", inside: str = "", kind: str = "") -> str:
    return f'<kw name="Measure" owner="Bench" type="{kind}">{inside}{status(word)}</kw>'


def a_test(inside: str = "", *, name: str = "Rail", tags: tuple[str, ...] = (), end: str = "") -> str:
    tagged = "".join(f"<tag>{tag}</tag>" for tag in tags)
    return f'<test id="s1-t1" name="{name}" line="4">{inside or keyword()}{tagged}{end or status()}</test>'


def suite(*inside: str, unit: str = "SN-1", end: str = "", name: str = "Board") -> str:
    meta = f'<meta name="Serial Number">{unit}</meta>' if unit else ""
    return f'<suite id="s1" name="{name}" source="/tests/board.robot">{"".join(inside)}{meta}{end or status()}</suite>'


def output(*suites: str) -> bytes:
    lines = '<statistics><suite><stat name="Board" id="s1" pass="1" fail="0"/></suite></statistics>'
    root = '<robot generator="Robot 7.3 (Python 3.12)" generated="2026-03-17T08:14:06" rpa="false" schemaversion="5">'
    return f"{root}{''.join(suites)}{lines}<errors></errors></robot>".encode()


def all_of(*suites: str, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, output(*suites), **{**KNOWN, **options}).documents


def step(test: str, **options: Any) -> dict[str, Any]:
    [report] = all_of(suite(test), **options)
    return dict(report["root"]["steps"][0])


def test_the_golden_facts_hold() -> None:
    """Four tests, of which one failed and one was skipped; a failure that was caught is none."""
    name = "robotframework-xml/rf75_output.xml"
    facts = json.loads(shared(f"corpus/golden/{name}.json").read_text())
    [report] = convert(NAME, shared(f"corpus/files/{name}").read_bytes(), process_code=10).documents

    assert golden.check(facts, [report]) == []
    assert [step["status"] for step in report["root"]["steps"]] == ["P", "F", "S", "P"]
    assert report["root"]["steps"][0]["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "unit": "V", "value": 3.3012, "lowLimit": 3.135, "highLimit": 3.465}
    ]
    assert report["uut"]["comment"] == "Functional test of board"


@pytest.mark.parametrize("name", ["golden_suite_output.xml", "output-5.0.xml", "times.xml"])
def test_a_run_of_software_is_no_unit(name: str) -> None:
    """Of any version, and whatever is configured."""
    with pytest.raises(Refused) as caught:
        convert(NAME, shared(f"corpus/files/robotframework-xml/{name}").read_bytes(), **KNOWN)

    assert caught.value.field == "serial number"


def test_the_header_is_filled() -> None:
    """With the metadata of the suite, and those of suites around it."""
    inner = suite(a_test(), unit="SN-1", name="FCT")
    meta = '<meta name="Part-Number">PN-7</meta><meta name="Operator">op17</meta><meta name="Rack">R2</meta>'
    [report] = all_of(suite(inner, meta, unit="", name="Line"), process_code=60)

    assert (report["pn"], report["sn"], report["processCode"]) == ("PN-7", "SN-1", 60)
    assert report["uut"] == {"user": "op17", "execTime": 1.5}
    assert report["start"] == "2026-03-17T08:14:05.25+01:00"
    assert report["root"]["seqCall"] == {"name": "Line", "path": "/tests/board.robot"}
    assert {"description": "Rack", "text": "R2"} in report["miscInfos"]


OLD = b"""<?xml version="1.0" encoding="UTF-8"?>
<robot generated="20220201 17:17:12.701" generator="Robot 3.2.2 (Python 3.8)" rpa="false">
<suite id="s1" name="Board" source="/tests/board.robot">
<doc>Rails</doc>
<metadata><item name="Serial Number">SN-1</item></metadata>
<kw name="Open" library="Bench" type="setup"><status status="PASS" endtime="N/A" starttime="N/A"/></kw>
<test id="s1-t1" name="Rail"><doc></doc>
<kw name="Measure" library="Bench"><arguments><arg>1</arg></arguments>
<msg timestamp="20220201 17:17:12.718" level="WARN">slow</msg>
<status status="FAIL" endtime="20220201 17:17:13.000" starttime="20220201 17:17:12.800"/></kw>
<tags><tag>low:3.1</tag><tag>meas:3.0</tag></tags>
<status status="FAIL" endtime="20220201 17:17:13.000" starttime="20220201 17:17:12.750" critical="yes">too low</status>
</test>
<status status="FAIL" endtime="20220201 17:17:13.250" starttime="20220201 17:17:12.750"/>
</suite>
<statistics><suite><stat fail="1" pass="0">Board</stat></suite></statistics>
</robot>
"""


def test_older_versions_are_read_as_well() -> None:
    """Their metadata, tags and times stand elsewhere."""
    [report] = convert(NAME, OLD, **KNOWN).documents
    setup, rail = report["root"]["steps"]

    assert (report["sn"], report["start"]) == ("SN-1", "2022-02-01T17:17:12.75+01:00")
    assert report["uut"] == {"user": "-", "execTime": 0.5, "comment": "Rails"}
    assert (setup["group"], setup["status"], "totTime" in setup) == ("S", "P", False)
    assert (rail["totTime"], rail["reportText"]) == (0.25, "too low\nslow")
    assert rail["numericMeas"] == [{"compOp": "GE", "status": "F", "value": 3.0, "lowLimit": 3.1}]


def test_several_measurements_of_a_test_have_names() -> None:
    """Robot Framework sorts tags, so the name says which unit belongs to which value."""
    tags = (
        "high:io=0.5",
        "meas:io=0.4",
        "meas:rail=3.3",
        "robot:continue-on-failure",
        "smoke",
        "unit:io=A",
        "unit:rail=V",
    )
    rows = step(a_test(tags=tags))["numericMeas"]

    assert [(row["name"], row["value"], row["unit"], row["compOp"]) for row in rows] == [
        ("io", 0.4, "A", "LE"),
        ("rail", 3.3, "V", "LOG"),
    ]


def test_messages_may_be_measurements() -> None:
    """By a pattern of the source, because everybody words them differently."""
    pattern = r"^(?P<name>\w+) = (?P<value>\S+) (?P<unit>\S+)$"
    lines = (
        '<msg level="INFO">rail = 3.3 V</msg><msg level="INFO">done</msg><msg level="INFO">io = 0.4 A</msg>'
    )
    rows = step(a_test(keyword(inside=lines)), measurement=pattern)["numericMeas"]

    assert [(row["name"], row["value"], row["unit"]) for row in rows] == [
        ("rail", 3.3, "V"),
        ("io", 0.4, "A"),
    ]
    with pytest.raises(ValueError, match="group called value"):
        bundled()[NAME].options(measurement="^(?P<number>.*)$")


def test_what_was_logged_is_told() -> None:
    """Warnings only, unless the source says otherwise."""
    test = a_test(keyword(inside=f'{HOT}<msg level="INFO">on</msg>'))

    assert step(test)["reportText"] == "hot"
    assert step(test, log="all")["reportText"] == "hot\non"
    assert "reportText" not in step(test, log="none")


@pytest.mark.parametrize(
    ("word", "letter", "result"), [("PASS", "P", "P"), ("FAIL", "F", "F"), ("SKIP", "S", "P"), ("NOT RUN", "S", "P")]
)  # fmt: skip
def test_the_verdicts_are_the_files(word: str, letter: str, result: str) -> None:
    """Of the tests and of the suite."""
    [report] = all_of(
        suite(
            a_test(),
            a_test(end=status(word, "why"), tags=("meas:1",)),
            end=status("FAIL" if result == "F" else "PASS"),
        )
    )
    made = report["root"]["steps"][1]

    assert (made["status"], report["result"], made["reportText"]) == (letter, result, "why")
    assert made.get("errorMessage") == ("why" if letter == "F" else None)


def test_a_suite_that_failed_on_its_own_says_why() -> None:
    """Its teardown failed after tests that passed."""
    [report] = all_of(
        suite(
            a_test(),
            keyword("FAIL", kind="TEARDOWN"),
            end=status("FAIL", "Suite teardown failed:\ndoor open"),
        )
    )

    assert (report["result"], report["root"]["reportText"]) == ("F", "Suite teardown failed:\ndoor open")
    assert [(step["group"], step["status"]) for step in report["root"]["steps"]] == [("M", "P"), ("C", "F")]


def test_suites_of_different_units_are_reports_of_their_own() -> None:
    """So are the runs of one unit that were joined afterwards: the whole of them has no start."""
    one, two = suite(a_test(), unit="SN-1"), suite(a_test(), unit="SN-2")
    later = suite(a_test(), unit="SN-1", end=status(start="2026-03-17T09:00:00"))
    joined = '<status status="PASS" elapsed="3"/>'

    assert [report["sn"] for report in all_of(suite(one, two, unit=""))] == ["SN-1", "SN-2"]
    assert len(all_of(suite(one, one, unit=""))) == 1
    assert len(all_of(suite(one, later, unit="", end=joined))) == 2
    with pytest.raises(Refused, match="serial number"):
        all_of(suite(one, two, suite(a_test(), unit=""), unit=""))
    with pytest.raises(Refused, match="serial number"):
        all_of(suite(two, unit="SN-1"))


@pytest.mark.parametrize(
    "suites",
    [
        (suite(),),
        (suite(a_test(end=status("SKIP"))),),
        (suite(a_test(end=status("MAYBE"))),),
        (suite(a_test(), end=status("MAYBE")),),
        (suite(a_test(), end=status(start="yesterday")),),
        (suite(a_test(), end=status(start="")),),
        (suite(a_test(keyword("NOT RUN"))),),
        (suite(a_test(tags=("meas:OVERLOAD", "unit:V"))),),
        (suite(a_test(), unit="n/a"),),
        (suite(a_test()), suite(a_test())),
        (a_test(),),
        (),
    ],
)
def test_what_cannot_be_a_report_is_refused(suites: tuple[str, ...]) -> None:
    """Nothing was run, or only rehearsed; a verdict, a time or a number is none."""
    with pytest.raises(Refused):
        all_of(*suites)


def test_a_file_without_its_end_is_waited_for() -> None:
    """It may still be written."""
    with pytest.raises(NotReady):
        convert(NAME, output(suite(a_test()))[:-9], **KNOWN)


def test_a_test_may_have_any_number_of_keywords() -> None:
    """They are forgotten one by one, and what they logged is kept."""
    once = f"<iter>{keyword(inside=HOT)}{status()}</iter>"
    data = output(suite(a_test(f"<for>{once * 3000}{status()}</for>")))
    source = Source.of_bytes(data, "output.xml")
    converter = bundled()[NAME]
    [report] = converter.convert(source, converter.options(**KNOWN))

    assert report["root"] is not None
    assert (report["root"].get("steps") or ())[0]["reportText"] == "hot"


def test_how_sure_it_is() -> None:
    """The root says who generated it."""
    data = output(suite(a_test()))

    assert probe(NAME, data) == 0.95
    assert probe(NAME, OLD) == 0.95
    assert probe(NAME, data.replace(b"<robot ", b"<android ")) == 0.0
    assert probe(NAME, b"<robot><arm/></robot>") == 0.0
