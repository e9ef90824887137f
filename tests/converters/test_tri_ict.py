"""TRI in-circuit testers: real files against facts read by hand, and every field on its own."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused, Source
from wats_worker.converters.registry import bundled

NAME = "tri-ict"
FILES = "corpus/files/tri-ict-csv"

#: Read by hand from files the golden facts say nothing about.
FACTS: dict[str, dict[str, Any]] = {
    "2026070222450667830001W0N50Q_5FAIL.csv": {
        "reports_expected": 1,
        "header": {"part_number": "N50Q_5", "serial_number": "67830001W0", "start": "2026-07-02T22:44:57", "result": "Failed"},
        "counts": {"failed_steps": 1},
        "measurements": [
            {"name": "RSQ51", "value": 132.6178695, "unit": "Ohm", "low": 108, "high": 132, "comp": "GELE", "status": "Failed"}
        ],
    },
    "202607060719316783000AXFM75S_5_APH_REV1FAIL.csv": {
        "reports_expected": 1,
        "header": {"part_number": "M75S_5_APH_REV1", "serial_number": "6783000AXF", "start": "2026-07-06T07:19:29"},
        "measurements": [{"name": "Short 548-1103", "value": False, "status": "Failed"}],
    },
    "2026072409112567830021FPIPS3_15IRH_I513420FAIL.csv": {
        "reports_expected": 1,
        "header": {"serial_number": "67830021FP", "start": "2026-07-24T09:11:16", "result": "Failed", "station": "1"},
        "execution_time_s": 9,
        "measurements": [
            {"name": "RPI302_1_4", "value": 1473897.7475, "unit": "Ohm", "low": 9000, "high": 11000},
            {"name": "Open 510", "value": False, "status": "Failed"},
        ],
    },
    "202607081518116783000J7Km75q2_cez_rev1_3FAIL.dcl": {
        "reports_expected": 1,
        "header": {"serial_number": "6783000J7K", "start": "2026-07-08T15:18:04", "result": "Failed"},
        "counts": {"failed_steps": 0},
    },
    "202607230834586783001S2UV14V15_GEN5_IRLPASS.csv": {
        "reports_expected": 1,
        "header": {"part_number": "V14V15_GEN5_IRL", "serial_number": "6783001S2U", "result": "Passed"},
        "counts": {"failed_steps": 0},
    },
}  # fmt: skip
BOARD = "1,17,BOARD_A,SN-1,20260723,182420,F,0,0,op17,FFPFPPPPPPNN,1,F,4,20260723,182410,0,C2,FX-9,0,0"
ROW = " 120, R302,   100.00K ,    10.00K ,  10.0,  20.0, 2, R, 51, 52, A1, 712.5000000K , 1"


def file(*rows: str, board: str = BOARD) -> bytes:
    return "\n".join([board, "", *rows, ""]).encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, **options}).documents
    return document


def step(row: str) -> dict[str, Any]:
    [made] = only(file(row))["root"]["steps"]
    return dict(made)


def test_the_golden_facts_hold() -> None:
    """Everything that was read by hand from real files."""
    differences = {}
    for path in sorted(shared("corpus/golden/tri-ict-csv").iterdir()):
        facts = json.loads(path.read_text())
        made = convert(NAME, shared(f"corpus/{facts['file']}").read_bytes(), process_code=10)
        differences[path.name] = golden.check(facts, made.documents)

    assert {name: found for name, found in differences.items() if found} == {}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_was_read_from_other_files_holds(name: str) -> None:
    """With the leading verdict and without it, with components, shorts, opens, and nothing at all."""
    made = convert(NAME, shared(f"{FILES}/{name}").read_bytes(), process_code=10)

    assert golden.check(FACTS[name], made.documents) == []


def test_the_line_about_the_board_fills_the_header() -> None:
    """A site's counters are misc infos."""
    document = only(file(ROW))

    assert (document["pn"], document["rev"], document["sn"], document["machineName"]) == (
        "BOARD_A",
        "C2",
        "SN-1",
        "1",
    )
    assert document["uut"] == {"user": "op17", "execTime": 10.0, "testSocketIndex": 1, "fixtureId": "FX-9"}
    assert document["start"] == "2026-07-23T18:24:10+02:00"
    assert {"description": "RetryCnt", "text": "4"} in document["miscInfos"]
    assert document["root"]["reportText"] == "Failed in 1, 2, 4 of the 12 parts of the test"


def test_a_leading_verdict_and_a_duration_move_no_field() -> None:
    """Some testers write the one, some the other."""
    document = only(file(ROW, board=f"FAIL,{BOARD},10.02 sec"))

    assert (document["sn"], document["uut"]["execTime"]) == ("SN-1", 10.0)
    assert {"description": "Test time", "text": "10.02 sec"} in document["miscInfos"]


def test_the_limits_are_percentages_of_the_standard_value() -> None:
    """Not of the value that is printed on the part."""
    made = step(ROW)

    assert made["numericMeas"] == [
        {
            "compOp": "GELE",
            "status": "F",
            "unit": "Ohm",
            "value": 712500.0,
            "lowLimit": 8000.0,
            "highLimit": 11000.0,
        }
    ]
    assert "712.5000000K, standard 10.00K +10.0% -20.0%, part 100.00K" in made["reportText"]


@pytest.mark.parametrize(
    ("kind", "measured", "value", "unit"),
    [("C", "216.9nF", 2.169e-07, "F"), ("L", "3.3uH", 3.3e-06, "H"), ("D", "0.301V ", 0.301, "V"), ("R", "4.7M", 4.7e6, "Ohm"),
     ("R", "120.0  ", 120.0, "Ohm"), ("Q", "0.7", 0.7, "V"), ("X", "0.7", 0.7, None)],
)  # fmt: skip
def test_the_unit_is_that_of_the_value_or_of_the_kind(
    kind: str, measured: str, value: float, unit: str | None
) -> None:
    """Ohms have none in the file."""
    row = step(f" 1, X1, 1.0, 1.0, 10.0, 10.0, 0, {kind}, 1, 2, A1, {measured}, 1")["numericMeas"][0]

    assert (row["value"], row.get("unit")) == (value, unit)


def test_a_jumper_reads_a_code() -> None:
    """Neither ohms nor limits."""
    [row] = step(" 1, J1, 1.0, 1.0, 10.0, 10.0, 0, J, 1, 2, A1, 4.0, 1")["numericMeas"]

    assert row == {"compOp": "LOG", "status": "F", "value": 4.0}


def test_shorts_opens_and_other_faults_are_steps() -> None:
    """Named by the pins they are at, with the whole line as their text."""
    lines = [
        "Short <  37>-A -> Parts:U1 < 116  803 >-B",
        "Open < 510> < 201  203 > -> <510>-C",
        "TestJet Open <12>-D",
    ]
    document = only(file(*lines, "a remark"))

    assert [made["name"] for made in document["root"]["steps"]] == [
        "Short 37-116",
        "Open 510",
        "TestJet Open 12",
    ]
    assert document["root"]["steps"][0]["reportText"] == lines[0]
    assert "a remark" in document["root"]["reportText"]


def test_a_setting_file_is_refused_by_name() -> None:
    """It looks like a log and is none."""
    chosen = bundled()[NAME]
    source = Source.of_bytes(file(), "A.DCF")

    with pytest.raises(Refused, match="setting file"):
        list(chosen.convert(source, chosen.options(process_code=10)))


def test_a_file_without_its_last_line_end_is_not_ready() -> None:
    """A line that is cut may look whole."""
    with pytest.raises(NotReady):
        only(file(ROW)[:-1])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (file(board=BOARD.replace("SN-1", "")), "serial number"),
        (file(board=BOARD.replace("SN-1", "S" * 101)), "serial number"),
        (file(board=BOARD.replace("BOARD_A", "")), "part number"),
        (file(board=BOARD.replace("20260723,182410", "20260231,182410")), "start"),
        (file(board=BOARD.replace("20260723,182410", ",")), "start"),
        (file(board=BOARD.replace(",F,0", ",P,0")), "result"),
        (file(board=BOARD.replace(",F,0", ",X,0")), "result"),
        (file(board=f"PASS,{BOARD}"), "result"),
        (file(board=f"{BOARD},1"), None),
        (file(BOARD.replace("SN-1", "SN-2")), "serial number"),
        (file(ROW.replace("712.5000000K", "712,5000000K")), None),
        (file(ROW.replace("712.5000000K", "OVERLOAD")), "R302"),
        (file(ROW.replace("712.5000000K", "1Q")), "R302"),
        (file(ROW.replace("R302", "")), "PartName"),
        (file("\x01\x02"), None),
        (b"// Header_Data\n", None),
        (b"", None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_it_is_known_by_its_comment_or_its_line_about_the_board() -> None:
    """Twelve letters, two dates: no other table has them."""
    assert probe(NAME, b"// Header_Data\n// PASS/FAIL, ICT_ID, SeriesNo\n") == 0.95
    assert probe(NAME, file()) == 0.9
    assert probe(NAME, b"1,2,3,4,20260723,182420,F\n") == 0.0
