"""WSXF files: tests and repairs carried over with nothing lost, and nothing taken that isn't a report."""

import json
from typing import Any

import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused
from wats_worker.reports import wsjf

NAME = "wats-xml"
NAMESPACE = "http://wats.virinco.com/schemas/WATS/Report/wsxf"
HEAD = (
    'ID="D3A3B0F2-54C4-4A36-93A5-5A0A2D1B7C11" PN="PSU-24V-60W" SN="PSU2401-000123" Rev="B" Result="Failed" '
    'Start="2026-03-17T08:31:40.100+01:00" Start_utc="2026-03-17T07:31:40.100Z" MachineName="FCT-LINE2-01" '
    'Location="Hall 2" Purpose="Production"'
)
CALL = '<SequenceCall Name="MainSequence Callback" Version="3.1.0" Filepath="psu_fct" Filename=""/>'
#: The vendor's rich example as XML.
RICH = f"""
<Report type="UUT" {HEAD} origin="4C5F70D62FF4" ProductName="">
 <UUT UserLoginName="op17" BatchSN="LOT-2611" TestSocketIndex="2" ExecutionTime="12.4" ExecutionTimeFormat="0.00"
  FixtureId="FX-07" ErrorCode="-1204" ErrorMessage="12 V rail low" BatchFailCount="1" BatchLoopIndex="0"
  StepIdCausedUUTFailure="3"><Comment>second fixture</Comment></UUT>
 <Process Code="60" Name="Functional test"/>
 <MiscInfo Description="Work order" Typedef="" idx="0">WO-88123</MiscInfo>
 <MiscInfo Description="Humidity" Numeric="41"/>
 <ReportUnitHierarchy PartType="PCBA" PN="PCB-9001" SN="PCB9001-77001" Rev="C"/>
 <Asset AssetSN="FX-07" UsageCount="1"/>
 <AdditionalData Name="Cell"><Prop xmlns="" Name="Cell" Type="String"><Value>7</Value></Prop></AdditionalData>
 <Step Id="1" Group="Main" Name="MainSequence Callback" StepType="SequenceCall" Status="Failed" total_time="12.4"
  StepIndex="0">{CALL}
  <Step Id="2" Group="Setup" Name="Settle" StepType="NI_Wait" Status="Done" total_time="1"/>
  <Step Id="3" Group="Main" Name="Rails" StepType="ET_MNLT" Status="Failed" StepCausedUUTFailure="true"
   StepErrorCode="-1204" StepErrorMessage="12 V rail low">
   <NumericLimit Name="5V0" NumericValue="5.02" Units="V" CompOperator="GELE" LowLimit="4.9" HighLimit="5.1" Status="Passed"/>
   <NumericLimit Name="12V0" NumericValue="NaN" Units="V" CompOperator="GELE" LowLimit="11.6" HighLimit="12.4" Status="Failed"/>
  </Step>
  <Step Id="4" Group="Main" Name="Standby" StepType="ET_NLT" Status="Passed">
   <NumericLimit NumericValue="-INF" CompOperator="LT" LowLimit="0.3" Status="Passed"/></Step>
  <Step Id="5" Group="Main" Name="Identity" StepType="ET_MSVT" Status="Passed">
   <StringValue Name="Model" StringValue="psu-24v" StringLimit="PSU-24V" CompOperator="IgnoreCase" Status="Passed"/>
   <StringValue Name="MAC" StringValue="" CompOperator="" Status="Passed"/></Step>
  <Step Id="6" Group="Main" Name="Restart" StepType="ET_PFT" Status="Passed">
   <Loop num="2" ending_index="2" passed="2" failed="0"/><PassFail Status="Passed"/></Step>
  <Step Id="7" Group="Main" Name="Restart" StepType="ET_PFT" Status="Passed"><Loop index="0"/><PassFail Status="Passed"/></Step>
  <Step Id="8" Group="Main" Name="Ripple" StepType="WATS_XYGMNLT" Status="Passed">
   <NumericLimit Name="Peak" NumericValue="38.5" Units="mV" CompOperator="LE" LowLimit="50" Status="Passed"/>
   <Chart ChartType="Line" Label="Ripple" XLabel="Time" XUnit="us" YLabel="Voltage" YUnit="mV">
    <Series Name="CH1" DataType="XYG"><ydata>-12.5;38.5</ydata><xdata>0;1</xdata></Series></Chart></Step>
  <Step Id="9" Group="Main" Name="Raw log" StepType="WATS_AttachFile" Status="Passed">
   <Attachment Name="fct.log" ContentType="text/plain">MDg6
    MTQ=</Attachment></Step>
  <Step Id="10" Group="Main" Name="Check" StepType="MessagePopup" Status="Passed"><MessagePopup Button="1" Response="label ok"/></Step>
  <Step Id="11" Group="Main" Name="Flash" StepType="CallExecutable" Status="Passed"><Callexe ExitCode="0"/></Step>
  <Step Id="12" Group="Cleanup" Name="Discharge" StepType="Action" Status="Skipped" TSGuid="ID#:x"><ReportText>bleeder on</ReportText></Step>
 </Step>
</Report>"""
REPAIR = """
<Report type="UUR" ID="0f2f6a55-7a42-4f0c-b0c4-6f0e6a2b9e21" PN="PSU-24V-60W" SN="PSU2401-000123" Rev="B" Result="Passed"
 Start="2026-03-17T10:02:00.000+01:00" Start_utc="2026-03-17T09:02:00.000Z" MachineName="REPAIR-01" Location="Hall 2" Purpose="Repair">
 <UUR UserLoginName="rep03" ConfirmDate="2026-03-17T09:31:00Z" FinalizeDate="2026-03-17T09:31:00Z" ExecutionTime="1740"
  ReferencedUUT="d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11" Active="true">
  <Comment>replaced C12</Comment><Process Code="60" Name="Functional test"/></UUR>
 <Process Code="500" Name="Repair"/>
 <ReportUnitHierarchy PartType="Main" PN="PSU-24V-60W" Rev="B" SN="PSU2401-000123" Idx="0"/>
 <ReportUnitHierarchy PartType="PCBA" PN="PCB-9001" Rev="C" SN="PCB9001-77001" Idx="1" ParentIDX="0" Position="1"/>
 <Failures Category="Component" Code="Defect Component" CompRef="C12" FunctionBlock="12 V rail" StepID="6" ArticleNumber="CAP-100U-16V" PartIdx="0" Idx="0"><Comment>shorted</Comment></Failures>
 <Failures Category="Component" Code="Burned" PartIdx="1" Idx="1"/>
 <Binary FailIdx="1"><Data ContentType="image/png" FileName="c12.png" size="3">AAAA</Data></Binary>
 <Binary><Data ContentType="text/plain" FileName="note.txt">AAAA</Data></Binary>
</Report>"""


def document(*reports: str, more: str = "") -> bytes:
    return f'<?xml version="1.0"?><Reports xmlns="{NAMESPACE}">{"".join(reports)}{more}</Reports>'.encode()


def only(*reports: str, **options: Any) -> dict[str, Any]:
    [made] = convert(NAME, document(*reports), **options).documents
    return made


def test_the_same_report_as_json_and_as_xml_is_the_same() -> None:
    """A server's two exports of one test, with 186 steps."""
    folder = "corpus/files/wats-wsjf-wsxf"
    from_xml = convert(NAME, shared(f"{folder}/uut-wsxf-export.xml").read_bytes())
    from_json = convert("wats-json", shared(f"{folder}/uut-wsjf-export.json").read_bytes())

    [xml], [document] = from_xml.documents, from_json.documents
    empty = {"assets", "additionalData"}
    assert xml == {key: value for key, value in document.items() if key not in empty}
    assert from_xml.warnings == []


def test_every_kind_of_step_and_every_member_is_kept() -> None:
    """Words become letters, empty attributes are none, and what the server fills in is left out."""
    made = only(RICH)
    steps = made["root"]["steps"]

    assert made["id"] == "d3a3b0f2-54c4-4a36-93a5-5a0a2d1b7c11"
    assert made["uut"] == {
        "user": "op17", "execTime": 12.4, "execTimeFormat": "0.00", "testSocketIndex": 2, "batchSN": "LOT-2611",
        "comment": "second fixture", "errorCode": -1204, "errorMessage": "12 V rail low", "fixtureId": "FX-07",
        "batchFailCount": 1, "batchLoopIndex": 0, "stepIdCausedUUTFailure": 3,
    }  # fmt: skip
    assert made["miscInfos"] == [
        {"description": "Work order", "text": "WO-88123"},
        {"description": "Humidity", "numeric": 41},
    ]
    assert made["assets"] == [{"assetSN": "FX-07", "usageCount": 1}]
    assert made["additionalData"] == [
        {"name": "Cell", "props": [{"name": "Cell", "type": "String", "value": "7"}]}
    ]
    assert steps[1]["numericMeas"][1]["value"] == "NaN"
    assert (steps[1]["errorCode"], steps[1]["causedUUTFailure"]) == (-1204, True)
    assert steps[2]["numericMeas"] == [{"compOp": "LT", "status": "P", "value": "-Infinity", "lowLimit": 0.3}]
    assert [row["compOp"] for row in steps[3]["stringMeas"]] == ["IGNORECASE", "LOG"]
    assert (steps[4]["loop"], steps[5]["loop"]) == (
        {"num": 2, "endingIndex": 2, "passed": 2, "failed": 0},
        {"idx": 0},
    )
    assert steps[6]["chart"]["series"] == [
        {"dataType": "XYG", "name": "CH1", "ydata": "-12.5;38.5", "xdata": "0;1"}
    ]
    assert steps[7]["attachment"] == {"name": "fct.log", "contentType": "text/plain", "data": "MDg6MTQ="}
    assert (steps[8]["messagePopup"], steps[9]["callExe"]) == (
        {"button": 1, "response": "label ok"},
        {"exitCode": 0},
    )
    assert (steps[10]["group"], steps[10]["status"], steps[10]["reportText"]) == ("C", "S", "bleeder on")


def test_a_repair_is_kept_whole() -> None:
    """Failures stand beside the parts in XML, and below them on the wire; so do their files."""
    made = only(REPAIR)
    example = wsjf.document(wsjf.load(shared("wats/examples/uur.json").read_bytes()))
    unit, part = made["subUnits"]

    assert unit == example["subUnits"][0]
    assert part["failures"] == [
        {
            "category": "Component",
            "code": "Burned",
            "comRef": None,
            "attachments": [{"contentType": "image/png", "data": "AAAA", "name": "c12.png"}],
        }
    ]
    assert made["uur"] == example["uur"]
    assert made["binaryData"] == [{"contentType": "text/plain", "data": "AAAA", "name": "note.txt"}]
    assert {key: made[key] for key in ("processCode", "processName", "result", "start")} == {
        key: example[key] for key in ("processCode", "processName", "result", "start")
    }


def test_an_unfinished_repair_keeps_its_nulls() -> None:
    """The wire wants five keys there, even when they say nothing."""
    bare = REPAIR.replace('ConfirmDate="2026-03-17T09:31:00Z"', "").replace(
        "<Process Code", "<Process Name", 0
    )
    [report] = convert(NAME, document(bare)).reports

    assert json.loads(wsjf.dump(report))["uur"]["confirmDate"] is None


def test_several_reports_in_one_file() -> None:
    """Tests and repairs in any order; the same one twice is refused."""
    made = convert(NAME, document(RICH, REPAIR)).documents

    assert [report["type"] for report in made] == ["T", "R"]
    with pytest.raises(Refused, match="twice"):
        convert(NAME, document(RICH, RICH))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('FixtureId="FX-07"', 'FixtureId="FX-07" Colour="green"', "Colour"),
        ("<Comment>", "<Extra/><Comment>", None),
        ("<PassFail", "<Oscilloscope/><PassFail", "Oscilloscope"),
        ("<Asset ", "<Secret/><Asset ", "Secret"),
        ('Status="Done"', 'Status="Perhaps"', "Status"),
        ('TestSocketIndex="2"', 'TestSocketIndex="two"', "TestSocketIndex"),
        ('NumericValue="5.02"', 'NumericValue="5,02"', "NumericValue"),
        ('NumericValue="5.02"', 'NumericValue="1e400"', "NumericValue"),
        (CALL, CALL + CALL, "SequenceCall"),
        ("<Process Code", "<Process Code='61'/><Process Code", "Process"),
        ("<UUT ", "<UUT UserLoginName='x'/><UUT ", "UUT"),
        (CALL, "", None),
        ('LowLimit="0.3"', "", None),
    ],
)
def test_what_the_wire_has_no_place_for_is_refused(old: str, new: str, what: str | None) -> None:
    """It is a fact somebody wrote down and WATS would lose; the element or attribute is named."""
    assert RICH.count(old) >= 1
    changed = document(RICH.replace(old, new, 1))

    if what is None and "<Extra/>" in new:
        assert convert(NAME, changed).documents  # a comment's neighbour says nothing
        return
    with pytest.raises(Refused) as caught:
        convert(NAME, changed)
    assert what is None or what in (caught.value.field or "")


def test_attributes_that_may_be_ignored_are() -> None:
    """If the source's options name them."""
    colourful = RICH.replace('FixtureId="FX-07"', 'FixtureId="FX-07" Colour="green"')

    assert only(colourful, ignore_attributes=["Colour"])["uut"]["fixtureId"] == "FX-07"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('SN="PSU2401-000123"', 'SN=""', "serial number"),
        ('SN="PSU2401-000123"', "", "serial number"),
        ('PN="PSU-24V-60W"', 'PN=" "', "part number"),
        ('Start="2026-03-17T08:31:40.100+01:00"', "", "start"),
        ('Start="2026-03-17T08:31:40.100+01:00"', 'Start="2026-02-30T08:31:40+01:00"', "start"),
        ('<Process Code="60" Name="Functional test"/>', "", "process code"),
        ('Result="Failed"', "", "result"),
    ],
)
def test_an_identity_is_never_made_up(old: str, new: str, field: str) -> None:
    """The missing field is named."""
    with pytest.raises(Refused) as caught:
        only(RICH.replace(old, new, 1))

    assert caught.value.field == field


def test_a_failure_without_its_part_is_refused() -> None:
    """And a file without its failure."""
    for old, new in (
        ('PartIdx="1"', 'PartIdx="7"'),
        ('FailIdx="1"', 'FailIdx="7"'),
        ('Idx="1"/>', 'Idx="0"/>'),
    ):
        assert old in REPAIR
        with pytest.raises(Refused):
            only(REPAIR.replace(old, new))


def test_a_file_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    data = document(RICH)

    for end in range(len(data) // 4, len(data) - 1, 211):
        with pytest.raises(NotReady):
            convert(NAME, data[:end])


def test_only_the_vendors_namespace_is_claimed() -> None:
    """TestStand's reports have the same names."""
    assert probe(NAME, document(RICH)) == 0.98
    assert probe(NAME, document(RICH).replace(NAMESPACE.encode(), b"urn:x")) == 0.0
    assert probe(NAME, document(RICH).replace(b"Reports xmlns", b"Other xmlns")) == 0.0
    with pytest.raises(Refused):
        convert(NAME, document())
