"""i3070 log records: real ones against facts read by hand, and every sign of the format on its own."""

import json
from datetime import UTC, datetime
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.registry import bundled

NAME = "i3070-log-record"
FILES = "corpus/files/i3070-log-record"

#: Read by hand from files the golden facts say nothing about.
FACTS: dict[str, dict[str, Any]] = {
    "f_6783001KSJ_050723151921ICT02651.log": {
        "reports_expected": 1,
        "header": {
            "part_number": "t14_gen6_intel",
            "revision": "sb21v35591_ult5",
            "serial_number": "6783001KSJ",
            "start": "2005-07-23T15:18:53",
            "result": "Failed",
            "station": "ICT0265",
            "program": "C:/Agilent_ICT/boards/t14_gen6_lnl_intel",
            "batch": "050723125425",
        },
        "execution_time_s": 28,
        "measurements": [
            {"name": "testjet / jtp1", "value": False, "status": "Failed"},
            {"name": "testjet / jcp1", "value": True, "status": "Passed"},
            {"name": "c15038", "value": 2.501501e-06, "unit": "F", "low": 1.47e-06, "high": 2.73e-06, "comp": "GELE"},
        ],
    },
    "p_6683000044_131229160513ICT02631.log": {
        "reports_expected": 1,
        "header": {"serial_number": "6683000044", "start": "2013-12-29T16:04:44", "result": "Passed"},
        "execution_time_s": 29,
        "measurements": [
            {"name": "ed6314", "value": 3.248577, "unit": "V", "low": 3.16239, "high": 3.51714, "status": "Passed"},
            {"name": "pu4801 / pino18", "value": 1.531674e-03, "low": -1.0, "high": 1.8, "status": "Passed"},
        ],
    },
    "p_6483002538_050429134534ICT02651.log": {
        "reports_expected": 1,
        "header": {"part_number": "e14_gen7", "serial_number": "6483002538", "result": "Passed"},
        "measurements": [
            {"name": "qc32%qf2", "value": 42.41543, "low": 20, "high": 200, "comp": "GELE", "status": "Passed"},
            {"name": "da1", "value": 0.4784415, "unit": "V", "low": 0.4, "high": 0.8, "status": "Passed"},
        ],
    },
    "f_6783000Z6C_050105034709ICT02631.log": {
        "reports_expected": 1,
        "header": {"serial_number": "6783000Z6C", "start": "2005-01-05T03:46:50", "result": "Failed"},
        "counts": {"failed_steps": 5},
    },
}  # fmt: skip
BATCH = r"{@BATCH|board_a||3407|1||btest|050105034537~10|ICT1\op_17|ICT1|C:/boards/a|RevA|||c7"
TEST = "{@BTEST|SN-1|00|260105034600|000021|0|all||n||260105034621||1"
RESISTOR = "{@BLOCK|r1|00\n{@A-RES|0|+1.010000E+03{@LIM3|+1.000000E+03|+1.100000E+03|+9.000000E+02}}\n}"


def log(*records: str, test: str = TEST, batch: str = BATCH) -> bytes:
    return "\n".join([batch, test, *records, "}}"]).encode("cp1252")


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, **options}).documents
    return document


def steps(*records: str, **given: Any) -> list[dict[str, Any]]:
    """The steps below the sequences, in their order."""
    document = only(log(*records, **given))
    return [step for sequence in document["root"]["steps"] for step in sequence["steps"]]


def test_the_golden_facts_hold() -> None:
    """Everything that was read by hand from real logs: aborts, shorts, retests, open jumpers."""
    differences = {}
    for path in sorted(shared("corpus/golden/i3070-log-record").iterdir()):
        facts = json.loads(path.read_text())
        made = convert(NAME, shared(f"corpus/{facts['file']}").read_bytes(), process_code=10)
        differences[path.name] = golden.check(facts, made.documents)

    assert {name: found for name, found in differences.items() if found} == {}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_was_read_from_other_logs_holds(name: str) -> None:
    """Vectorless tests, Zener diodes, FETs, subtests of powered measurements."""
    made = convert(NAME, shared(f"{FILES}/{name}").read_bytes(), process_code=10)

    assert golden.check(FACTS[name], made.documents) == []


def test_the_failed_pins_of_a_vectorless_test_are_told() -> None:
    """Under the step that they failed."""
    document = only(shared(f"{FILES}/f_6783001KSJ_050723151921ICT02651.log").read_bytes())

    [testjet] = [step for path, step in golden.steps(document) if path.endswith("/testjet")]
    assert len(testjet["booleanMeas"]) == 22
    assert "9 pins" in testjet["reportText"]
    assert "TP4DATA, 2, -TP4MIDDLE, 4" in testjet["reportText"]


def test_the_header_fills_the_report() -> None:
    """The operator is a literal: its backslash would begin a list, and the batch id ends before it."""
    document = only(log(RESISTOR))

    assert (document["pn"], document["rev"], document["sn"]) == ("board_a", "c7", "SN-1")
    assert document["uut"] == {
        "user": "ICT1\\op_17",
        "execTime": 21.0,
        "testSocketIndex": 1,
        "batchSN": "050105034537",
        "fixtureId": "3407",
    }
    assert document["root"]["seqCall"] == {"name": "C:/boards/a", "version": "RevA"}
    assert document["start"] == "2026-01-05T03:46:00+01:00"
    assert {"description": "Process step", "text": "btest"} in document["miscInfos"]


def test_a_process_may_be_known_by_the_process_step() -> None:
    """The source's list says which code it has."""
    made = convert(NAME, log(RESISTOR), process_codes={"btest": 30})

    assert made.reports[0]["processCode"] == 30


@pytest.mark.parametrize(("given", "revision"), [("label", "c7"), ("type", "B2")])
def test_the_revision_comes_from_the_label_or_the_type(given: str, revision: str) -> None:
    """A site uses the one or the other."""
    data = log(RESISTOR, batch=BATCH.replace("board_a||", "board_a|B2|"))

    assert only(data, revision_from=given)["rev"] == revision


def test_without_a_label_the_revision_is_that_of_the_type() -> None:
    """An older tester writes thirteen fields."""
    assert only(log(RESISTOR, batch="{@BATCH|a|B2|1|1||btest|1|op|ICT1|plan|RevA||"))["rev"] == "B2"


@pytest.mark.parametrize(
    ("limits", "row"),
    [
        ("{@LIM2|+2.0E+00|+1.0E+00}", {"compOp": "GELE", "lowLimit": 1.0, "highLimit": 2.0}),
        ("{@LIM3|+1.5E+00|+2.0E+00|+1.0E+00}", {"compOp": "GELE", "lowLimit": 1.0, "highLimit": 2.0}),
        ("{@LIM2|+9.999999E+99|+1.0E+00}", {"compOp": "GE", "lowLimit": 1.0}),
        ("{@LIM2|+2.0E+00|-9.999999E+99}", {"compOp": "LE", "lowLimit": 2.0}),
        ("", {"compOp": "LOG"}),
    ],
)
def test_the_high_limit_stands_before_the_low_one(limits: str, row: dict[str, Any]) -> None:
    """And one of 9.999999E+99 is none."""
    [step] = steps(f"{{@BLOCK|r1|00\n{{@A-RES|0|+1.7E+00{limits}}}\n}}")

    assert step["numericMeas"] == [{**row, "status": "P", "value": 1.7, "unit": "Ohm"}]


def test_an_open_jumper_passes_below_its_low_limit() -> None:
    """It reads negative. Only the tester can know, so its verdict counts."""
    [step] = steps("{@BLOCK|j1|00\n{@A-JUM|0|-1.8E+09{@LIM2|+9.999999E+99|+1.0E+04}}\n}")

    assert (step["status"], step["numericMeas"][0]["status"]) == ("P", "P")


@pytest.mark.parametrize(
    ("tag", "unit"),
    [("A-CAP", "F"), ("A-IND", "H"), ("A-FUS", "Ohm"), ("A-ZEN", "V"), ("A-MEA", None), ("A-NPN", None)],
)
def test_the_unit_follows_from_the_kind_where_it_can(tag: str, unit: str | None) -> None:
    """A powered measurement may be anything."""
    [step] = steps(f"{{@BLOCK|x1|00\n{{@{tag}|0|+1.0E+00}}\n}}")

    assert step["numericMeas"][0].get("unit") == unit


def test_subtests_are_rows_of_their_block() -> None:
    """Each with its name; the block's own verdict is the step's."""
    [step] = steps(
        "{@BLOCK|u1|01\n{@A-MEA|0|+3.3E+00|pin3{@LIM2|+4.0E+00|+2.5E+00}}\n{@A-MEA|1|+5.9E+00|pin7}\n}"
    )

    assert [(row["name"], row["status"]) for row in step["numericMeas"]] == [("pin3", "P"), ("pin7", "F")]
    assert (step["status"], step["stepType"]) == ("F", "ET_MNLT")


def test_the_three_spellings_of_a_measurement_are_one() -> None:
    """With blanks before numbers, an empty field before the limits, and everything on one line."""
    one = "{@BLOCK|r1|00{@A-RES|0|+1.7E+00{@LIM2|+2.0E+00|+1.0E+00}}}"
    other = "{@BLOCK|r1|00\n{@A-RES|0| +1.7E+00|{@LIM2| +2.0E+00| +1.0E+00}}\n}"

    assert steps(one) == steps(other)


def test_blocks_of_one_kind_stand_in_a_sequence() -> None:
    """In the order of the test plan."""
    document = only(
        log(RESISTOR, RESISTOR.replace("r1", "r2"), "{@PF|pins|0|0\n}", RESISTOR.replace("r1", "r3"))
    )

    found = [(sequence["name"], len(sequence["steps"])) for sequence in document["root"]["steps"]]
    assert found == [("Resistors", 2), ("Pins", 1), ("Resistors", 1)]


def test_shorts_and_opens_are_told() -> None:
    """The counts and the nets of a shorts test that failed."""
    record = "{@TS|1|001|001|000|shorts\n{@TS-S|1|0|GND\n{@TS-D\\2|VCC|1.5}}\n{@TS-O|A|B|4095}\n}"
    [step] = steps(record, test=TEST.replace("|00|", "|04|"))

    assert (step["name"], step["status"], step["booleanMeas"]) == ("shorts", "F", [{"status": "F"}])
    assert "1 shorts, 1 opens" in step["reportText"]
    assert "Open: A, B, 4095" in step["reportText"]
    assert "To: VCC, 1.5" in step["reportText"]


def test_verdicts_without_values_are_rows_of_their_block() -> None:
    """Digital, vectorless, polarity, boundary scan and programming."""
    records = (
        "{@D-T|0|384||0|u1\n}{@TJET|01|0009|j1}{@PCHK|00|c1}{@BS-CON|chain|1|0|2}{@D-PLD|a.svf|PROG|0|ok|9}"
    )
    [step] = steps(f"{{@BLOCK|mix|01\n{records}\n}}")

    rows = [(row["name"], row["status"]) for row in step["booleanMeas"]]
    assert rows == [("u1", "P"), ("j1", "F"), ("c1", "P"), ("chain", "F"), ("PROG", "P")]
    assert "chain: 0 shorts, 2 opens" in step["reportText"]


def test_a_block_with_values_and_verdicts_is_a_sequence() -> None:
    """A step has one kind of content."""
    [step] = steps("{@BLOCK|u1|01\n{@A-MEA|0|+3.3E+00|pin3}\n{@D-T|1|1|77|2|u1}\n}")

    assert [below["name"] for below in step["steps"]] == ["pin3", "u1"]
    assert (step["status"], step["steps"][1]["booleanMeas"]) == ("F", [{"status": "F"}])


def test_a_block_that_logs_nothing_keeps_its_verdict() -> None:
    """What is logged is a setting of the tester."""
    [step] = steps("{@BLOCK|r1|00\n}")

    assert step["booleanMeas"] == [{"status": "P"}]


def test_a_report_without_blocks_is_one() -> None:
    """With sampled logging a board that passed may have none."""
    document = only(log())

    assert (document["result"], document["root"].get("steps")) == ("P", [])


def test_reports_and_indictments_are_told() -> None:
    """A literal may hold every sign of the format."""
    document = only(log("{@RPT~8|a|{b}\\c~}", "{@BLOCK|r1|01\n{@A-RES|1|+1.0E+00}{@INDICT|DT\\2|r1|c4}\n}"))

    assert "a|{b}\\c~" in document["root"]["reportText"]
    assert "Indicted: DT, r1, c4" in document["root"]["steps"][0]["steps"][0]["reportText"]


def test_a_tilde_in_a_name_is_one() -> None:
    """It announces a literal only if there is one of that length."""
    [step] = steps("{@BLOCK|reset~1|00\n{@A-RES|0|+1.0E+00}\n}")

    assert step["name"] == "reset~1"


@pytest.mark.parametrize(
    ("status", "result"),
    [("00", "P"), ("0", "P"), ("01", "F"), ("06", "F"), ("10", "F"), ("14", "F"), ("17", "F"), ("11", "E"), ("80", "E"),
     ("81", "T"), ("82", "T"), ("89", "T"), ("95", "T")],
)  # fmt: skip
def test_every_status_of_a_board_has_its_result(status: str, result: str) -> None:
    """An abort is neither passed nor failed."""
    assert only(log(test=TEST.replace("|00|", f"|{status}|")))["result"] == result


def test_a_status_of_the_site_is_what_the_site_says() -> None:
    """Also one that nobody else knows."""
    data = log(test=TEST.replace("|00|", "|90|")), log(test=TEST.replace("|00|", "|5|"))

    assert [only(file, user_statuses={90: "F", 5: "E"})["result"] for file in data] == ["F", "E"]
    with pytest.raises(Refused) as caught:
        only(data[1])
    assert "user_statuses" in (caught.value.fix or "")


def test_a_board_that_is_crossed_out_is_no_test() -> None:
    """The others of its panel are."""
    crossed = TEST.replace("||1", "||2").replace("|00|", "|13|").replace("SN-1", "")
    made = convert(NAME, log(RESISTOR, "}", crossed), process_code=10)

    assert [report["sn"] for report in made.reports] == ["SN-1"]
    assert any("crossed out" in warning for warning in made.warnings)


def test_the_boards_of_a_panel_are_reports_of_their_own() -> None:
    """A block's name begins with its board's number, which would make every board's steps others."""
    second = TEST.replace("SN-1", "SN-2").replace("||1", "||2|PANEL-7")
    data = log(RESISTOR.replace("r1", "1%r1"), "}", second, RESISTOR.replace("r1", "2%r1"))
    documents = convert(NAME, data, process_code=10).documents

    assert [(document["sn"], document["uut"]["testSocketIndex"]) for document in documents] == [
        ("SN-1", 1),
        ("SN-2", 2),
    ]
    names = {
        step["name"]
        for document in documents
        for path, step in golden.steps(document)
        if path.count("/") == 2
    }
    assert names == {"r1"}
    assert {"description": "Panel", "text": "PANEL-7"} in documents[1]["miscInfos"]


def test_boards_that_share_a_serial_number_are_told_apart() -> None:
    """By their place on the panel: WATS would keep the last of them only."""
    second = TEST.replace("||1", "||2")
    documents = convert(NAME, log(RESISTOR, "}", second, RESISTOR), process_code=10).documents

    assert [document["start"] for document in documents] == [
        "2026-01-05T03:46:00+01:00",
        "2026-01-05T03:46:00.001+01:00",
    ]


def test_the_same_test_twice_is_refused() -> None:
    """As a file that was joined with its own copy."""
    with pytest.raises(Refused, match="twice"):
        convert(NAME, log(RESISTOR) * 2, process_code=10)


def test_a_clock_that_is_years_off_is_told() -> None:
    """Its time is kept all the same: there is no other."""
    chosen = bundled()[NAME]
    source = Source.of_bytes(
        log(RESISTOR).replace(b"260105", b"050105"), "log", modified=datetime(2026, 1, 5, tzinfo=UTC)
    )
    [report] = chosen.convert(source, chosen.options(process_code=10, timezone="Europe/Oslo"))

    assert report["start"] == "2005-01-05T03:46:00+01:00"
    assert any("clock" in warning for warning in source.warnings)


def test_records_that_the_tester_cut_off_are_told() -> None:
    """It marks them with a Ctrl-D."""
    made = convert(NAME, log("{@RPT|a long te\x04}"), process_code=10)

    assert made.documents[0]["root"]["reportText"] == "a long te"
    assert any("Ctrl-D" in warning for warning in made.warnings)


def test_a_log_is_not_ready_before_its_last_brace() -> None:
    """Wherever it is cut."""
    data = log(RESISTOR)

    for end in range(len(BATCH), len(data) - 1, 13):
        with pytest.raises(NotReady):
            only(data[:end])


@pytest.mark.parametrize(
    ("test", "field"),
    [
        (TEST.replace("SN-1", ""), "serial number"),
        (TEST.replace("SN-1", "  "), "serial number"),
        (TEST.replace("SN-1", "S" * 101), "serial number"),
        (TEST.replace("260105034600", ""), "start"),
        (TEST.replace("260105034600", "261305034600"), "start"),
        (TEST.replace("260105034600", "-60105034600"), "start"),
        (TEST.replace("|00|", "|OK|"), "result"),
        (TEST.replace("|00|", "||"), "result"),
    ],
)
def test_an_identity_is_never_made_up(test: str, field: str) -> None:
    """The missing field is named."""
    with pytest.raises(Refused) as caught:
        only(log(RESISTOR, test=test))

    assert caught.value.field == field


def test_a_board_test_without_a_batch_needs_a_part_number() -> None:
    """It may be configured."""
    data = f"{TEST}\n{RESISTOR}\n}}".encode()

    assert only(data, part_number="board_a")["pn"] == "board_a"
    with pytest.raises(Refused, match="part number"):
        only(data)


@pytest.mark.parametrize(
    "record",
    [
        "{@BLOCK|r1|00\n{@A-RES|0|1,5}\n}",
        "{@BLOCK|r1|00\n{@A-RES|0|OVERLOAD}\n}",
        "{@BLOCK|r1|00\n{@A-RES|0|+1.0E+999}\n}",
        "{@BLOCK|r1|00\n{@A-RES||+1.0E+00}\n}",
        "{@BLOCK|r1|00\n{@A-RES|0|+1.0E+00{@LIM2|x|1}}\n}",
        "{@BLOCK||00\n{@A-RES|0|+1.0E+00}\n}",
        "{@BLOCK|r1|good\n}",
        "{@PIN\\3|1|2}",
        "{no tag|1}",
        "text between records",
        TEST.replace("SN-1", "S\nN"),
        "{@BLOCK|r1|00\n{@A-RES|0|+1.0E+00} stray\n}",
        "}}} more",
        TEST.replace("SN-1", "SN-2"),
        "{@A" * 20,
        "a\rb",
        "\0",
        "Å",
    ],
)
def test_what_can_not_be_right_is_refused(record: str) -> None:
    """Nothing is produced, and nothing is guessed."""
    with pytest.raises((Refused, NotReady)) as caught:
        only(log(record) if record != "Å" else log("{@RPT|Å}") + "Å".encode())

    assert isinstance(caught.value, Refused)


def test_it_begins_with_its_own_mark() -> None:
    """The name of the file says nothing."""
    assert probe(NAME, log()) == 0.98
    assert probe(NAME, b"\xef\xbb\xbf" + log(), "x.csv") == 0.98
    assert probe(NAME, f"{{@ALM|1}}\n{TEST}".encode()) == 0.9
    assert probe(NAME, b"the record {@BTEST| is explained here") == 0.0
