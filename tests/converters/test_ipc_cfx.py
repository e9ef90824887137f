"""CFX messages: a report for each unit, limits in other units than the value, times that only the envelope has."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "ipc-cfx-json"
KNOWN = {"part_number": "PN-1", "process_code": 10}
SENT = "2026-03-17T08:14:05.2500001+01:00"
PIXEL = "iVBORw0KGgo="


def numeric(value: Any = 28300.0, low: Any = 28.0, high: Any = 28.4, **more: Any) -> dict[str, Any]:
    inner = {
        "Value": value,
        "ValueUnits": "Ohm",
        "ExpectedValueUnits": "kOhm",
        "MinimumAcceptableValue": low,
        "MaximumAcceptableValue": high,
    }
    return {
        "$type": "CFX.Structures.NumericMeasurement, CFX",
        "MeasurementName": "R21",
        "Result": "Passed",
        "MeasuredValue": {**inner, **more},
    }


def a_test(*measurements: dict[str, Any], result: str = "Passed", **more: Any) -> dict[str, Any]:
    members = {"TestName": "Resistors", "Result": result, "Measurements": list(measurements)}
    return {**members, "SymptomsFound": [], "DefectsFound": None, "TestConditions": [], **more}


def unit(*tests: dict[str, Any], **more: Any) -> dict[str, Any]:
    members = {"UnitIdentifier": "SN-1", "UnitPositionNumber": 1, "OverallResult": "Passed"}
    return {**members, "Tests": list(tests or [a_test(numeric())]), **more}


def body(*units: dict[str, Any], **more: Any) -> dict[str, Any]:
    members = {"TransactionId": "c16bb3f4-8088-4697-b789-80faec48ac5a", "TestMethod": "Automated"}
    return {
        **members,
        "Tester": {"OperatorIdentifier": "op17", "LastName": "Doe"},
        "TestedUnits": list(units),
        **more,
    }


def message(*units: dict[str, Any], kind: str = "UnitsTested", **more: Any) -> bytes:
    envelope = {
        "MessageName": f"CFX.Production.TestAndInspection.{kind}",
        "Version": "1.7",
        "TimeStamp": SENT,
        "UniqueID": "f3b2c8ec-50b7-4c63-9cb3-2ed57c01880f",
        "Source": "Acme.ICT.7",
        "MessageBody": body(*(units or [unit()])),
    }
    return json.dumps({**envelope, **more}).encode()


def all_of(data: bytes, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, data, **{**KNOWN, **options}).documents


def step(test: dict[str, Any]) -> dict[str, Any]:
    [report] = all_of(message(unit(test)))
    return dict(report["root"]["steps"][0])


def test_the_golden_facts_hold() -> None:
    """Two boards of a panel; the file has no time, so here it is in the file's name."""
    name = "ipc-cfx-json/UnitsTested_1.json"
    facts = json.loads(shared(f"corpus/golden/{name}.json").read_text())
    made = convert(
        NAME,
        shared(f"corpus/files/{name}").read_bytes(),
        file="20260317081405.json",
        file_name="^(?P<start>[0-9]+)",
        **KNOWN,
    )

    assert golden.check(facts, made.documents) == []
    assert [report["start"] for report in made.documents] == [
        "2026-03-17T08:14:05+01:00",
        "2026-03-17T08:14:05.001+01:00",
    ]
    assert any("passed, and a test of it did not" in warning for warning in made.warnings)


def test_a_body_alone_has_no_time() -> None:
    """So it is refused, unless its name has one."""
    with pytest.raises(Refused) as caught:
        all_of(shared("corpus/files/ipc-cfx-json/UnitsTested_1.json").read_bytes())

    assert caught.value.field == "start"


def test_the_envelope_tells_when_and_where() -> None:
    """With all digits of its time; of the operator only what isn't personal."""
    [report] = all_of(message())

    assert (report["start"], report["machineName"]) == (SENT, "Acme.ICT.7")
    assert report["uut"] == {"user": "op17", "testSocketIndex": 1}
    assert {"description": "Start", "text": "time of the message"} in report["miscInfos"]
    assert "Doe" not in json.dumps(report)


def test_the_tests_tell_better_when() -> None:
    """From the first that began to the last that ended."""
    times = [("2026-03-17T08:14:01", "2026-03-17T08:14:03"), ("2026-03-17T08:14:00", "2026-03-17T08:14:02")]
    tests = [a_test(TestStartTime=f"{start}+01:00", TestEndTime=f"{end}+01:00") for start, end in times]
    [report] = all_of(message(unit(*tests)))

    assert (report["start"], report["uut"]["execTime"]) == ("2026-03-17T08:14:00+01:00", 3.0)
    assert [(step["start"], step["totTime"]) for step in report["root"]["steps"]] == [
        ("2026-03-17T08:14:01+01:00", 2.0),
        ("2026-03-17T08:14:00+01:00", 2.0),
    ]


def test_units_of_a_message_are_reports_of_their_own() -> None:
    """Boards with the panel's identifier differ in their positions; a skipped one was not tested."""
    skipped = unit(UnitPositionNumber=3, OverallResult="Skipped")
    data = message(unit(), unit(UnitPositionNumber=2, OverallResult="Failed"), skipped)
    reports = all_of(data)

    assert [(report["sn"], report["uut"]["testSocketIndex"], report["result"]) for report in reports] == [
        ("SN-1", 1, "P"),
        ("SN-1", 2, "F"),
    ]
    assert reports[0]["start"] != reports[1]["start"]
    assert [report["sn"] for report in all_of(data, serial_number="with-position")] == ["SN-1-1", "SN-1-2"]
    with pytest.raises(Refused, match="twice"):
        all_of(message(unit(), unit()))


@pytest.mark.parametrize(
    ("measurement", "row"),
    [
        (numeric(), {"compOp": "GELE", "unit": "Ohm", "value": 28300.0, "lowLimit": 28000.0, "highLimit": 28400.0}),
        (numeric(low=None), {"compOp": "LE", "unit": "Ohm", "value": 28300.0, "lowLimit": 28400.0}),
        (numeric(high=None), {"compOp": "GE", "unit": "Ohm", "value": 28300.0, "lowLimit": 28000.0}),
        (numeric(low=None, high=None), {"compOp": "LOG", "unit": "Ohm", "value": 28300.0}),
        (numeric(low=-1.7976931348623157e308, high=30), {"compOp": "LE", "unit": "Ohm", "value": 28300.0, "lowLimit": 30000.0}),
        (numeric(28.3, ValueUnits="kOhms"), {"compOp": "GELE", "unit": "kOhms", "value": 28.3, "lowLimit": 28.0, "highLimit": 28.4}),
        (numeric(5.0, 4900, 5.1, ValueUnits="V", MinimumAcceptableValueUnits="mV", MaximumAcceptableValueUnits="V"), {"compOp": "GELE", "unit": "V", "value": 5.0, "lowLimit": 4.9, "highLimit": 5.1}),
        (numeric(5.0, ValueUnits="V"), {"compOp": "LOG", "unit": "V", "value": 5.0}),
        (numeric("28300"), {"compOp": "GELE", "unit": "Ohm", "value": 28300.0, "lowLimit": 28000.0, "highLimit": 28400.0}),
        (numeric(5, 4, 6, ValueUnits=None, ExpectedValueUnits=None), {"compOp": "GELE", "value": 5.0, "lowLimit": 4.0, "highLimit": 6.0}),
    ],
)  # fmt: skip
def test_limits_are_brought_to_the_unit_of_the_value(
    measurement: dict[str, Any], row: dict[str, Any]
) -> None:
    """Missing ones stay missing, and those in units of another kind are left out."""
    assert step(a_test(measurement))["numericMeas"] == [{"name": "R21", "status": "P", **row}]


def test_limits_are_told_as_they_are_written() -> None:
    """Where the row has them in another unit, or can't have them."""
    made = convert(NAME, message(unit(a_test(numeric(5.0, ValueUnits="V", ExpectedValue=28)))), **KNOWN)
    [told] = made.documents[0]["root"]["steps"]

    assert told["reportText"] == "R21: expected 28 kOhm, at least 28.0 kOhm, at most 28.4 kOhm"
    assert any("limit in 'kOhm' for a value in 'V'" in warning for warning in made.warnings)


def test_measurements_of_a_symptom_belong_to_its_test() -> None:
    """So do those of a defect; what was found is told in the step's text."""
    symptom = {
        "SymptomCode": "LOW",
        "SymptomCategory": "Electrical",
        "Description": "too low",
        "ComponentsOfInterest": [{"ReferenceDesignator": "R22", "PartNumber": "P-9"}],
        "RelatedMeasurements": [numeric(28000.0)],
    }
    made = step(a_test(numeric(), result="Failed", SymptomsFound=[symptom], Comments="twice"))

    assert [row["value"] for row in made["numericMeas"]] == [28300.0, 28000.0]
    assert made["status"] == "F"
    assert made["reportText"].splitlines()[:2] == ["comment: twice", "LOW (Electrical) too low at R22 P-9"]


BASE = {"MeasurementName": "R1.1", "Result": "Failed", "UniqueIdentifier": "1", "Sequence": 1, "CRDs": "R1"}


@pytest.mark.parametrize(
    ("measurement", "member", "rows", "text"),
    [
        ({"X": 5.6, "EX": 5.5, "Vol": 7e-5, "Image": None}, "numericMeas", [("R1.1 X", 5.6, "mm"), ("R1.1 Vol", 7e-5, "ml")], "R1.1 X: 5.6, expected 5.5"),
        ({"DX": 0.02, "RXY": 0.5}, "numericMeas", [("R1.1 DX", 0.02, "mm"), ("R1.1 RXY", 0.5, "deg")], None),
        ({"PasteHeight": {"Value": 5, "ValueUnits": "um", "ExpectedValue": 4, "ExpectedValueUnits": "um"}}, "numericMeas", [("R1.1 PasteHeight", 5.0, "um")], "R1.1 PasteHeight: expected 4 um"),
        ({"Value": True, "ExpectedValue": False}, "booleanMeas", [("R1.1", None, None)], "R1.1: True, expected False"),
        ({"Value": "red", "ExpectedValue": "green"}, "booleanMeas", [("R1.1", None, None)], "R1.1: red, expected green"),
        ({"Value": "4.5", "ValueUnits": "V", "ValueDataType": "Numeric"}, "numericMeas", [("R1.1", 4.5, "V")], None),
        ({"Torque": 1.5, "Mode": "slow"}, "numericMeas", [("R1.1 Torque", 1.5, None)], "R1.1 Mode: slow"),
    ],
)  # fmt: skip
def test_measurements_of_any_kind_are_kept(
    measurement: dict[str, Any], member: str, rows: list[tuple[str, Any, Any]], text: str | None
) -> None:
    """Also of kinds that a later version of the standard brings."""
    made = step(a_test({**BASE, **measurement}))

    assert [(row["name"], row.get("value"), row.get("unit")) for row in made[member]] == rows
    assert {row["status"] for row in made[member]} == {"F"}
    assert made.get("reportText") == text


def test_values_and_verdicts_of_one_test_stand_in_steps_of_their_own() -> None:
    """A step has rows of one kind only."""
    made = step(a_test(numeric(), {**BASE, "Value": True}))

    assert [step["stepType"] for step in made["steps"]] == ["ET_MNLT", "ET_MPFT"]


def test_an_inspection_has_its_defects_and_their_pictures() -> None:
    """The first picture stands with the inspection, each further one behind it."""
    images = [{"MimeType": "image/png", "ImageData": PIXEL}] * 2
    defect = {
        "DefectCode": "D1",
        "Description": "bridge",
        "ComponentOfInterest": {"ReferenceDesignator": "U1", "PartNumber": None},
        "DefectImages": images,
        "Verification": "DefectRejected",
    }
    inspected = {
        **unit(OverallResult="Failed"),
        "ActiveRecipeName": "top",
        "Inspections": [{"RefNo": 7, "Result": "Failed", "DefectsFound": [defect], "Symptoms": None}],
    }
    envelope = json.loads(message(kind="UnitsInspected"))
    envelope["MessageBody"] = {"Inspector": None, "InspectionMethod": "AOI", "InspectedUnits": [inspected]}
    [report] = all_of(json.dumps(envelope).encode())
    first, second = report["root"]["steps"]

    assert (first["name"], first["status"], report["root"]["seqCall"]["name"]) == ("Inspection 7", "F", "top")
    assert first["reportText"] == "D1 bridge at U1 DefectRejected"
    assert first["attachment"] == {"name": "D1 1.png", "contentType": "image/png", "data": PIXEL}
    assert (second["stepType"], second["attachment"]["name"]) == ("WATS_AttachFile", "D1 2.png")


def test_conditions_of_a_test_are_told() -> None:
    """What kind they are stands in their type only."""
    condition = {
        "$type": "CFX.Structures.Temperature, CFX",
        "MeanValue": 45.2,
        "MinValue": 44.9,
        "MaxValue": 45.8,
    }

    assert step(a_test(TestConditions=[condition]))["reportText"] == "Temperature: 45.2, 44.9 to 45.8"


@pytest.mark.parametrize(
    ("word", "letter", "result"),
    [("Passed", "P", "P"), ("Failed", "F", "F"), ("Error", "E", "E"), ("Aborted", "T", "T"), ("Skipped", "S", "P")],
)  # fmt: skip
def test_the_verdicts_are_the_messages(word: str, letter: str, result: str) -> None:
    """Of tests and of units; the unit's need not follow from its tests."""
    overall = word if word != "Skipped" else "Passed"
    [report] = all_of(message(unit(a_test(result=word, Error="door open"), OverallResult=overall)))
    [made] = report["root"]["steps"]

    assert (made["status"], report["result"]) == (letter, result)
    assert made.get("errorMessage") == ("door open" if letter in {"F", "E", "T"} else None)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (message(unit(UnitIdentifier=None)), "serial number"),
        (message(unit(UnitIdentifier="NOREAD")), "serial number"),
        (message(unit(OverallResult=None)), "result"),
        (message(unit(OverallResult="Perhaps")), "result"),
        (message(unit(a_test(result="Perhaps"))), "result"),
        (message(unit(a_test(numeric("OVERLOAD")))), "value"),
        (message(unit(a_test(numeric(10**400)))), "value"),
        (message(unit(a_test(TestStartTime="soon"))), "TestStartTime"),
        (message(TimeStamp="soon"), "TimeStamp"),
        (message(TimeStamp="9999-12-31T23:59:59Z"), "start"),
        (message(TimeStamp=None), "start"),
        (message(TimeStamp="0001-01-01T00:00:00"), "start"),
        (message(kind="UnitsTestedRequest"), "MessageName"),
        (message(MessageBody=body()), None),
        (message(MessageBody=body(unit(), InspectedUnits=[unit()])), None),
        (message(MessageBody=body(TestedUnits=[1])), "TestedUnits"),
        (message(unit(a_test({**BASE, "Value": 1, "Image": {"ImageData": "*"}}))), None),
    ],
)
def test_what_cannot_be_a_report_is_refused(data: bytes, field: str | None) -> None:
    """With the member it is about."""
    with pytest.raises(Refused) as caught:
        all_of(data)

    assert caught.value.field == field


def test_a_message_without_its_end_is_waited_for() -> None:
    """It may still be written; a list of messages is none."""
    with pytest.raises(NotReady):
        all_of(message()[:-1])
    with pytest.raises(Refused):
        all_of(b"[" + message() + b"]")


def test_how_sure_it_is() -> None:
    """Surer of a message in its envelope."""
    assert probe(NAME, message()) == 0.98
    assert probe(NAME, json.dumps(body(unit())).encode()) == 0.9
    assert probe(NAME, message().replace(b'"TestedUnits"', b'"Units"')) == 0.0
