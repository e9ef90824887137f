"""OpenHTF records: whatever the author of a test measured, and limits that are written as sentences."""

import base64
import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "openhtf-json"
KNOWN = {"process_code": 10}
METADATA = {
    "test_name": "fct",
    "test_version": "1.2",
    "part_number": "PN-1",
    "config": {"station_id": "FCT-1"},
}


def measured(value: Any = None, outcome: str = "PASS", *validators: str, **more: Any) -> dict[str, Any]:
    return {"name": "m", "outcome": outcome, "measured_value": value, "validators": validators, **more}


def phase(
    outcome: str = "PASS", name: str = "power", result: Any = "CONTINUE", **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "outcome": outcome,
        "result": {"phase_result": result},
        "measurements": {},
        "attachments": {},
        "start_time_millis": 1795381427000,
        "end_time_millis": 1795381427250,
        **more,
    }


def record(*phases: dict[str, Any], outcome: str = "PASS", **more: Any) -> bytes:
    members = {
        "dut_id": "SN-1",
        "start_time_millis": 1795381427728,
        "end_time_millis": 1795381429728,
        "outcome": outcome,
        "outcome_details": [],
        "metadata": METADATA,
        "phases": list(phases),
        "log_records": [],
        "station_id": "FCT-1",
        "code_info": {"name": "fct.py", "docstring": None, "sourcecode": ""},
    }
    return json.dumps({**members, **more}).encode()


def made(data: bytes, **options: Any) -> dict[str, Any]:
    [report] = convert(NAME, data, **{**KNOWN, **options}).documents
    return report


def step(found: dict[str, Any], outcome: str = "PASS") -> dict[str, Any]:
    [only] = made(record(phase(outcome, measurements={"m": found})))["root"]["steps"]
    return dict(only["steps"][0])


def test_the_golden_facts_hold() -> None:
    """A record of 2022: its part number is configured, it has none."""
    name = "openhtf-json/123.json"
    facts = json.loads(shared(f"corpus/golden/{name}.json").read_text())
    report = made(shared(f"corpus/files/{name}").read_bytes(), part_number="PN-1")

    assert golden.check(facts, [report]) == []
    assert [step["name"] for step in report["root"]["steps"]] == ["trigger_phase", "digital_test"]


def test_a_record_of_today() -> None:
    """Nine measurements of all kinds, a curve, a phase that was repeated, a file."""
    report = made(shared("corpus/files/openhtf-json/htf163_pass.json").read_bytes())
    phases = report["root"]["steps"]
    rows = {step["name"]: step for step in phases[1]["steps"]}

    assert (report["sn"], report["pn"], report["result"]) == ("PCBA-004711", "PN-100-200", "P")
    assert report["start"] == "2026-11-22T21:03:47.728+00:00"
    assert report["root"]["seqCall"] == {"name": "pcba_fct", "version": "2.1.0"}
    assert rows["rail_3v3"]["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "unit": "V", "value": 3.3017, "lowLimit": 3.135, "highLimit": 3.465}
    ]
    assert phases[2]["steps"][0]["chart"]["series"][0]["xdata"] == "100.0;1000.0;10000.0;100000.0;1000000.0"
    assert [(step["loop"]["idx"], step["status"]) for step in phases[3:6]] == [(0, "D"), (1, "D"), (2, "P")]
    assert phases[6]["steps"][0]["attachment"]["data"] == "AAEC"


def test_the_header_is_filled() -> None:
    """With what the record says of the unit, the test and the station."""
    more = {"operator": "op17", "test_description": "all rails", "lot": "L7", "fw": 3, "skip": None}
    report = made(record(phase(), metadata={**METADATA, **more}))

    assert report["uut"] == {"user": "op17", "batchSN": "L7", "execTime": 2.0, "comment": "all rails"}
    assert report["machineName"] == "FCT-1"
    assert report["root"]["seqCall"] == {"name": "fct", "version": "1.2", "path": "fct.py"}
    assert {"description": "fw", "text": "3"} in report["miscInfos"]


@pytest.mark.parametrize("unit", ["UNKNOWN_DUT", None, "", "n/a"])
def test_a_record_of_nobody_is_refused(unit: str | None) -> None:
    """Unless the test told its metadata which unit it was."""
    with pytest.raises(Refused) as caught:
        made(record(phase(), dut_id=unit))

    assert caught.value.field == "serial number"
    assert made(record(phase(), dut_id=unit, metadata={**METADATA, "serial": "SN-7"}))["sn"] == "SN-7"


def test_a_name_of_the_sites_own_is_told_to_the_source() -> None:
    """Otherwise it goes along as an info: what it means nobody can know."""
    data = record(phase(), metadata={"product": "PN-7"})

    assert made(data, names={"product": "pn"})["pn"] == "PN-7"
    assert {"description": "product", "text": "PN-7"} in made(data, part_number="PN-1")["miscInfos"]
    with pytest.raises(Refused, match="part number"):
        made(data)


@pytest.mark.parametrize(
    ("outcome", "letter"),
    [("PASS", "P"), ("FAIL", "F"), ("ERROR", "E"), ("TIMEOUT", "E"), ("ABORTED", "T")],
)
def test_the_outcome_is_the_records(outcome: str, letter: str) -> None:
    """And its details say why."""
    details = [{"code": "ValueError", "description": "kaput"}, {"code": 7, "description": ""}]
    report = made(record(phase(), outcome=outcome, outcome_details=details))

    assert report["result"] == letter
    assert report["uut"].get("errorMessage") == (None if letter == "P" else "ValueError: kaput; 7")
    assert report["uut"].get("errorCode") == (None if letter == "P" else 7)


@pytest.mark.parametrize(
    ("sentences", "row"),
    [
        (("3.1 <= x <= 3.5",), {"compOp": "GELE", "lowLimit": 3.1, "highLimit": 3.5}),
        (("x <= -70",), {"compOp": "LE", "lowLimit": -70.0}),
        (("1e-06 <= x",), {"compOp": "GE", "lowLimit": 1e-06}),
        (("0 <= Marginal:1 <= x <= Marginal:4 <= 5",), {"compOp": "GELE", "lowLimit": 0.0, "highLimit": 5.0}),
        (("0 <= Marginal:1 <= x",), {"compOp": "GE", "lowLimit": 0.0}),
        (("x == 5",), {"compOp": "EQ", "lowLimit": 5.0}),
        (("'x' is equal to '5'",), {"compOp": "EQ", "lowLimit": 5.0}),
        (("'x' is within 10% of -20.",), {"compOp": "GELE", "lowLimit": -22.0, "highLimit": -18.0}),
        (("'x' is within 10% of 20. Marginal: 2% of 20",), {"compOp": "GELE", "lowLimit": 18.0, "highLimit": 22.0}),
        (("0 <= x", "x <= 9", "1 <= x"), {"compOp": "GELE", "lowLimit": 1.0, "highLimit": 9.0}),
        (("-inf <= x <= 4",), {"compOp": "LE", "lowLimit": 4.0}),
        (("<function below_four at 0x7f>",), {"compOp": "LOG"}),
        ((), {"compOp": "LOG"}),
    ],
)  # fmt: skip
def test_sentences_are_limits(sentences: tuple[str, ...], row: dict[str, Any]) -> None:
    """As far as they are understood; the sentence itself is always told. The verdict is the record's."""
    made_step = step(measured(3.3, "FAIL", *sentences, units={"code": "VLT", "suffix": "V", "name": "volt"}))

    assert made_step["numericMeas"] == [{"status": "F", "value": 3.3, "unit": "V", **row}]
    assert all(f"limit: {sentence}" in made_step["reportText"] for sentence in sentences)


@pytest.mark.parametrize(
    ("sentence", "limit"),
    [
        (r"'x' matches /^1\.4$/", "1.4"),
        ("'x' is equal to '1.4'", "1.4"),
        (r"'x' matches /^1\.[0-9]$/", None),
        ("<custom>", None),
    ],
)
def test_a_text_has_a_limit_where_only_one_passes(sentence: str, limit: str | None) -> None:
    """A pattern that many texts match is only told."""
    [row] = step(measured("1.4", "PASS", sentence))["stringMeas"]

    assert (row["value"], row.get("limit")) == ("1.4", limit)
    assert row["compOp"] == ("EQ" if limit else "LOG")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (measured(True), {"booleanMeas": [{"status": "P"}]}),
        (measured("nan", "FAIL", "0 <= x"), {"numericMeas": [{"compOp": "GE", "status": "F", "value": "NaN", "lowLimit": 0.0}]}),
        (measured("-inf"), {"numericMeas": [{"compOp": "LOG", "status": "P", "value": "-Infinity"}]}),
        (measured(), {"booleanMeas": [{"status": "P"}], "reportText": "value: None"}),
        (measured({"a": 1}), {"stringMeas": [{"compOp": "LOG", "status": "P", "value": '{"a": 1}'}]}),
        (measured([1, 2]), {"numericMeas": [{"compOp": "LOG", "name": "1", "status": "P", "value": 1.0}, {"compOp": "LOG", "name": "2", "status": "P", "value": 2.0}]}),
        ({"outcome": "UNSET"}, {"status": "S", "reportText": "no value was set"}),
        ({"outcome": "SKIPPED"}, {"status": "S"}),
        (measured(1, units={"code": "NDL", "name": "No dimension", "suffix": None}), {"numericMeas": [{"compOp": "LOG", "status": "P", "value": 1.0}]}),
        (measured(1, units={"code": "05", "name": "lift", "suffix": ""}), {"numericMeas": [{"compOp": "LOG", "status": "P", "value": 1.0, "unit": "lift"}]}),
    ],
)  # fmt: skip
def test_whatever_was_measured_is_kept(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """A record takes any value that Python has."""
    assert {member: value for member, value in step(found).items() if member in expected} == expected


def test_what_was_not_measured_failed_its_phase() -> None:
    """Unless the test allows it."""
    failed = phase("FAIL", measurements={"m": {"outcome": "UNSET"}})
    allowing = {**METADATA, "config": {"allow_unset_measurements": True}}

    assert made(record(failed))["root"]["steps"][0]["steps"][0]["status"] == "F"
    assert made(record(failed, metadata=allowing))["root"]["steps"][0]["steps"][0]["status"] == "S"


HERTZ = {"code": "HTZ", "name": "hertz", "suffix": "Hz"}
CHANNEL = {"code": "NDL", "name": "channel", "suffix": None}


def test_two_dimensions_are_curves() -> None:
    """The one with more values is the x axis."""
    points = [[channel, hertz, channel * hertz] for channel in (1, 2) for hertz in (10, 20, 30)]
    chart = step(measured(points, dimensions=[CHANNEL, HERTZ]))["chart"]

    assert (chart["xLabel"], chart["xUnit"]) == ("hertz", "Hz")
    assert [(series["name"], series["ydata"]) for series in chart["series"]] == [
        ("channel 1", "10.0;20.0;30.0"),
        ("channel 2", "20.0;40.0;60.0"),
    ]


def test_names_are_rows_and_everything_else_is_a_table() -> None:
    """What can't be drawn is attached, so that nothing is lost."""
    rows = step(measured([["a", 1], ["b", 9]], "PASS", "All values pass: x <= 9", dimensions=[CHANNEL]))
    table = step(measured([["a", 1, "ok"], ["b", 2, "low"]], dimensions=[CHANNEL, HERTZ]))
    crowd = step(measured([[number, number, 1] for number in range(11)], dimensions=[CHANNEL, HERTZ]))

    assert [(row["name"], row["compOp"], row["lowLimit"]) for row in rows["numericMeas"]] == [("a", "LE", 9.0), ("b", "LE", 9.0)]  # fmt: skip
    written = base64.b64decode(table["attachment"]["data"]).decode()
    assert written.splitlines() == ["channel,hertz,value", "a,1,ok", "b,2,low"]
    assert "chart" not in crowd
    assert crowd["attachment"]["contentType"] == "text/csv"


def test_a_phase_that_broke_says_why() -> None:
    """An exception, a time that ran out, a result that ended the test."""
    error = {"exc_type": "<class 'ValueError'>", "exc_val": "kaput", "exc_tb": "Traceback"}
    raised, late, stopped = made(
        record(phase("ERROR", result=error), phase("ERROR", result=None), phase("ERROR", result="STOP"), outcome="ERROR")
    )["root"]["steps"]  # fmt: skip

    assert (raised["errorMessage"], raised["reportText"]) == ("ValueError: kaput", "Traceback")
    assert late["errorMessage"] == "the phase took too long"
    assert stopped["reportText"] == "result: STOP"


def test_phases_of_a_subtest_stand_together() -> None:
    """With the outcome that the subtest has."""
    subtests = [{"name": "S1", "outcome": "FAIL", "start_time_millis": 1000, "end_time_millis": 3000}]
    found = [
        phase(name="a"),
        phase(name="b", subtest_name="S1"),
        phase("SKIP", "c", "SKIP", subtest_name="S1"),
    ]
    plain, group = made(record(*found, subtests=subtests, outcome="FAIL"))["root"]["steps"]

    assert (plain["name"], group["name"], group["status"], group["totTime"]) == ("a", "S1", "F", 2.0)
    assert [(step["name"], step["status"]) for step in group["steps"]] == [("b", "P"), ("c", "S")]


def test_diagnoses_stand_where_they_were_made() -> None:
    """Those of a phase in it, those of the test at its end."""
    known = [
        {"result": "low", "description": "rail is low", "is_failure": True},
        {"result": "old", "description": "old board"},
        {"result": "bad", "description": "broken", "is_failure": True},
    ]
    found = phase("FAIL", diagnosis_results=["old"], failure_diagnosis_results=["low"])
    first, last = made(record(found, diagnoses=known, outcome="FAIL"))["root"]["steps"]

    told = [(step["name"], step["status"], step["reportText"]) for step in [*first["steps"], last]]
    assert told == [
        ("Diagnosis old", "D", "old board"),
        ("Diagnosis low", "F", "rail is low"),
        ("Diagnosis bad", "F", "broken"),
    ]


def test_warnings_of_the_log_are_told() -> None:
    """All lines or none, if the source says so."""
    lines = [{"level": 20, "message": "start"}, {"level": 30, "message": "hot"}]
    data = record(phase(), log_records=lines)

    assert made(data)["root"]["reportText"] == "hot"
    assert made(data, log="all")["root"]["reportText"] == "start\nhot"
    assert "reportText" not in made(data, log="none")["root"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (record(phase(), outcome=""), "result"),
        (record(phase(), outcome="MAYBE"), "result"),
        (record(phase("MAYBE")), "outcome"),
        (record(phase(measurements={"m": {"outcome": "?"}})), "outcome"),
        (record(phase(measurements=[1])), "measurements"),
        (record(phase(attachments={"f": {"data": "*", "mimetype": "x"}})), "f"),
        (record(phase(), phases={}), "phases"),
        (record(phase(), start_time_millis=0), "start"),
        (record(phase(), start_time_millis=10**18), "start"),
        (record(phase(), metadata={}), "part number"),
        (record(phase(), metadata={**METADATA, "sn": "SN-2"}), "serial number"),
        (record(phase(measurements={"m": measured(10**400)})), "measured_value"),
        (record(phase(measurements={"m": measured([[1]], dimensions=[HERTZ])})), "measured_value"),
    ],
)
def test_what_cannot_be_a_report_is_refused(data: bytes, field: str) -> None:
    """With the member it is about."""
    with pytest.raises(Refused) as caught:
        made(data)

    assert caught.value.field == field


def test_a_record_without_its_end_is_waited_for() -> None:
    """It may still be written."""
    with pytest.raises(NotReady):
        made(record(phase())[:-1])


def test_how_sure_it_is() -> None:
    """Also where members are sorted, and the head shows only some of them."""
    data = record(phase())
    lines = [{"level": 10, "message": "x" * 90} for _ in range(1000)]
    ordered = json.dumps(json.loads(record(phase(), log_records=lines)), sort_keys=True).encode()

    assert probe(NAME, data) == 0.95
    assert probe(NAME, ordered) == 0.95
    assert probe(NAME, data.replace(b"dut_id", b"unit")) == 0.0
    assert probe(NAME, b"[" + data + b"]") == 0.0
