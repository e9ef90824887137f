"""XJTAG logs: every run of an archive, in whatever version it was written."""

import io
import json
import zipfile
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "xjtag-xjlog"
KNOWN = {"part_number": "BA-852", "process_code": 10}
FOLDER = "corpus/files/xjtag-xjlog"


def function(name: str, output: str = "", result: str = "Passed", more: str = "") -> str:
    return (
        f'<testfunction name="{name}"><text-output output-type="UserText"><![CDATA[{output}]]></text-output>'
        f'{more}<result value="{result}" /></testfunction>'
    )


def run(
    *functions: str, start: str = "2020-06-17T13:29:24.2586781Z", serial: str = "SN-1", result: str = "Passed"
) -> str:
    return (
        f'<testrun datetime="{start}"><testgroup name="Chain">{"".join(functions)}</testgroup><testruninfo>'
        f"<project-description>Demo</project-description><user>op17</user><serial>{serial}</serial>"
        f"<xjlink-name>XJLink2-7</xjlink-name><result>{result}</result><time-taken>1500</time-taken></testruninfo></testrun>"
    )


def archive(*runs: str, count: int | None = None, **files: str) -> bytes:
    packed = io.BytesIO()
    info = f"<LogFileInfo><TestRunCount>{len(runs) if count is None else count}</TestRunCount><ProjectPath>C:\\x\\BA-852.xjp</ProjectPath></LogFileInfo>"
    with zipfile.ZipFile(packed, "w") as made:
        for number, text in enumerate(runs, start=1):
            made.writestr(f"Run {number}.xml", text)
            made.writestr(f"Run {number}.checksum", b"\0\1\2")
        made.writestr("Info.xml", info)
        for name, text in files.items():
            made.writestr(name, text)
    return packed.getvalue()


def made(*runs: str, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, archive(*runs), **{**KNOWN, **options}).documents


def steps_of(*functions: str, **options: Any) -> list[dict[str, Any]]:
    [report] = made(run(*functions), **options)
    return list(report["root"]["steps"][0]["steps"])


def test_the_golden_facts_hold() -> None:
    """18 groups with 35 functions, and the voltages that stand in their texts."""
    name = "55804022_XJT_2019-06-20_12-55-57_lumi_Pass.xjlog"
    facts = json.loads(shared(f"corpus/golden/xjtag-xjlog/{name}.json").read_text())
    [report] = convert(NAME, shared(f"{FOLDER}/{name}").read_bytes(), **KNOWN).documents
    groups = report["root"]["steps"]

    assert golden.check(facts, [report]) == []
    assert len(groups) == 18
    assert sum("booleanMeas" in step for group in groups for step in group["steps"]) == 35


def test_a_run_alone_is_the_run_of_its_archive() -> None:
    """But for what only the archive knows."""
    name = "567567_14_29_24_17_06_2020_Pass"
    [packed] = convert(NAME, shared(f"{FOLDER}/{name}.xjlog").read_bytes(), **KNOWN).documents
    [alone] = convert(NAME, shared(f"{FOLDER}/{name}.xml").read_bytes(), **KNOWN).documents

    del packed["root"]["seqCall"]["path"]
    attached = [step.pop("attachment") for _, step in golden.steps(packed) if "attachment" in step]
    assert len(attached) == 1
    assert packed == alone


def test_old_versions_tell_the_times_in_a_table() -> None:
    """With a decimal comma on some machines, and with functions that were left out."""
    [report] = convert(
        NAME, shared(f"{FOLDER}/1234_14_25_32_10.08.2018_Pass.xjlog").read_bytes(), **KNOWN
    ).documents
    times = {step["name"]: step.get("totTime") for _, step in golden.steps(report)}

    assert (times["NEW_SERIAL_NUMBER"], times["ADC_Test"], times["SW1.Test"]) == (4.474, 12.862, 7.229)


def test_every_run_is_a_report() -> None:
    """The same one twice is refused."""
    second = run(function("A", result="Failed"), start="2020-06-17T13:31:24Z", serial="SN-2", result="Failed")
    reports = made(run(function("A")), second)

    assert [(report["sn"], report["result"]) for report in reports] == [("SN-1", "P"), ("SN-2", "F")]
    assert reports[0]["start"] == "2020-06-17T13:29:24.2586781+00:00"
    assert (reports[0]["machineName"], reports[0]["uut"]) == ("XJLink2-7", {"user": "op17", "execTime": 1.5})
    with pytest.raises(Refused, match="twice"):
        made(run(function("A")), run(function("A")))


def test_values_in_a_text_are_logged() -> None:
    """Lines that are a name, a number and a unit, and nothing else; they have no verdict of their own."""
    text = "Testing U56\n3V3 IN = 3328 mV.\nDie = -3.5'C\n3V3 IN = 9 mV\nread 5 = five\nno = 12 and more\n"
    power, rail, die = steps_of(function("U56", text))

    assert (power["booleanMeas"], "3V3 IN = 3328 mV." in power["reportText"]) == ([{"status": "P"}], True)
    assert (rail["name"], rail["status"]) == ("U56: 3V3 IN", "D")
    assert rail["numericMeas"] == [{"compOp": "LOG", "status": "P", "value": 3328, "unit": "mV"}]
    assert (die["numericMeas"][0]["value"], die["numericMeas"][0]["unit"]) == (-3.5, "'C")
    assert len(steps_of(function("U56", text), values="text")) == 1


def test_what_a_function_says_is_kept() -> None:
    """The plain text if there is one, connection errors, and the file the output points at."""
    more = (
        "<html-output>ShowFullConnTestOutput('C:\\Temp\\77_12')</html-output><conntest-errors>net A open</conntest-errors>"
        "<plain-text>\n  Testing IC5\n  done\n</plain-text><time-taken>59</time-taken>"
    )
    data = archive(run(function("CONNTEST", "Testing", more=more)), **{"77_12": "A0,0,1"})
    [report] = convert(NAME, data, **KNOWN).documents
    [step] = report["root"]["steps"][0]["steps"]

    assert step["reportText"] == "Testing IC5\ndone\nnet A open"
    assert (step["totTime"], step["attachment"]["name"]) == (0.059, "77_12")


def test_results() -> None:
    """A skipped function has no content; a word nobody knows is refused until it is explained."""
    skipped, failed = steps_of(function("A", result="Skipped"), function("B", result="Failed"))

    assert (skipped["status"], "booleanMeas" in skipped) == ("S", False)
    assert failed["booleanMeas"] == [{"status": "F"}]
    with pytest.raises(Refused, match="not a result"):
        steps_of(function("A", result="Perhaps"))
    assert steps_of(function("A", result="Perhaps"), statuses={"Perhaps": "P"})[0]["status"] == "P"


def test_the_part_number_is_configured_or_the_projects() -> None:
    """The log has no field for it."""
    with pytest.raises(Refused) as caught:
        made(run(function("A")), part_number=None)
    assert caught.value.field == "part number"
    assert made(run(function("A")), part_number=None, part_number_from_project=True)[0]["pn"] == "BA-852"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (run(function("A"), serial=""), "serial number"),
        (run(function("A"), start=""), "start"),
        (run(function("A"), start="2020-02-30T13:29:24Z"), "start"),
        (run(function("A"), result=""), "result"),
        (run(function("A")).replace("testruninfo", "info"), "testruninfo"),
        (run(function("A")).replace("<serial>", "<serial>SN-2</serial><serial>"), "serial"),
    ],
)
def test_an_identity_is_never_made_up(text: str, field: str) -> None:
    """The missing field is named."""
    with pytest.raises(Refused) as caught:
        made(text)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "data",
    [
        archive(run(function("A")), count=2),
        archive(),
        archive("<testrun>"),
        archive("<other/>"),
        archive("<!DOCTYPE x><testrun/>"),
        archive(run(function("A")), count=0),
        archive(run(function("A"))) * 2,
        archive(run(function("A"))) + b"more",
        b"x" + archive(run(function("A"))),
    ],
)
def test_an_archive_that_is_not_whole_is_refused(data: bytes) -> None:
    """A member that is cut off will never get its end."""
    with pytest.raises(Refused):
        convert(NAME, data, **KNOWN)


def test_a_file_that_is_still_being_copied_is_waited_for() -> None:
    """As an archive and as a run alone."""
    packed, alone = archive(run(function("A"))), run(function("A")).encode()

    for data in (packed[:-30], alone[:-30]):
        with pytest.raises(NotReady):
            convert(NAME, data, **KNOWN)


def test_only_these_files_are_claimed() -> None:
    """Whatever their names end in."""
    assert probe(NAME, archive(run(function("A"))), "x.txt") == 0.98
    assert probe(NAME, run().encode(), "x.xjlog") == 0.9
    assert probe(NAME, b"<testrun>", "x.xml") == 0.0
    assert probe(NAME, b"PK\x03\x04 something.docx", "x.xjlog") == 0.0
