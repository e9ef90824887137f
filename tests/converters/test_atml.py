"""ATML test results: every edition's namespace, limits in every shape, verdicts as the file has them."""

import json
from typing import Any

import golden
import psutil
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.registry import bundled

NAME = "atml"
NAMESPACES = (
    "http://www.ieee.org/ATML/2006/TestResults",
    "http://www.ieee.org/ATML/2007/TestResults",
    "urn:IEEE-1636.1:2006:TestResults",
    "urn:IEEE-1636.1:2011:01:TestResults",
    "urn:IEEE-1636.1:2013:TestResults",
)
UUT = (
    "<tr:UUT><c:Definition><c:Identification><c:IdentificationNumbers>"
    '<c:IdentificationNumber number="PN-1" type="Part"/></c:IdentificationNumbers></c:Identification>'
    "</c:Definition><c:SerialNumber>SN-1</c:SerialNumber></tr:UUT>"
)


def properties(kind: str, **more: str) -> str:
    rest = "".join(f"<ts:{name} value='{value}'/>" for name, value in more.items())
    return (
        f"<tr:Extension><ts:TSStepProperties><ts:StepType>{kind}</ts:StepType><ts:StepGroup>Main</ts:StepGroup>"
        f"{rest}</ts:TSStepProperties></tr:Extension>"
    )


def datum(value: str, kind: str = "ts:TS_double", unit: str = "") -> str:
    if "string" in kind:
        return f'<c:Datum xsi:type="{kind}"><c:Value>{value}</c:Value></c:Datum>'
    shown = f' nonStandardUnit="{unit}"' if unit else ""
    return f'<c:Datum value="{value}" xsi:type="{kind}"{shown}/>'


def result(name: str, data: str, limits: str = "", more: str = "") -> str:
    bounds = f"<tr:TestLimits><tr:Limits>{limits}</tr:Limits></tr:TestLimits>" if limits else ""
    return (
        f'<tr:TestResult ID="r" name="{name}">{more}<tr:TestData>{data}</tr:TestData>{bounds}</tr:TestResult>'
    )


def pair(*limits: tuple[str, str], operator: str = "AND", nominal: str = "") -> str:
    inner = "".join(f'<c:Limit comparator="{comp}">{datum(value)}</c:Limit>' for comp, value in limits)
    return f'<c:LimitPair operator="{operator}">{nominal}{inner}</c:LimitPair>'


def checked(name: str, *inside: str, kind: str = "NumericLimitTest", outcome: str = 'value="Passed"') -> str:
    own = properties(kind) if kind else ""
    return f'<tr:Test ID="1" name="{name}">{own}<tr:Outcome {outcome}/>{"".join(inside)}</tr:Test>'


def results(
    *steps: str, outcome: str = 'value="Passed"', uut: str = UUT, attributes: str = "", more: str = ""
) -> str:
    """One TestResults element."""
    return (
        f"<trc:TestResults {attributes}><tr:Personnel><tr:SystemOperator ID='7' name='op17'/></tr:Personnel>"
        '<tr:ResultSet ID="1" name="C:\\seq\\fct.seq#MainSequence" startDateTime="2022-08-11T17:31:07.758"'
        f' endDateTime="2022-08-11T17:31:10.258"><tr:Outcome {outcome}/>{"".join(steps)}</tr:ResultSet>'
        f"<tr:TestStation><c:SerialNumber>FCT-1</c:SerialNumber></tr:TestStation>{uut}{more}</trc:TestResults>"
    )


def document(*runs: str, namespace: str = "urn:IEEE-1636.1:2011:01:TestResults") -> bytes:
    """A collection."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><trc:TestResultsCollection xmlns:trc="{namespace}Collection" '
        f'xmlns:tr="{namespace}" xmlns:c="urn:IEEE-1671:2010:Common" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:ts="www.ni.com/TestStand/ATMLTestResults/2.0">{"".join(runs)}</trc:TestResultsCollection>'
    ).encode()


def only(*runs: str, **options: Any) -> dict[str, Any]:
    [made] = convert(NAME, document(*runs), **{"process_code": 10, **options}).documents
    return made


def step_of(*inside: str, **attributes: Any) -> dict[str, Any]:
    [step] = only(results(checked("A", *inside, **attributes)))["root"]["steps"]
    return dict(step)


def test_the_golden_facts_hold() -> None:
    """A report of TestStand 2019, 15,900 lines, with the unit at its end."""
    folder = "Report_EoLT_FC[EB03240FFFF1122223001048][7][11.08.2022][09 56 36].xml"
    facts = json.loads(shared(f"corpus/golden/atml/{folder}.json").read_text())
    made = convert(NAME, shared(f"corpus/files/atml/{folder}").read_bytes(), process_code=10)
    steps = [step for _, step in golden.steps(made.documents[0])]

    assert golden.check(facts, made.documents) == []
    assert len(steps) == 1 + 296 + 21 + 277
    assert made.documents[0]["uut"]["testSocketIndex"] == 7
    assert made.documents[0]["uut"]["execTime"] == 69.0474
    assert sum(len(step.get("numericMeas", ())) for step in steps) == 179
    assert sum(len(step.get("stringMeas", ())) for step in steps) == 14
    array = next(
        entry["props"][0]["array"]
        for step in steps
        for entry in step.get("additionalResults", ())
        if entry["name"] == "Diag Session Record"
    )
    assert [index["value"]["value"] for index in array["indexes"]] == ["0", "50", "1", "244"]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_edition_is_read(namespace: str) -> None:
    """Elements go by their local names, and the root by the family its namespace belongs to."""
    data = document(results(checked("A")), namespace=namespace)
    bare = data.split(b"?>", 1)[1].replace(b"TestResultsCollection xmlns", b"Other xmlns", 1)

    assert probe(NAME, data) == 0.95
    assert convert(NAME, data, process_code=10).documents[0]["sn"] == "SN-1"
    assert probe(NAME, bare) == 0.0
    assert probe(NAME, data.replace(namespace.encode(), b"urn:example:unknown")) == 0.0


def test_edition_2_02_has_no_collection_and_one_group() -> None:
    """The main sequence is a group of its own there, and its steps belong right below the root."""
    inner = checked("A", kind="PassFailTest")
    group = f'<tr:TestGroup ID="0" name="C:\\seq\\fct.seq#MainSequence"><tr:Outcome value="Passed"/>{inner}</tr:TestGroup>'
    data = document(results(group), namespace=NAMESPACES[1])
    bare = data.replace(b"TestResultsCollection", b"Wrapped").replace(b"trc:TestResults", b"tr:TestResults")
    head, body = bare.split(b">", 2)[1:]
    single = body.removesuffix(b"</trc:Wrapped>").replace(
        b"<tr:TestResults ", head.replace(b"<trc:Wrapped", b"<tr:TestResults") + b" ", 1
    )
    [made] = convert(NAME, single, process_code=10).documents

    assert [step["name"] for step in made["root"]["steps"]] == ["A"]
    assert made["root"]["seqCall"] == {"path": "C:\\seq\\fct.seq", "name": "MainSequence"}


def test_the_header() -> None:
    """Who, what, where and when; the id the report brings is kept."""
    made = only(
        results(
            attributes='uuid="c283b7fe-198a-11ed-8dee-00802f335b81"',
            more="<tr:Extension><ts:TSResultSetProperties><ts:BatchSerialNumber value='B-7'/>"
            "<ts:TestSocketIndex value='3'/></ts:TSResultSetProperties></tr:Extension>",
        )
    )

    assert made["id"] == "c283b7fe-198a-11ed-8dee-00802f335b81"
    assert (made["pn"], made["sn"], made["machineName"]) == ("PN-1", "SN-1", "FCT-1")
    assert made["start"] == "2022-08-11T17:31:07.758+02:00"
    assert made["uut"] == {"user": "op17", "execTime": 2.5, "batchSN": "B-7", "testSocketIndex": 3}
    assert {"description": "Assumed time zone", "text": "Europe/Oslo"} in made["miscInfos"]


def test_a_start_with_its_zone_keeps_it() -> None:
    """Nothing is assumed then."""
    run = results().replace('startDateTime="2022-08-11T17:31:07.758"', 'startDateTime="2022-08-11T17:31:07Z"')
    made = only(run)

    assert (made["start"], "miscInfos" in made) == ("2022-08-11T17:31:07+00:00", True)
    assert [info["description"] for info in made["miscInfos"]] == ["Process code"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (pair(("GE", "1"), ("LE", "5")), {"compOp": "GELE", "lowLimit": 1, "highLimit": 5}),
        (pair(("LT", "5"), ("GT", "1")), {"compOp": "GTLT", "lowLimit": 1, "highLimit": 5}),
        (pair(("LT", "1"), ("GT", "5"), operator="OR"), {"compOp": "LTGT", "lowLimit": 1, "highLimit": 5}),
        (pair(("GE", "5"), ("LE", "1"), operator="OR"), {"compOp": "LEGE", "lowLimit": 1, "highLimit": 5}),
        (pair(("GE", "-INF"), ("LE", "5")), {"compOp": "LE", "lowLimit": 5}),
        (pair(("GT", "1"), ("LE", "NaN")), {"compOp": "GT", "lowLimit": 1}),
        (f'<c:SingleLimit comparator="LT">{datum("5")}</c:SingleLimit>', {"compOp": "LT", "lowLimit": 5}),
        (f'<c:Expected comparator="EQ">{datum("4")}</c:Expected>', {"compOp": "EQ", "lowLimit": 4}),
        (f'<c:Expected comparator="NE">{datum("4")}</c:Expected>', {"compOp": "NE", "lowLimit": 4}),
    ],
)
def test_limits_in_every_shape(limits: str, expected: dict[str, Any]) -> None:
    """One-sided ones stay one-sided, and the order in a pair doesn't matter."""
    [row] = step_of(result("Numeric", datum("3", unit="V"), limits))["numericMeas"]

    assert row == {"status": "P", "value": 3, "unit": "V", **expected}


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("PERCENTAGE", 95, 110), ("PPM", 99.9995, 100.001), ("DELTA", 95, 110)]
)
def test_thresholds_around_a_nominal_value_are_limits(kind: str, low: float, high: float) -> None:
    """TestStand tells them beside the pair."""
    raw = "".join(
        f'<ts:{name} value="{value}"/>' for name, value in (("Nominal", 100), ("Low", 5), ("High", 10))
    )
    extension = (
        f"<tr:Extension><ts:TSLimitProperties><ts:RawLimits>{raw}</ts:RawLimits>"
        f"<ts:ThresholdType>{kind}</ts:ThresholdType></ts:TSLimitProperties></tr:Extension>"
    )
    nominal = f"<c:Nominal>{datum('100')}</c:Nominal>"
    limits = pair(("GE", "5"), ("LE", "10"), nominal=nominal)
    [row] = step_of(result("Numeric", datum("101"), limits, extension))["numericMeas"]

    assert (row["compOp"], row["lowLimit"], row["highLimit"]) == (
        "GELE",
        pytest.approx(low),
        pytest.approx(high),
    )


@pytest.mark.parametrize(
    ("comparator", "operator", "raw", "limits"),
    [
        ("EQ", "GELE", {"Nominal": "100", "Low": "5", "High": "10"}, (95.0, 110.0)),
        ("NE", "LTGT", {"Nominal": "100", "Low": "5", "High": "10"}, (95.0, 110.0)),
        ("EQ", "EQ", {}, (100.0, None)),  # as TestStand writes of every numeric step
        ("EQ", "EQ", {"Nominal": "100", "Low": "NaN", "High": "10"}, (100.0, None)),
    ],
)
def test_an_expected_value_may_have_thresholds(
    comparator: str, operator: str, raw: dict[str, str], limits: tuple[float, float | None]
) -> None:
    """Only whole ones; a type of threshold alone says nothing."""
    values = "".join(f'<ts:{name} value="{value}"/>' for name, value in raw.items())
    extension = f"<c:Extension><ts:TSLimitProperties><ts:RawLimits>{values}</ts:RawLimits><ts:ThresholdType>DELTA</ts:ThresholdType></ts:TSLimitProperties></c:Extension>"
    expected = f'<c:Expected comparator="{comparator}">{datum("100")}</c:Expected>'
    [row] = step_of(result("Numeric", datum("101"), expected + extension))["numericMeas"]

    assert (row["compOp"], row["lowLimit"], row.get("highLimit")) == (operator, *limits)


@pytest.mark.parametrize(
    "limits",
    [pair(("GE", "1")), pair(("GE", "1"), ("GT", "2")), pair(("GE", "1"), ("EQ", "2")), pair(("GE", "x"), ("LE", "2"))],
)  # fmt: skip
def test_a_pair_that_is_none_is_refused(limits: str) -> None:
    """Which limit is missing or wrong nobody can say."""
    with pytest.raises(Refused):
        step_of(result("Numeric", datum("3"), limits))


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (pair(("", "1"), ("", "2")), "Compared with: 1, 2"),
        (f'<c:SingleLimit comparator="">{datum("1")}</c:SingleLimit>', "Compared with: 1"),
    ],
)
def test_limits_of_a_step_that_was_forced_are_told(limits: str, told: str) -> None:
    """TestStand leaves their comparators empty where the run mode decided; nothing was compared."""
    step = step_of(result("Numeric", datum("3"), limits), outcome='value="Failed"')

    assert step["numericMeas"] == [{"compOp": "LOG", "value": 3.0, "status": "F"}]
    assert step["reportText"] == told


def test_limits_without_an_operator_in_wats_are_told() -> None:
    """The value is logged, the status stays, and the comparison can be read in the step's text."""
    text = f'<c:Expected comparator="CNE">{datum("abc", "c:string")}</c:Expected>'
    unlike = f'<c:SingleLimit comparator="LT">{datum("5", unit="V")}</c:SingleLimit>'
    words = step_of(result("String", datum("xyz", "c:string"), text), kind="StringValueTest")
    units = step_of(result("Numeric", datum("300", unit="mV"), unlike))

    assert (words["stringMeas"][0]["compOp"], words["reportText"]) == ("LOG", "Compared with: CNE abc")
    assert (units["numericMeas"][0]["compOp"], units["status"]) == ("LOG", "P")
    assert "LT 5 V" in units["reportText"]


def test_texts_are_compared_as_the_file_says() -> None:
    """With or without regard to case; an empty text is a text."""
    rows = [
        step_of(result("String", datum("a", "c:string"), f'<c:Expected comparator="{operator}">{datum("A", "c:string")}</c:Expected>'))["stringMeas"]
        for operator in ("EQ", "CIEQ", "IgnoreCase", "CaseSensitive")
    ]  # fmt: skip
    empty = step_of(
        result(
            "String",
            datum("", "c:string"),
            f'<c:Expected comparator="EQ">{datum("", "c:string")}</c:Expected>',
        )
    )

    assert [row["compOp"] for [row] in rows] == ["EQ", "IGNORECASE", "IGNORECASE", "CASESENSIT"]
    assert (empty["stringMeas"][0]["value"], empty["stringMeas"][0]["limit"]) == ("", "")


@pytest.mark.parametrize(
    ("outcome", "letter"),
    [
        ('value="Passed"', "P"),
        ('value="Failed"', "F"),
        ('value="Passed" qualifier="Done"', "D"),
        ('value="Aborted" qualifier="Error"', "E"),
        ('value="Aborted" qualifier="Terminated"', "T"),
        ('value="Aborted"', "T"),
        ('value="NotStarted" qualifier="Skipped"', "S"),
        ('value="UserDefined" qualifier="Error"', "E"),
        ('value="Failed" qualifier="cold joint"', "F"),
    ],
)
def test_outcomes(outcome: str, letter: str) -> None:
    """TestStand puts its own word into the qualifier."""
    step = step_of(result("Numeric", datum("3"), pair(("GE", "1"), ("LE", "2"))), outcome=outcome)

    assert step["status"] == letter
    assert ("numericMeas" in step) == (letter not in {"S", "T"})


def test_an_outcome_nobody_knows_is_refused_until_it_is_explained() -> None:
    """And one that contradicts itself always."""
    run = results(checked("A", outcome='value="Inconclusive"'))

    with pytest.raises(Refused) as caught:
        only(run)
    assert "statuses" in (caught.value.fix or "")
    assert only(run, statuses={"Inconclusive": "E"})["root"]["steps"][0]["status"] == "E"
    with pytest.raises(Refused, match="at once"):
        step_of(outcome='value="Passed" qualifier="Failed"')


def test_what_was_still_running_is_done_and_told() -> None:
    """A thread nobody waited for; but a unit that is still running has no report yet."""
    running = 'value="UserDefined" qualifier="Running"'
    run = results(checked("Thread", kind="Action", outcome=running))
    [step] = only(run)["root"]["steps"]

    assert (step["status"], step["reportText"]) == ("D", "Status: Running")
    assert only(run, statuses={"Running": "E"})["root"]["steps"][0]["status"] == "E"
    with pytest.raises(NotReady):
        only(results(outcome=running))
    assert only(results(outcome=running), statuses={"Running": "T"})["result"] == "T"


def test_interactive_and_remote_runs_are_told() -> None:
    """The number of an interactive execution has a place on the wire, the server a line in the text."""
    facts = properties("PassFailTest", InteractiveExeNum="7", Server="RACK-2")
    step = step_of(facts, kind="")

    assert (step["interactiveExeNum"], step["reportText"]) == (7, "Server: RACK-2")
    with pytest.raises(Refused, match="InteractiveExeNum"):
        step_of(facts.replace("'7'", "'often'"), kind="")


def test_the_status_is_never_computed() -> None:
    """A site may let a step pass outside of its limits, and the unit with a failed step."""
    failed = checked("A", result("Numeric", datum("9"), pair(("GE", "1"), ("LE", "2"))))
    made = only(results(failed, checked("B", outcome='value="Failed"')))

    assert made["result"] == "P"
    assert made["root"]["steps"][0]["numericMeas"][0]["status"] == "P"


def test_several_measurements_of_a_step() -> None:
    """Each has its name, its limits and, where the file gives one, its own outcome."""
    step = step_of(
        result("5V", datum("5.0", unit="V"), pair(("GE", "4.9"), ("LE", "5.1")), '<tr:Outcome value="Passed"/>'),
        result("12V", datum("11.3", unit="V"), pair(("GE", "11.6"), ("LE", "12.4")), '<tr:Outcome value="Failed"/>'),
        kind="NI_MultipleNumericLimitTest",
        outcome='value="Failed"',
    )  # fmt: skip

    assert step["stepType"] == "ET_MNLT"
    assert [(row["name"], row["status"]) for row in step["numericMeas"]] == [("5V", "P"), ("12V", "F")]


def test_what_teststand_adds_is_no_measurement() -> None:
    """Parameters and additional results go along as property trees; report text is report text."""
    parameter = f"<tr:Parameters><tr:Parameter ID='p' name='Nest'><tr:Data>{datum('8')}</tr:Data></tr:Parameter></tr:Parameters>"
    collection = f"<c:Collection><c:Item name='Code'>{datum('0')}</c:Item></c:Collection>"
    step = step_of(
        parameter,
        result("Success?", datum("true", "ts:TS_boolean")),
        result("error out", collection),
        result("ReportText", datum("all fine", "ts:TS_string")),
        kind="PassFailTest",
    )

    assert step["booleanMeas"] == [{"status": "P"}]
    assert step["reportText"] == "all fine"
    assert [entry["name"] for entry in step["additionalResults"]] == ["Nest", "Success?", "error out"]


def test_what_others_write_is_a_measurement() -> None:
    """Without TestStand's properties every result is one, with limits or not."""
    step = step_of(result("Rail", datum("5.01", "c:double", "V")), kind="")

    assert step["numericMeas"] == [
        {"compOp": "LOG", "name": "Rail", "status": "P", "value": 5.01, "unit": "V"}
    ]


def test_measurements_of_several_kinds_are_steps_below_theirs() -> None:
    """A step carries rows of one kind only, and none of them is lost."""
    volts = result(
        "5V", datum("5.02", unit="V"), pair(("GE", "4.9"), ("LE", "5.1")), '<tr:Outcome value="Passed"/>'
    )
    remark = "<tr:Extension><q:Remark xmlns:q='urn:maker'><q:Comment>third try</q:Comment></q:Remark></tr:Extension>"
    text = result("Version", datum("2.4", "c:string"), "", f'<tr:Outcome value="Failed"/>{remark}')
    flag = result("Lamp", datum("true", "c:boolean"), "", '<tr:Outcome value="Passed"/>')
    step = step_of(volts, text, flag, kind="", outcome='value="Failed"')

    assert (step["stepType"], step["status"], step["reportText"]) == (
        "SequenceCall",
        "F",
        "Version: third try",
    )
    assert [(below["name"], below["stepType"], below["status"]) for below in step["steps"]] == [
        ("5V", "ET_NLT", "P"),
        ("Version", "ET_SVT", "F"),
        ("Lamp", "ET_PFT", "P"),
    ]
    assert step["steps"][0]["numericMeas"][0]["highLimit"] == 5.1
    assert step["steps"][2]["booleanMeas"] == [{"status": "P"}]  # fmt: skip


def test_another_maker_tells_the_unit_in_extensions() -> None:
    """Who it is stands in its own namespace; what the report has no field for goes along as misc infos."""
    unit = (
        '<tr:UUT xmlns:q="urn:maker"><c:Definition><c:Identification><c:ModelName>Amplifier</c:ModelName>'
        "<c:Version>1'2</c:Version></c:Identification><c:Extension><q:Unit><q:PartNumber>PN-7</q:PartNumber>"
        "<q:Variant>EU</q:Variant><q:Setting name='Gain'><q:ValueString>12 dB</q:ValueString></q:Setting>"
        "<q:Empty/></q:Unit></c:Extension></c:Definition><c:SerialNumber>SN-7</c:SerialNumber></tr:UUT>"
    )
    station = (
        "<tr:TestStation><c:Definition><c:Identification><c:ModelName>RACK-3</c:ModelName></c:Identification>"
        "<c:Extension><Equipments><Equipment><c:SerialNumber>DMM-1</c:SerialNumber></Equipment>"
        "<Equipment><c:SerialNumber>DMM-1</c:SerialNumber></Equipment><Equipment/></Equipments></c:Extension>"
        "</c:Definition></tr:TestStation>"
    )
    program = (
        "<tr:TestProgram><c:Definition><c:Identification><c:ModelName>Final</c:ModelName></c:Identification>"
        "<c:Extension><Version>3.1</Version></c:Extension></c:Definition></tr:TestProgram>"
    )
    run = results(checked("A", kind=""), uut=unit).replace(
        "C:\\seq\\fct.seq#MainSequence", "Amplifier, final"
    )
    run = run.replace(
        "</tr:ResultSet>",
        '<tr:Extension><ResultSetExtension testSocketIndex="4"/></tr:Extension></tr:ResultSet>',
    )
    run = run.replace(
        "<tr:TestStation><c:SerialNumber>FCT-1</c:SerialNumber></tr:TestStation>", program + station
    )
    made = only(run)

    assert (made["sn"], made["pn"], made["rev"], made["machineName"]) == ("SN-7", "PN-7", "1'2", "RACK-3")
    assert made["uut"]["testSocketIndex"] == 4
    assert made["assets"] == [{"assetSN": "DMM-1", "usageCount": 2}]
    assert made["root"]["seqCall"] == {"path": "Final", "name": "Amplifier, final", "version": "3.1"}
    told = [(info["description"], info["text"]) for info in made["miscInfos"]]
    assert told[1:4] == [("Variant", "EU"), ("Gain", "12 dB"), ("Model", "Amplifier")]
    with pytest.raises(Refused, match="TestSocketIndex"):
        only(run.replace('testSocketIndex="4"', 'testSocketIndex="four"'))


def test_a_long_array_goes_along_as_one_text() -> None:
    """A tree node for each of its elements would be a hundred times its size."""
    elements = "".join(f'<ts:Element position="[{i}]" value="{i}"/>' for i in range(3000))
    array = f'<c:IndexedArray dimensions="[3000]" xsi:type="ts:TS_doubleArray">{elements}</c:IndexedArray>'
    [entry] = step_of(result("Trace", array), kind="PassFailTest")["additionalResults"]

    assert entry["props"][0]["value"] == ";".join(map(str, range(3000)))


def test_groups_are_sequence_calls() -> None:
    """What a group measured itself stands in a step of its own at its end, as a step holds one thing."""
    inner = checked("inner", kind="PassFailTest")
    own = result("Numeric", datum("3"), pair(("GE", "1"), ("LE", "5")))
    group = (
        f'<tr:TestGroup ID="1" name="C:\\a.seq#Rail" callerName="Measure rail">{properties("NumericLimitTest")}'
        f'<tr:Outcome value="Passed"/>{own}{inner}</tr:TestGroup>'
    )
    [step] = only(results(group))["root"]["steps"]

    assert (step["name"], step["stepType"]) == ("Measure rail", "SequenceCall")
    assert step["seqCall"] == {"path": "C:\\a.seq", "name": "Rail"}
    assert [(below["name"], "numericMeas" in below) for below in step["steps"]] == [
        ("inner", False),
        ("Measure rail", True),
    ]


@pytest.mark.parametrize(("group", "letter"), [("Setup", "S"), ("Main", "M"), ("Cleanup", "C"), ("", "M")])
def test_a_step_stands_in_its_group(group: str, letter: str) -> None:
    """TestStand's three groups of a sequence; a step without one is of the main group."""
    run = results(checked("A", kind="Action").replace("<ts:StepGroup>Main", f"<ts:StepGroup>{group}"))

    assert only(run)["root"]["steps"][0]["group"] == letter


def test_session_actions_loops_and_errors() -> None:
    """Popups with their answer, a loop's summary and its iterations, an error with code and message."""
    answers = f"<tr:Data><c:Collection><c:Item name='ButtonHit'>{datum('2')}</c:Item><c:Item name='Response'>{datum('ok', 'ts:TS_string')}</c:Item></c:Collection></tr:Data>"
    popup = f'<tr:SessionAction ID="1" name="Ask">{answers}{properties("MessagePopup")}<tr:ActionOutcome value="Done"/></tr:SessionAction>'
    loops = "<ts:LoopingProperties><ts:NumLoops value='2'/><ts:NumPassed value='1'/><ts:NumFailed value='1'/><ts:EndingLoopIndex value='2'/></ts:LoopingProperties>"
    turn = "<ts:LoopingProperties><ts:LoopIndex value='0'/></ts:LoopingProperties>"
    tests = [
        checked("L", kind="PassFailTest").replace("</ts:TSStepProperties>", f"{more}</ts:TSStepProperties>")
        for more in (loops, turn)
    ]
    events = "".join(
        f"<tr:Event ID='{name}'><tr:Data name='{name}'>{value}</tr:Data></tr:Event>"
        for name, value in (("Error Code", datum("-17500")), ("Error Message", datum("no link", "c:string")))
    )
    failed = checked("E", f"<tr:Events>{events}</tr:Events>", outcome='value="Aborted" qualifier="Error"')
    ask, summary, iteration, error = only(results(popup, *tests, failed))["root"]["steps"]

    assert ask["messagePopup"] == {"button": 2, "response": "ok"}
    assert summary["loop"] == {"num": 2, "endingIndex": 2, "passed": 1, "failed": 1}
    assert iteration["loop"] == {"idx": 0}
    assert (error["errorCode"], error["errorMessage"]) == (-17500, "no link")


def test_bookkeeping_steps_can_be_dropped() -> None:
    """By the source's configuration."""
    steering = f'<tr:SessionAction ID="1" name="x=1">{properties("Statement")}<tr:ActionOutcome value="Done"/></tr:SessionAction>'

    assert len(only(results(steering, checked("A")))["root"]["steps"]) == 2
    assert len(only(results(steering, checked("A")), bookkeeping="drop")["root"]["steps"]) == 1


@pytest.mark.parametrize(
    ("uut", "field"),
    [
        (UUT.replace("SN-1", ""), "serial number"),
        (UUT.replace("SN-1", "  "), "serial number"),
        (UUT.replace("<c:SerialNumber>", "<c:SerialNumber>SN-2</c:SerialNumber><c:SerialNumber>"), "SerialNumber"),
        (UUT.replace("PN-1", ""), "part number"),
        (UUT.replace('type="Part"', 'type="Other"'), "part number"),
        ("", "serial number"),
        (UUT + UUT, "UUT"),
    ],
)  # fmt: skip
def test_an_identity_is_never_made_up(uut: str, field: str) -> None:
    """The missing field is named."""
    with pytest.raises(Refused) as caught:
        only(results(uut=uut))

    assert caught.value.field == field


def test_of_two_part_numbers_the_configured_one_counts() -> None:
    """By its qualifier; without that the file is refused."""
    two = UUT.replace(
        "</c:IdentificationNumbers>",
        '<c:IdentificationNumber number="X-9" type="Part" qualifier="customer"/></c:IdentificationNumbers>',
    )

    with pytest.raises(Refused, match="'PN-1' and 'X-9'"):
        only(results(uut=two))
    assert only(results(uut=two), part_number_qualifier="customer")["pn"] == "X-9"


@pytest.mark.parametrize("start", ["", "9999-12-31T23:59:59", "2022-02-31T00:00:00", "-2022-08-11T17:31:07"])
def test_a_start_that_is_none_is_refused(start: str) -> None:
    """Neither the clock nor the file's time stands in."""
    with pytest.raises(Refused) as caught:
        only(results().replace("2022-08-11T17:31:07.758", start))

    assert caught.value.field == "start"


def test_several_units_in_one_file() -> None:
    """Each is a report; the same one twice is refused."""
    runs = [results(uut=UUT.replace("SN-1", f"SN-{i}")) for i in range(3)]
    made = convert(NAME, document(*runs), process_code=10)

    assert [report["sn"] for report in made.reports] == ["SN-0", "SN-1", "SN-2"]
    with pytest.raises(Refused, match="twice"):
        convert(NAME, document(runs[0], runs[0]), process_code=10)


def test_the_table_of_a_batch_is_no_unit() -> None:
    """Edition 6.01 ends a batch with a table of its sockets; each of them has results of its own."""
    units = [
        results(
            uut=UUT.replace("SN-1", f"SN-{i}"),
            more=f"<tr:Extension><ts:TSResultSetProperties><ts:TestSocketIndex value='{i}'/>"
            "<ts:BatchSerialNumber>B-7</ts:BatchSerialNumber></ts:TSResultSetProperties></tr:Extension>",
        )
        for i in range(2)
    ]
    rows = "".join(f"<ts:UUTHref socketIndex='{i}' uutResult='Passed'/>" for i in range(3))
    table = f"<trc:Extension><ts:TSBatchTable stationID='S' batchSerialNumber='B-7'>{rows}</ts:TSBatchTable></trc:Extension>"
    made = convert(NAME, document(*units, table, namespace=NAMESPACES[-1]), process_code=10)

    assert [(unit["sn"], unit["uut"]["testSocketIndex"], unit["uut"]["batchSN"]) for unit in made.documents] == [
        ("SN-0", 0, "B-7"),
        ("SN-1", 1, "B-7"),
    ]  # fmt: skip


def test_an_empty_socket_is_left_out_where_the_site_says_so() -> None:
    """Otherwise the file is refused; and a file of nothing else has no unit."""
    full, empty = results(), results(uut=UUT.replace("SN-1", ""))

    with pytest.raises(Refused, match="serial number"):
        convert(NAME, document(full, empty), process_code=10)
    made = convert(NAME, document(full, empty), process_code=10, without_serial_number="leave-out")
    assert [unit["sn"] for unit in made.documents] == ["SN-1"]
    assert any("report 2" in warning for warning in made.warnings)
    with pytest.raises(Refused, match="no report of a unit"):
        convert(NAME, document(empty), process_code=10, without_serial_number="leave-out")


def test_a_file_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    data = document(results(checked("A")))

    for end in range(len(data) // 4, len(data) - 1, 131):
        with pytest.raises(NotReady):
            convert(NAME, data[:end], process_code=10)


def test_memory_is_bounded_by_what_a_report_needs() -> None:
    """Steps are emptied as they come: a tree of this file would be several times its size."""
    element = checked("A", *(result(f"x{i}", datum("1")) for i in range(30)), kind="Action")
    dropped = element.replace("<ts:StepType>Action", "<ts:StepType>Statement")
    data = document(results(*[dropped] * 1500))
    chosen, process = bundled()[NAME], psutil.Process()
    options = chosen.options(process_code=10, bookkeeping="drop", timezone="Europe/Oslo")

    before = process.memory_info().rss
    [report] = chosen.convert(Source.of_bytes(data, "log"), options)
    grown = process.memory_info().rss - before

    assert report["root"] is not None
    assert grown < 2 * len(data)
