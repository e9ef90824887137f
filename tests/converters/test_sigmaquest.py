"""SigmaQuest unit reports: the real file against its own elements, and what the schema allows besides."""

from typing import Any

import golden
import pytest
from logs import convert, probe
from lxml import etree
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "sigmaquest-xml"
REAL = "corpus/files/sigmaquest-xml/testdata_SN654164896.xml"
TIMES = 'start-time="2026-03-17T08:14:05+01:00" end-time="2026-03-17T08:14:07+01:00"'


def value(text: str, name: str = "Rail", kind: str = "Double", **facts: str) -> str:
    attributes = " ".join(f'{key}="{fact}"' for key, fact in facts.items())
    return f'<Value{kind} name="{name}" {attributes}>{text}</Value{kind}>'


def result(*values: str) -> str:
    return "".join(f"<Result><Property>{each}</Property></Result>" for each in values)


def run(name: str, *below: str, grade: str = "PASS") -> str:
    return f'<TestRun name="{name}" {TIMES} grade="{grade}">{"".join(below)}</TestRun>'


def unit(
    *runs: str, grade: str = "PASS", more: str = "", product: str = "", head: str = "", sn: str = "SN-1"
) -> str:
    return (
        f'<UnitReport {TIMES} {head}><Station guid="G-1" name="ST-1"/><Operator name="op17"/>'
        f'<Category name="Boards"><Product part-no="PN-1" serial-no="{sn}" version="B">{product}</Product></Category>{more}'
        f"{run('FCT', *runs, grade=grade)}</UnitReport>"
    )


def made(data: str | bytes, **options: Any) -> list[dict[str, Any]]:
    data = data.encode() if isinstance(data, str) else data
    return convert(NAME, data, **{"process_code": 10, **options}).documents


def step(*below: str, grade: str = "PASS", **options: Any) -> dict[str, Any]:
    """The one run below the top one."""
    [document] = made(unit(run("Power", *below, grade=grade), grade=grade), **options)
    return dict(document["root"]["steps"][0])


def row(written: str, **options: Any) -> dict[str, Any]:
    [found] = step(result(written), **options)["numericMeas"]
    return {member: fact for member, fact in found.items() if member not in {"name", "value", "status"}}


def test_the_real_file_keeps_every_run_and_every_value() -> None:
    """Facts that another parser counts."""
    data = shared(REAL).read_bytes()
    tree = etree.fromstring(data)
    [document] = made(data)
    steps = [each for _, each in golden.steps(document)]
    rows = [each for found in steps for each in found.get("numericMeas", ())]
    limited = [
        each for each in tree.iter("ValueDouble") if {float(each.get("lsl")), float(each.get("usl"))} != {0.0}
    ]

    assert (document["sn"], document["pn"], document["result"]) == ("SN654164896", "98756468", "P")
    assert (document["start"], document["uut"]["user"], document["root"]["name"]) == (
        "2024-12-09T14:26:37+00:00",
        "OP1",
        "OP1",
    )
    assert len(steps) == sum(1 for _ in tree.iter("TestRun"))
    assert len(rows) == sum(1 for _ in tree.iter("ValueDouble"))
    assert sum(each["compOp"] != "LOG" for each in rows) == len(limited)
    assert sum("DHR: //" in each.get("reportText", "") for each in steps) == sum(
        1 for _ in tree.iter("ValueAttachment")
    )


def test_the_verdict_is_that_of_the_run() -> None:
    """The real file has passed values outside of their limits, and one that is null."""
    [document] = made(shared(REAL).read_bytes())
    rows = {
        (path, row["name"]): row
        for path, each in golden.steps(document)
        for row in each.get("numericMeas", ())
    }
    outside = [row for (_, name), row in rows.items() if "Shoulder Height" in name and row["value"] > 5]
    [null] = [row for row in rows.values() if row["status"] == "S"]

    assert len(outside) > 5
    assert {row["status"] for row in outside} == {"P"}
    assert null == {"name": "pos DCpos Valley Percent", "compOp": "LOG", "status": "S", "value": "NaN"}


def test_the_header_fills_the_report() -> None:
    """What belongs nowhere else is a misc info."""
    [document] = made(
        unit(
            run("Power"),
            head='mode="P" software-version="2.1"',
            more="<Property><ValueString name='Work Order'>WO-7</ValueString></Property>",
        )
    )

    assert (document["pn"], document["rev"], document["sn"]) == ("PN-1", "B", "SN-1")
    assert (document["machineName"], document["uut"]) == ("ST-1", {"user": "op17", "execTime": 2.0})
    assert document["root"]["seqCall"] == {"name": "FCT", "version": "2.1"}
    for info in (("Category", "Boards"), ("Mode", "P"), ("Work Order", "WO-7"), ("Station guid", "G-1")):
        assert {"description": info[0], "text": info[1]} in document["miscInfos"]


def test_products_in_the_unit_are_its_parts() -> None:
    """Those in categories too; two side by side are for a person to decide."""
    inside = '<Product part-no="PCB-1" serial-no="77"/><Category name="PSU"><Product part-no="PSU-1" serial-no="N/A" version="C"/></Category>'
    [document] = made(unit(run("Power"), product=inside))
    with pytest.raises(Refused, match="2 products"):
        made(unit(run("Power")).replace("</Category>", '<Product part-no="X" serial-no="Y"/></Category>'))

    assert document["subUnits"] == [
        {"pn": "PCB-1", "sn": "77"},
        {"partType": "PSU", "pn": "PSU-1", "sn": "", "rev": "C"},
    ]


@pytest.mark.parametrize(
    ("written", "options", "expected"),
    [
        (value("5.0", lsl="4.9", usl="5.1", uom="V"), {}, {"compOp": "GELE", "lowLimit": 4.9, "highLimit": 5.1, "unit": "V"}),
        (value("5.0", lsl="4.9", usl="0"), {}, {"compOp": "GE", "lowLimit": 4.9}),
        (value("5.0", lsl="0.0", usl="5.1"), {}, {"compOp": "LE", "lowLimit": 5.1}),
        (value("5.0", lsl="0", usl="5.1"), {"zero_limit": "zero"}, {"compOp": "GELE", "lowLimit": 0.0, "highLimit": 5.1}),
        (value("5.0", lsl="0", usl="0"), {}, {"compOp": "LOG"}),
        (value("5.0", lsl="", usl="5.1"), {}, {"compOp": "LE", "lowLimit": 5.1}),
        (value("5.0", usl="INF"), {}, {"compOp": "LOG"}),
        (value("5.0"), {}, {"compOp": "LOG"}),
        (value("7", kind="Integer", lsl="5"), {}, {"compOp": "GE", "lowLimit": 5.0}),
    ],
)  # fmt: skip
def test_limits_of_zero_are_none(written: str, options: dict[str, Any], expected: dict[str, Any]) -> None:
    """Unless the source says that its writer means them."""
    assert row(written, **options) == expected


@pytest.mark.parametrize(
    ("comparison", "limits", "expected"),
    [
        ("GTLT(&gt; &lt;)", {"lsl": "0", "usl": "9"}, {"compOp": "GTLT", "lowLimit": 0.0, "highLimit": 9.0}),
        ("E", {"lsl": "5", "usl": "5"}, {"compOp": "EQ", "lowLimit": 5.0}),
        ("LT", {"lsl": "0", "usl": "9"}, {"compOp": "LT", "lowLimit": 9.0}),
        ("LOG", {"lsl": "1", "usl": "9"}, {"compOp": "LOG"}),
        ("GELE", {"usl": "9"}, {"compOp": "LE", "lowLimit": 9.0}),
    ],
)
def test_a_run_may_name_its_comparison(
    comparison: str, limits: dict[str, str], expected: dict[str, Any]
) -> None:
    """Then zero is a limit like any other."""
    property_ = f"<Property><ValueString name='Comparison'>{comparison}</ValueString></Property>"
    [found] = step(property_, result(value("5.0", **limits)))["numericMeas"]

    assert {
        member: found[member] for member in found if member not in {"name", "value", "status"}
    } == expected


def test_values_of_a_failed_run_are_judged_by_their_limits() -> None:
    """Unless they have grades of their own."""
    failed = step(
        result(value("5.0", "A", lsl="4.9", usl="5.1"), value("6.0", "B", usl="5.1"), value("1", "C")),
        grade="FAIL",
    )
    graded = step(
        result(value("5.0", "A", grade="FAIL(2)"), value("6.0", "B", usl="5.1", grade="PASS")), grade="FAIL"
    )

    assert [each["status"] for each in failed["numericMeas"]] == ["P", "F", "P"]
    assert [each["status"] for each in graded["numericMeas"]] == ["F", "P"]
    assert failed["status"] == "F"


def test_texts_truths_and_moments_have_rows_of_their_kinds() -> None:
    """A limit of a text is what it should be."""
    text = step(
        result(value("v1", "FW", "String", usl="V1"), value("2026-03-17T08:14:05Z", "At", "Timestamp"))
    )
    truth = step(result(value("true", "LED", "Boolean"), value("0", "Fan", "Boolean")), grade="FAIL")

    assert text["stringMeas"] == [
        {"name": "FW", "compOp": "IGNORECASE", "status": "P", "value": "v1", "limit": "V1"},
        {"name": "At", "compOp": "LOG", "status": "P", "value": "2026-03-17T08:14:05Z"},
    ]
    assert [each["status"] for each in truth["booleanMeas"]] == ["P", "F"]
    assert truth["reportText"] == "LED: true\nFan: 0"


def test_a_run_with_values_of_several_kinds_is_a_sequence() -> None:
    """But a text that nobody judges is a remark."""
    remarked = step(result(value("5.0", usl="5.1"), value("looks fine", "Note", "String")))
    mixed = step(result(value("5.0", usl="5.1"), value("v1", "FW", "String", usl="v1")))

    assert (remarked["stepType"], remarked["reportText"]) == ("ET_MNLT", "Note: looks fine")
    assert [(each["name"], each["stepType"]) for each in mixed["steps"]] == [
        ("Rail", "ET_MNLT"),
        ("FW", "ET_MSVT"),
    ]


def test_set_up_is_told_and_errors_are_messages() -> None:
    """A run that only sets up is a step of the setup group."""
    setup = f"<SetUp>{value('25', 'Temperature', uom='degC')}</SetUp>"
    tested = step(
        setup, result(value("5.0")), "<Error><Message name='E17'>no contact</Message></Error>", grade="ERROR"
    )
    alone = step(setup)

    assert (tested["status"], tested["errorMessage"]) == ("E", "E17: no contact")
    assert tested["reportText"] == "Set-up Temperature: 25 degC\nE17: no contact"
    assert (alone["group"], alone["numericMeas"][0]["name"]) == ("S", "Temperature")


def test_arrays_of_numbers_are_charts() -> None:
    """Several of them are curves of one chart; an array of texts is told."""
    array = f"<ValueArray name='Sweep'>{value('1', '')}{value('2.5', '')}</ValueArray>"
    several = step(result(f"<ValueArray name='All'>{array}{array}</ValueArray>"))
    texts = step(
        result(f"<ValueArray name='Log'>{value('a', '', 'String')}{value('b', '', 'String')}</ValueArray>")
    )

    assert [(each["name"], each["ydata"]) for each in several["chart"]["series"]] == [
        ("Sweep", "1.0;2.5")
    ] * 2
    assert (several["booleanMeas"], texts["reportText"]) == ([{"status": "P"}], "Log: a; b")


def test_records_are_what_is_in_them() -> None:
    """Values may stand with and without a property around them."""
    made_ = step(
        f"<Result><ValueRecord>{value('1', 'A')}{value('2', 'B')}</ValueRecord>{value('3', 'C')}</Result>"
    )

    assert [each["name"] for each in made_["numericMeas"]] == ["A", "B", "C"]


def test_runs_in_runs_are_sequences_with_their_times() -> None:
    """Values of a run that has others below it are steps beside them."""
    [document] = made(unit(run("Power", result(value("5.0")), run("LED"))))
    [power] = document["root"]["steps"]

    assert [(each["name"], each["stepType"]) for each in power["steps"]] == [
        ("Rail", "ET_MNLT"),
        ("LED", "ET_PFT"),
    ]
    assert (power["start"], power["totTime"]) == ("2026-03-17T08:14:05+01:00", 2.0)


@pytest.mark.parametrize(
    ("grade", "letter"),
    [("PASS", "P"), ("DONE", "P"), ("Failed", "F"), ("FAIL (2)", "F"), ("ABORTED", "T"), ("PENDING", "T"), ("ERROR", "E"), ("WAIVED", "P")],
)  # fmt: skip
def test_grades_are_words_with_or_without_a_remark(grade: str, letter: str) -> None:
    """Those of a site can be told."""
    assert made(unit(grade=grade), statuses={"waived": "P"})[0]["result"] == letter


def test_a_run_that_was_skipped_measured_nothing() -> None:
    """What stands in it is told."""
    [document] = made(unit(run("Power", result(value("5.0", uom="V")), grade="SKIPPED"), run("LED")))
    skipped = document["root"]["steps"][0]

    assert (skipped["status"], skipped["reportText"], "numericMeas" in skipped) == ("S", "Rail: 5.0 V", False)


def test_a_run_may_have_no_end() -> None:
    """Then nobody knows how long it took."""
    [document] = made(unit(run("Power")).replace(' end-time="2026-03-17T08:14:07+01:00"', ""))

    assert "execTime" not in document["uut"]
    assert "totTime" not in document["root"]["steps"][0]


def test_a_list_holds_several_reports() -> None:
    """In its namespace or without; the same report twice is a copy."""
    text = f"<UnitReportList xmlns='urn:unitreport-schema'>{unit(run('A'))}{unit(run('A'), sn='SN-2')}</UnitReportList>"
    with pytest.raises(Refused, match="twice"):
        made(f"<UnitReportList>{unit(run('A'))}{unit(run('A'))}</UnitReportList>")

    assert [document["sn"] for document in made(text)] == ["SN-1", "SN-2"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (unit(run("A"), sn=""), "serial number"),
        (unit(run("A"), sn="None"), "serial number"),
        (unit(run("A")).replace('part-no="PN-1"', 'part-no=""'), "part number"),
        (unit(run("A")).replace("start-time", "begin", 1), "start"),
        (unit(run("A")).replace("2026-03-17T08:14:05", "2026-02-31T08:14:05", 1), "start"),
        (unit(run("A").replace("2026-03-17T08:14:05", "today")), "start-time"),
        (unit(run("A"), grade=""), "grade"),
        (unit(run("A"), grade="MAYBE"), "grade"),
        (unit(run("", grade="PASS")), "name"),
        (unit(run("A", result(value("5,0")))), "Rail"),
        (unit(run("A", result(value("5.0", usl="x")))), "Rail"),
        (unit(run("A", result(value("maybe", kind="Boolean")))), "Rail"),
        (unit(run("A", result("<ValueOther/>"))), None),
        (unit(run("A", "<Comment/>")), None),
        (unit(run("A", result(f"<ValueArray name='Sweep'>{value('x')}</ValueArray>"))), "Sweep"),
        (unit(run("A")).replace("<Category", "<Kategory").replace("</Category", "</Kategory"), "Product"),
        (unit().replace("</UnitReport>", run("B") + "</UnitReport>"), "TestRun"),
        ("<UnitReportList><TestRun name='A'/></UnitReportList>", None),
    ],
)
def test_what_can_not_be_right_is_refused(data: str, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        made(data)

    assert caught.value.field == field


def test_a_report_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    data = unit(run("A"))
    for end in (len(data) // 2, len(data) - 3):
        with pytest.raises(NotReady):
            made(data[:end])


def test_it_is_known_by_its_root_and_a_run() -> None:
    """A namespace of somebody else's is another format."""
    assert probe(NAME, unit(run("A")).encode()) == 0.95
    assert probe(NAME, b"<UnitReport/>") == 0.0
    assert probe(NAME, unit(run("A")).replace("<UnitReport", "<UnitReport xmlns='urn:x'", 1).encode()) == 0.0
