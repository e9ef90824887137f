"""The 27 checks: each finds what it is for, and says nothing about a good report."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from support import shared

from wats_worker.reports import wsjf
from wats_worker.reports.processes import Processes
from wats_worker.reports.validate import Finding, History, Limits, check, explain, look_back

NOW = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
ID = "0f2f6a55-7a42-4f0c-b0c4-6f0e6a2b9e21"

TEST: dict[str, Any] = {
    "type": "T", "id": ID, "pn": "PN-1", "sn": "SN-1001", "rev": "A", "processCode": 60, "result": "F",
    "machineName": "FCT-1", "location": "Hall", "purpose": "Production",
    "start": "2026-03-17T08:14:05+01:00", "startUTC": "2026-03-17T07:14:05Z", "uut": {"user": "op"},
    "root": {"id": 1, "group": "M", "stepType": "SequenceCall", "name": "Main", "status": "F", "seqCall": {}, "steps": [
        {"id": 2, "group": "M", "stepType": "ET_NLT", "name": "Rail", "status": "F", "causedUUTFailure": True,
         "numericMeas": [{"compOp": "GELE", "status": "F", "value": 11.3, "unit": "V", "lowLimit": 11.6, "highLimit": 12.4}]},
        {"id": 3, "group": "M", "stepType": "ET_SVT", "name": "Version", "status": "P",
         "stringMeas": [{"compOp": "EQ", "status": "P", "value": "2.4", "limit": "2.4"}]},
        {"id": 4, "group": "M", "stepType": "WATS_XYGMNLT", "name": "Ripple", "status": "P", "chart": {
            "chartType": "Line", "label": "l", "xLabel": "x", "yLabel": "y",
            "series": [{"dataType": "XYG", "name": "s", "xdata": "0;1", "ydata": "2;3"}]}},
        {"id": 5, "group": "C", "stepType": "WATS_AttachFile", "name": "Log", "status": "D",
         "attachment": {"name": "a.txt", "data": "QUJD"}},
    ]},
}  # fmt: skip
REPAIR: dict[str, Any] = {
    "type": "R", "id": ID, "pn": "PN-1", "sn": "SN-1001", "rev": "A", "processCode": 500, "result": "P",
    "machineName": "REP-1", "location": "Hall", "purpose": "Repair",
    "start": "2026-03-17T08:14:05+01:00", "startUTC": "2026-03-17T07:14:05Z",
    "uur": {"user": "rep", "processCode": 60, "refUUT": ID, "confirmDate": "2026-03-17T07:30:00Z",
            "finalizeDate": None, "execTime": 12.0},
    "subUnits": [{"idx": 0, "pn": "PN-1", "sn": "SN-1001", "failures": [
        {"category": "Component", "code": "Defect Component", "comRef": "C12"}]}],
}  # fmt: skip
PROCESSES = Processes.of(
    [
        {"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1},
        {"code": 90, "name": "Burn In test", "isTestOperation": True, "state": 0},
        {"code": 500, "name": "Repair", "isRepairOperation": True, "state": 1, "repairOperation": {
            "uutBinding": 0, "bomBinding": 1, "vendorBinding": 1, "compRefMask": "^[A-Z]+[0-9]+$",
            "repairCategories": [{"id": "1", "description": "Component", "status": 1, "repairCodes": [
                {"id": "2", "description": "Defect Component", "failureType": 4, "status": 1}]}]}},
    ]
)  # fmt: skip


def found(document: dict[str, Any], **how: Any) -> list[Finding]:
    return check(wsjf.of(document, draft=True), now=NOW, **{"processes": PROCESSES, **how})


def numbers(findings: list[Finding], level: str | None = None) -> set[int]:
    return {finding.number for finding in findings if level in (None, finding.level)}


def changed(document: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    document = copy.deepcopy(document)
    change(document)
    return document


def rail(document: dict[str, Any]) -> dict[str, Any]:
    return document["root"]["steps"][0]["numericMeas"][0]


def add_steps(document: dict[str, Any], count: int) -> None:
    document["root"]["steps"] += [
        {"id": 100 + i, "group": "M", "stepType": "Action", "name": "a", "status": "D"} for i in range(count)
    ]


def nest(document: dict[str, Any], depth: int) -> None:
    step = document["root"]
    for i in range(depth):
        below = {
            "id": 100 + i,
            "group": "M",
            "stepType": "SequenceCall",
            "name": "s",
            "status": "P",
            "seqCall": {},
        }
        step["steps"] = [*step.get("steps", []), below]
        step = below


@pytest.mark.parametrize("document", [TEST, REPAIR], ids=["a test", "a repair"])
def test_a_good_report_gets_no_finding(document: dict[str, Any]) -> None:
    """Silence is the answer to a report as it should be."""
    assert found(document) == []


@pytest.mark.parametrize("name", ["uut_minimal", "uut_rich", "uut_rich_assets", "uur"])
def test_the_examples_can_be_sent(name: str) -> None:
    """The wire's own examples get no worse than a warning."""
    report = wsjf.load(shared(f"wats/examples/{name}.json").read_bytes())

    assert [finding for finding in check(report) if finding.level != "warn"] == []


CASES: list[tuple[int, str, str, Callable[[Any], Any]]] = [
    (2, "reject", "report.id", lambda d: d.pop("id")),
    (2, "reject", "report.sn", lambda d: d.update(sn="   ")),
    (2, "reject", "report.rev", lambda d: d.update(rev="")),
    (2, "reject", "report.uut.user", lambda d: d["uut"].update(user="")),
    (3, "reject", "report.processCode", lambda d: d.update(processCode=61)),
    (3, "reject", "report.processCode", lambda d: d.update(processCode=90)),
    (3, "reject", "report.processCode", lambda d: d.update(processCode=500)),
    (3, "reject", "report.processName", lambda d: d.update(processName="functional test")),
    (5, "reject", "report.root.steps[1].status", lambda d: d["root"]["steps"][1].update(status="U")),
    (6, "reject", "report.processCode", lambda d: d.update(processCode=-1)),
    (6, "reject", "report.root.steps[1].stringMeas[0].value", lambda d: d["root"]["steps"][1]["stringMeas"][0].update(value=None)),
    (7, "warn", "report.root.steps[0].numericMeas[0].compOp", lambda d: rail(d).update(compOp="Gele")),
    (8, "reject", "report.pn", lambda d: d.update(pn="\U0001f600" * 60)),
    (9, "reject", "report.start", lambda d: d.update(start="2026-02-30T08:14:05+01:00")),
    (9, "reject", "report.start", lambda d: d.update(start="1969-01-01T08:14:05+01:00")),
    (9, "warn", "report.startUTC", lambda d: d.update(startUTC="2026-03-17T08:14:05Z")),
    (9, "warn", "report.startUTC", lambda d: d.pop("startUTC")),
    (9, "reject", "report.root.steps[0].start", lambda d: d["root"]["steps"][0].update(start="2026-13-01T00:00:00Z")),
    (10, "quarantine", "report.start", lambda d: d.update(start="2026-03-17T10:06:00+01:00", startUTC="2026-03-17T09:06:00Z")),
    (13, "warn", "report.root.steps[0]", lambda d: d["root"]["steps"][0].update(numericMeas=[{**rail(d), "name": "a"}] * 2)),
    (14, "reject", "report.root.steps[2].chart.series[0].ydata", lambda d: d["root"]["steps"][2]["chart"]["series"][0].update(ydata="1,5;x")),
    (14, "reject", "report.root.steps[2].chart.series[0]", lambda d: d["root"]["steps"][2]["chart"]["series"][0].update(ydata="1")),
    (14, "warn", "report.root.steps[2].chart.series[0].ydata", lambda d: d["root"]["steps"][2]["chart"]["series"][0].update(ydata="1;NaN")),
    (14, "warn", "report.root.steps[2].chart", lambda d: d["root"]["steps"][2]["chart"].update(series=d["root"]["steps"][2]["chart"]["series"] * 11)),
    (15, "reject", "report.root.steps[3].attachment.data", lambda d: d["root"]["steps"][3]["attachment"].update(data="QUJDQ")),
    (15, "warn", "report.root.steps[3].attachment.data", lambda d: d["root"]["steps"][3]["attachment"].update(data="QUJD" * 100)),
    (16, "reject", "report.sn", lambda d: d.update(sn="AB\x01CD")),
    (16, "reject", "report.sn", lambda d: d.update(sn="AB\u202e321")),
    (16, "reject", "report.uut.comment", lambda d: d["uut"].update(comment="\ufffe")),
    (17, "reject", "report.root.steps[0].numericMeas[0].highLimit", lambda d: rail(d).update(highLimit="Infinity")),
    (19, "warn", "report.root.steps[0].numericMeas[0].status", lambda d: rail(d).update(value=12.0)),
    (19, "warn", "report.root.steps[0].status", lambda d: d["root"]["steps"][0].update(status="P")),
    (19, "warn", "report.root.status", lambda d: d["root"].update(status="P")),
    (19, "warn", "report.result", lambda d: d.update(result="E")),
    (20, "warn", "report.root", lambda d: d["root"]["steps"][0].pop("causedUUTFailure")),
    (20, "warn", "report.root", lambda d: d["root"].update(causedUUTFailure=True)),
    (21, "warn", "report.root", lambda d: d["root"]["steps"][1].update(id=2)),
    (21, "warn", "report.uut.stepIdCausedUUTFailure", lambda d: d["uut"].update(stepIdCausedUUTFailure=77)),
    (22, "warn", "report.sn", lambda d: d.update(sn="SN/1001")),
    (22, "warn", "report.sn", lambda d: d.update(sn="SN-1001 ")),
    (22, "warn", "report.machineName", lambda d: d.update(machineName="FCT__1")),
    (23, "warn", "report.sn", lambda d: d.update(sn="000")),
    (24, "warn", "report.pn", lambda d: d.update(pn="P" * 51)),
    (25, "warn", "report.origin", lambda d: d.update(origin="AABBCC")),
    (26, "warn", "report.root", lambda d: nest(d, 25)),
    (26, "warn", "report.root", lambda d: add_steps(d, 200)),
    (26, "warn", "report.root.steps[0].name", lambda d: d["root"]["steps"][0].update(name="Rail at 08:14:05")),
    (26, "warn", "report.root.steps[0].name", lambda d: d["root"]["steps"][0].update(name="Rail of SN-1001")),
    (27, "warn", "report.root.steps[0].numericMeas[0]", lambda d: rail(d).update(compOp="EQ", highLimit=None)),
    (27, "warn", "report.root.steps[0].numericMeas[0]", lambda d: rail(d).pop("unit")),
    (27, "warn", "report.root.steps[0].numericMeas[0]", lambda d: rail(d).update(lowLimit=13.0)),
]  # fmt: skip


@pytest.mark.parametrize(("number", "level", "path", "change"), CASES)
def test_a_check_finds_what_it_is_for(
    number: int, level: str, path: str, change: Callable[[Any], Any]
) -> None:
    """Each fault is found by its own check, at its own place and level."""
    findings = found(changed(TEST, change), limits=Limits(attachment_bytes=100, steps=100))

    assert (number, level) in {(f.number, f.level) for f in findings if f.path == path or number in {19, 20}}


REPAIR_CASES: list[tuple[int, str, str, Callable[[Any], Any]]] = [
    (3, "reject", "report.processCode", lambda d: d.update(processCode=60)),
    (3, "reject", "report.uur.processCode", lambda d: d["uur"].update(processCode=500)),
    (4, "reject", "report.subUnits[1].idx", lambda d: d["subUnits"].extend([{"idx": 7, "pn": "a", "sn": "b"}] * 2)),
    (9, "reject", "report.uur.confirmDate", lambda d: d["uur"].update(confirmDate="2026-02-30T00:00:00Z")),
    (11, "reject", "report.uur.refUUT", lambda d: d["uur"].update(refUUT=None)),
    (11, "reject", "report.subUnits[0].failures[0].category", lambda d: d["subUnits"][0]["failures"][0].update(category="component")),
    (11, "reject", "report.subUnits[0].failures[0].code", lambda d: d["subUnits"][0]["failures"][0].update(code="Gone")),
    (11, "reject", "report.subUnits[0].failures[0].comRef", lambda d: d["subUnits"][0]["failures"][0].update(comRef=None)),
    (11, "warn", "report.subUnits", lambda d: d["subUnits"][0].pop("failures")),
    (15, "reject", "report.binaryData[0].data", lambda d: d.update(binaryData=[{"contentType": "a", "name": "n", "data": "A"}])),
    (21, "warn", "report.subUnits[1].parentIdx", lambda d: d["subUnits"].append({"idx": 1, "parentIdx": 9, "pn": "a", "sn": "b"})),
    (25, "warn", "report.subUnits[0].failures[0].refStepName", lambda d: d["subUnits"][0]["failures"][0].update(refStepName="x")),
]  # fmt: skip


@pytest.mark.parametrize(("number", "level", "path", "change"), REPAIR_CASES)
def test_a_check_of_repairs_finds_what_it_is_for(
    number: int, level: str, path: str, change: Callable[[Any], Any]
) -> None:
    """Repairs are held against the server's own categories, codes and bindings."""
    findings = found(changed(REPAIR, change))

    assert (number, level, path) in {(f.number, f.level, f.path) for f in findings}


def test_what_this_client_has_sent_before_is_warned_about() -> None:
    """A run that would overwrite another, and a unit beyond what statistics count."""
    findings = look_back(ID, History(same_run="another", runs=100))

    assert numbers(findings, "warn") == {18, 23}


def test_a_body_no_server_takes_is_rejected() -> None:
    """A rejection on this side costs nothing; one by the host's front door says less."""
    assert numbers(found(TEST, limits=Limits(body_bytes=100)), "reject") == {15}


def test_without_the_servers_list_nothing_is_said_about_processes() -> None:
    """Offline, an unknown process is not a wrong one."""
    assert 3 not in numbers(found({**TEST, "processCode": 61}, processes=None))


def test_a_thousand_equal_findings_are_told_in_few_words() -> None:
    """A report that is wrong throughout doesn't flood the reader, and the count is not lost."""
    row = {**TEST["root"]["steps"][0]["numericMeas"][0], "value": 12.0}
    steps = [
        {"id": i, "group": "M", "stepType": "ET_NLT", "name": f"s{i}", "status": "F", "numericMeas": [row]}
        for i in range(2, 1_002)
    ]
    findings = found({**TEST, "root": {**TEST["root"], "steps": steps}})

    assert len(findings) < 60
    assert any("980 more of check 19" in finding.text for finding in findings)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, '{"type": "T"'),
        (2, json.dumps({key: value for key, value in TEST.items() if key != "machineName"})),
        (4, json.dumps({key: value for key, value in TEST.items() if key != "uut"})),
        (4, json.dumps({**REPAIR, "uur": {"user": "x", "processCode": 60}})),
        (5, json.dumps({**TEST, "result": "Passed"})),
        (6, json.dumps({**TEST, "processCode": "60"})),
        (7, json.dumps(changed(TEST, lambda d: rail(d).update(compOp="EQT")))),
        (7, json.dumps(changed(TEST, lambda d: rail(d).pop("highLimit")))),
        (8, json.dumps({**TEST, "pn": "P" * 101})),
        (9, json.dumps({**TEST, "start": "17.03.2026"})),
        (11, json.dumps(changed(REPAIR, lambda d: d["subUnits"][0]["failures"][0].pop("comRef")))),
        (12, json.dumps(changed(TEST, lambda d: d["root"]["steps"][0].update(callExe={})))),
        (12, json.dumps(changed(TEST, lambda d: d["root"]["steps"][0].update(steps=[d["root"]["steps"][1]])))),
        (13, json.dumps(changed(TEST, lambda d: d["root"]["steps"][0].update(numericMeas=[rail(d)] * 2)))),
        (14, json.dumps(changed(TEST, lambda d: d["root"]["steps"][2]["chart"]["series"][0].update(ydata="")))),
        (15, json.dumps(changed(TEST, lambda d: d["root"]["steps"][3]["attachment"].update(data="?")))),
        (25, json.dumps({**TEST, "partNumber": "x"})),
    ],
)  # fmt: skip
def test_what_the_model_refuses_has_a_number_too(number: int, text: str) -> None:
    """Every reason a report can't be sent comes in the same form, with a place and a fix."""
    with pytest.raises((wsjf.NotJson, wsjf.InvalidReport)) as caught:
        wsjf.load(text.encode())

    findings = explain(caught.value)

    assert number in numbers(findings, "reject")
    assert all(finding.fix or finding.number in {11, 14, 15} for finding in findings)
