"""StepWize: the real result file against facts read by hand, and rows of every kind on their own."""

import json
from typing import Any
from xml.sax.saxutils import escape

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "stepwize-xspc"
HEADER = {
    "partNumber": "PN-1", "modelNumber": "M-1", "partRev": "", "sourceFile": "main.xml", "revision": "C",
    "operation": "Final test", "workOrder": "WO-7", "serialNumber": "SN-1", "sequencePF": "Pass", "plantName": "Oslo",
}  # fmt: skip
ROW = {
    "stepName": "Rail", "stepResultID": "R1", "stepIndex": "1", "subItemName": "", "genus": "", "lowerLimit": "4.9",
    "upperLimit": "5.1", "limitMode": "LL <= Value <= UL", "startDateTime": "2026-03-17T08:14:05.250",
    "totalTime": "1.5E+0", "iteration": "0", "stepValue": "5.01", "units": "V", "stringValue": "5.01",
    "boolValue": "F", "stepOutcome": "Pass", "assetID": "A-1", "operator": "op17", "operatorStamp": "custom",
    "station": "FCT-1", "dataType": "0", "Expected_String": "", "Expected_Boolean": "T", "Case_Sensitive": "F",
    "SI_Prefix": "unity [1]", "endDateTime": "2026-03-17T08:14:06.750", "measurementOutcome": "Pass",
}  # fmt: skip


def element(name: str, facts: dict[str, str], below: str = "") -> str:
    return (
        f"<{name}>{''.join(f'<{key}>{escape(text)}</{key}>' for key, text in facts.items())}{below}</{name}>"
    )


def row(**facts: str) -> str:
    return element("Config_and_Data_Result", {**ROW, **facts})


def outcome(step: str, word: str = "Pass", **facts: str) -> str:
    about = {
        "genus": "Overall Outcome",
        "subItemName": "Overall Outcome",
        "dataType": "2",
        "limitMode": "Value > LL",
    }
    return row(
        stepName=step, stepOutcome=word, measurementOutcome="Performed- Record Only", **{**about, **facts}
    )


def file(*rows: str, **header: str) -> bytes:
    results = f"<Config_and_Result_Data>{''.join(rows)}</Config_and_Result_Data>"
    unit = element("ConfigandResultsData", {**HEADER, **header}, results)
    return f"<ConfigAndResultsDataFile><XMLFileType>x</XMLFileType>{unit}</ConfigAndResultsDataFile>".encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_codes": {"Final test": 10}, **options}).documents
    return document


def step(*rows: str, **header: str) -> dict[str, Any]:
    [made] = only(file(*rows, **header))["root"]["steps"]
    return dict(made)


def test_the_golden_facts_hold() -> None:
    """Fifty-two steps, and 131 measurements in some of them."""
    for path in sorted(shared("corpus/golden/stepwize-xspc").iterdir()):
        facts = json.loads(path.read_text())
        data = shared(f"corpus/{facts['file']}").read_bytes()
        document = only(data, process_code=10)
        steps = document["root"]["steps"]

        assert golden.check(facts, [document]) == []
        assert len(steps) == facts["counts"]["distinct_step_names"]
        assert sum(len(each.get("numericMeas", ())) for each in steps) == facts["counts"]["measurement_rows"]


def test_the_header_fills_the_report() -> None:
    """The first row knows who, where and when; the revision of the sequence stands in for that of the part."""
    document, revised = only(file(row())), only(file(row(), partRev="B"))

    assert (document["pn"], document["rev"], document["sn"], document["result"]) == ("PN-1", "C", "SN-1", "P")
    assert (document["machineName"], document["location"]) == ("FCT-1", "Oslo")
    assert document["uut"] == {"user": "op17", "execTime": 1.5}
    assert document["start"] == "2026-03-17T08:14:05.25+01:00"
    assert document["root"]["seqCall"] == {"name": "main.xml", "version": "C"}
    assert (revised["rev"], revised["root"]["seqCall"]["version"]) == ("B", "C")
    assert {"description": "workOrder", "text": "WO-7"} in document["miscInfos"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, {"compOp": "GELE", "lowLimit": 4.9, "highLimit": 5.1}),
        ({"limitMode": "LL < Value < UL"}, {"compOp": "GTLT", "lowLimit": 4.9, "highLimit": 5.1}),
        ({"limitMode": "LL <= Value < UL"}, {"compOp": "GELT", "lowLimit": 4.9, "highLimit": 5.1}),
        ({"limitMode": "Value <= UL"}, {"compOp": "LE", "lowLimit": 5.1}),
        ({"limitMode": "Value < UL"}, {"compOp": "LT", "lowLimit": 5.1}),
        ({"limitMode": "Value > LL"}, {"compOp": "GT", "lowLimit": 4.9}),
        ({"limitMode": "Value &gt;= LL"}, {"compOp": "GE", "lowLimit": 4.9}),
        ({"limitMode": "Value = LL"}, {"compOp": "EQ", "lowLimit": 4.9}),
        ({"limitMode": "Value < LL or Value > UL"}, {"compOp": "LTGT", "lowLimit": 4.9, "highLimit": 5.1}),
        ({"upperLimit": "Inf"}, {"compOp": "GE", "lowLimit": 4.9}),
        ({"lowerLimit": "-Inf"}, {"compOp": "LE", "lowLimit": 5.1}),
        ({"lowerLimit": "-Inf", "upperLimit": "NaN"}, {"compOp": "LOG"}),
        ({"limitMode": "None"}, {"compOp": "LOG"}),
        ({"measurementOutcome": "Performed- Record Only"}, {"compOp": "LOG"}),
    ],
)
def test_the_limit_mode_says_which_limits_count(facts: dict[str, str], expected: dict[str, Any]) -> None:
    """A row is born with limits of zero; the mode and the outcome tell whether they mean anything."""
    [measured] = step(row(**facts))["numericMeas"]

    assert measured == {"status": "P", "value": 5.01, "unit": "V", **expected}


def test_the_verdict_is_the_files() -> None:
    """A value outside of its limits passes if the file says so, and a step fails with the rows that failed."""
    fine = step(row(stepValue="9.9"))
    bad = step(
        outcome("Rail", "Fail"),
        row(subItemName="A", stepOutcome="Fail"),
        row(subItemName="B", stepOutcome="Fail", measurementOutcome="Fail"),
        sequencePF="Fail",
    )

    assert (fine["status"], fine["numericMeas"][0]["status"]) == ("P", "P")
    assert [(each["name"], each["status"]) for each in bad["numericMeas"]] == [("A", "P"), ("B", "F")]
    assert (bad["status"], bad["stepType"]) == ("F", "ET_MNLT")


def test_rows_about_the_step_are_no_measurements() -> None:
    """A step with nothing else is a verdict."""
    made = step(outcome("Reset"), outcome("Reset", genus="iteration", subItemName="iteration", dataType="0"))

    assert (made["name"], made["stepType"], made["booleanMeas"], made["totTime"]) == (
        "Reset",
        "ET_PFT",
        [{"status": "P"}],
        1.5,
    )


def test_texts_and_truths_are_compared_with_what_was_expected() -> None:
    """Kinds that can't stand in one step make a sequence."""
    text = step(row(dataType="2", stringValue="v1.2", Expected_String="V1.2"))
    exact = step(row(dataType="2", stringValue="v1.2", Expected_String="v1.2", Case_Sensitive="T"))
    logged = step(row(dataType="2", stringValue="noted", measurementOutcome="Performed- Record Only"))
    truth = step(row(dataType="1", subItemName="LED", boolValue="T"))
    mixed = step(row(subItemName="Rail"), row(dataType="1", subItemName="LED", boolValue="T"))

    assert text["stringMeas"] == [{"compOp": "IGNORECASE", "status": "P", "value": "v1.2", "limit": "V1.2"}]
    assert exact["stringMeas"][0]["compOp"] == "CASESENSIT"
    assert logged["stringMeas"] == [{"compOp": "LOG", "status": "P", "value": "noted"}]
    assert (truth["booleanMeas"], truth["reportText"]) == (
        [{"name": "LED", "status": "P"}],
        "LED: True, expected True",
    )
    assert [each["stepType"] for each in mixed["steps"]] == ["ET_MNLT", "ET_MPFT"]


def test_iterations_of_a_step_are_a_loop() -> None:
    """Each has results of its own."""
    steps = only(file(*(row(iteration=turn, stepResultID=f"R{turn}") for turn in "012")))["root"]["steps"]

    assert [each["loop"] for each in steps] == [{"idx": 0}, {"idx": 1}, {"idx": 2}]


def test_a_run_that_was_stopped_is_terminated() -> None:
    """What it didn't reach was skipped."""
    document = only(
        file(
            row(),
            row(stepName="LED", stepIndex="2", stepOutcome="Skipped", measurementOutcome="Skipped"),
            sequencePF="Incomplete",
        )
    )

    assert document["result"] == "T"
    assert [each["status"] for each in document["root"]["steps"]] == ["P", "S"]
    assert "numericMeas" not in document["root"]["steps"][1]


def test_outcomes_of_a_site_can_be_told() -> None:
    """In any spelling."""
    data = file(row(stepOutcome="waived", measurementOutcome="waived"), sequencePF="Waived")

    assert only(data, statuses={"Waived": "P"})["result"] == "P"


def test_a_prefix_is_told_and_not_applied() -> None:
    """Nothing says whether it belongs to the value or to how it is shown."""
    made = convert(
        NAME,
        file(row(SI_Prefix="milli [m] 10^-3"), row(stepIndex="2", SI_Prefix="yotta [Y] 10^24")),
        process_code=10,
    )
    first, second = made.documents[0]["root"]["steps"]

    assert (first["numericMeas"][0]["value"], first["reportText"]) == (
        5.01,
        "Value: SI prefix milli [m] 10^-3",
    )
    assert any("milli" in text for text in made.warnings)
    assert "reportText" not in second


def test_notes_and_causes_stand_in_the_report_text() -> None:
    """Once, though each row has them."""
    made = step(outcome("Rail", causeText="loose cable"), row(causeText="loose cable", stepNotes="retested"))

    assert made["reportText"] == "causeText: loose cable\nstepNotes: retested"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (file(row(), serialNumber=""), "serial number"),
        (file(row(), serialNumber="N/A"), "serial number"),
        (file(row(), partNumber="", modelNumber=""), "part number"),
        (file(row(), sequencePF=""), "sequencePF"),
        (file(row(), sequencePF="Maybe"), "sequencePF"),
        (file(row(startDateTime="")), "start"),
        (file(row(startDateTime="17.03.2026 08:14")), "start"),
        (file(row(endDateTime="later")), "endDateTime"),
        (file(row(stepValue="5,01")), "Rail"),
        (file(row(stepValue="")), "Rail"),
        (file(row(upperLimit="x", subItemName="A")), "A"),
        (file(row(limitMode="Value ~ LL")), "Rail"),
        (file(row(dataType="9")), "dataType"),
        (file(row(dataType="1", boolValue="")), "Rail"),
        (file(row(stepOutcome="?")), "stepOutcome"),
        (file(row(measurementOutcome="?")), "measurementOutcome"),
        (file(row(stepName="")), "stepName"),
        (file(row(totalTime="long")), "totalTime"),
        (
            file(row()).replace(b"<serialNumber>", b"<serialNumber>SN-9</serialNumber><serialNumber>"),
            "serialNumber",
        ),
        (file(row()).replace(b"<stepValue>", b"<stepValue>1</stepValue><stepValue>"), "stepValue"),
        (file(), None),
        (b"<ConfigAndResultsDataFile><XMLFileType/></ConfigAndResultsDataFile>", "ConfigandResultsData"),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_a_file_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    data = file(row())
    for end in (len(data) // 2, len(data) - 3):
        with pytest.raises(NotReady):
            only(data[:end])


def test_it_is_known_by_its_root() -> None:
    """With something of its own below it."""
    assert probe(NAME, file(row())) == 0.98
    assert probe(NAME, b"<ConfigAndResultsDataFile/>") == 0.0
