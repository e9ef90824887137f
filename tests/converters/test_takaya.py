"""TAKAYA flying probes in their three layouts: real files against facts read by hand, and each rule on its own."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

ATD, APT, ATDX = "takaya-atd", "takaya-apt94xx", "takaya-atdx"
FILES = {
    ATD: "corpus/files/takaya-atd/V682589_K_TOP-20230504130808.ATD",
    APT: "corpus/files/takaya-apt94xx-atd/12345 - SN0001 (FP1 - OP01).ATD",
    ATDX: "corpus/files/takaya-atdx/WO250319-0162__20250525_122655.atdx",
}
#: Read by hand from files the golden facts say nothing about.
FACTS: dict[str, dict[str, Any]] = {
    ATD: {
        "reports_expected": 1,
        "header": {
            "part_number": "V682589_K_TOP",
            "serial_number": "0601996045",
            "start": "2023-05-04T13:08:08",
            "result": "Passed",
            "station": "TAK4",
        },
        "execution_time_s": 105,
        "counts": {"STEP": 1094, "failed_steps": 0},
        "measurements": [
            {"name": "R745", "value": 0.54, "unit": "Ohm", "high": 0.75, "comp": "LE", "status": "Passed"},
            {"name": "I29 P3-4", "value": 409.5, "unit": "Ohm", "low": 111, "comp": "GE", "status": "Passed"},
            {"name": "C43 / Test 2", "value": 33.6e-9, "unit": "F", "low": 26.598e-9, "high": 39.215e-9, "status": "Passed"},
            {"name": "I506 1Pin", "value": 0.428, "unit": "V", "low": 0.3618, "high": 0.4422, "comp": "GELE"},
        ],
    },
    APT: {
        "reports_expected": 1,
        "header": {
            "part_number": "DEMO-PCB-A_V1",
            "serial_number": "12345 - SN0001",
            "start": "2024-01-01T08:00:00",
            "result": "Passed",
            "operator": "FP1 - OP01",
        },
        "counts": {"STEP": 875, "failed_steps": 0},
        "measurements": [
            {"name": "R173", "value": 9650, "unit": "Ohm", "low": 9500, "high": 10500, "comp": "GELE"},
            {"name": "C136", "value": 98.2e-9, "unit": "F", "low": 80e-9, "high": 120e-9, "status": "Passed"},
            {"name": "U63 2-P", "value": 0.822, "unit": "V", "low": 0.5768, "high": 1.0712},
            {"name": "U7", "value": 8.53e-12, "unit": "F", "high": 10e-12, "comp": "LE", "status": "Passed"},
            {"name": "ISH465 255-55", "value": 409.5, "unit": "Ohm", "comp": "LOG"},
        ],
    },
}  # fmt: skip
HEADING = (
    "Group_No. Step_number Parts Value Unit Comment Location Judgement"
    " Ref._Value_(EL) Ref._Value_(Fig) Ref._Value_(Char) Unit"
    " Test_Value_1_(EL) Test_Value_1_(Fig) Test_Value_1_(Char) Unit"
    " Test_Value_2_(EL) Test_Value_2_(Fig) Test_Value_2_(Char) Unit"
    " Tolerance_(+)% Tolerance_(-)% Function"
).replace(" ", "\t")
NONE = ("*", "0", "........", "")
KILO = ("R", "10000", "10.00", "KO")
COLUMNS = (
    "Order;Aux;M.Aux;Parts;Value;Unit;Comment;Loc.;EL;Reference;Unit;Func;+%;Unit;-%;Unit;Test.Base(Test1);Unit;"
    "Test.Base(Test2);Unit;Judge;H-pin;Netname-H-pin;L-pin;Netname-L-pin"
)


def row(
    parts: str = "R17",
    value: str = "10",
    comment: str = "P1",
    judgement: str = "PASS",
    reference: tuple[str, ...] = KILO,
    first: tuple[str, ...] = ("R", "10020", "10.02", "KO"),
    second: tuple[str, ...] = NONE,
    above: str = "+1%",
    below: str = "-1%",
    function: str = "**",
) -> str:
    cells = [
        "01",
        "000009",
        parts,
        value,
        "",
        comment,
        "*",
        judgement,
        *reference,
        *first,
        *second,
        above,
        below,
        function,
    ]
    return "\t".join(cells)


def group(*rows: str, number: int = 1, verdict: str = "PASS", serial: str | None = "SN-1") -> str:
    lines = [f"* GROUP No.{number}   *", f"* {verdict} *", "D.T:24    D.P:24    D.F:3"]
    lines += [f"Serial No.:{serial}"] if serial is not None else []
    return "\n".join([*lines, "", HEADING, *rows])


def atd(
    *groups: str, date: str = "25/3/2026 08:20:27", model: str = "B-1_BOT.SWX", more: str = "Test time:14 s"
) -> bytes:
    head = (
        f"@\n* PASS *\nD.T:27    D.P:24    D.F:3\nModel:{model}\nDATE {date}\n\n{more}\nTest ID :TAK4\n@\n\n"
    )
    return (head + "\n".join(groups) + "\n@\n").encode()


def block(
    *rows: str,
    number: int = 1,
    verdict: str = "PASS",
    serial: str = "SN-1",
    date: str = "25/05/2026 12:26:55",
) -> str:
    return "\n".join(
        [
            '#############"Main header"############', "Tester ID:  APT-1 FPT04", "Model: 289-0254", f"Serial number : {serial}  ",
            f"Test Date: {date}", "-" * 32, "", '#############"Group header"#########',
            f"Group No.: {number} Side: A {verdict} ", "-" * 32, "", COLUMNS, *rows, "",
        ]
    )  # fmt: skip


def atdx_row(
    parts: str = "C154", value: str = "10", comment: str = "031", reference: str = "10.000;nF", function: str = "EQ",
    above: str = "20.0", below: str = "20.0", first: str = "9.500;nF", second: str = ";", judge: str = "PASS",
) -> str:  # fmt: skip
    return f"1;;;{parts};{value};;{comment};CAP;C;{reference};{function};{above};;{below};;{first};{second};{judge};1;A;2;B"


def only(name: str, data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(name, data, **{"process_code": 10, **options}).documents
    return document


def step(**cells: Any) -> dict[str, Any]:
    [made] = only(ATD, atd(group(row(**cells))))["root"]["steps"]
    return dict(made)


@pytest.mark.parametrize(
    ("folder", "name"), [("takaya-atd", ATD), ("takaya-apt94xx-atd", APT), ("takaya-atdx", ATDX)]
)
def test_the_golden_facts_hold(folder: str, name: str) -> None:
    """Panels, tries, all the ways to fail."""
    golds = shared("corpus/golden") / folder
    differences = {}
    for path in sorted(golds.iterdir()) if golds.is_dir() else ():
        facts = json.loads(path.read_text())
        made = convert(name, shared(f"corpus/{facts['file']}").read_bytes(), process_code=10)
        differences[path.name] = golden.check(facts, made.documents)

    assert {name: found for name, found in differences.items() if found} == {}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_was_read_from_other_files_holds(name: str) -> None:
    """Limits on one side, second readings, pins."""
    made = convert(name, shared(FILES[name]).read_bytes(), process_code=10)

    assert golden.check(FACTS[name], made.documents) == []


def test_the_rows_of_a_real_panel_are_all_there() -> None:
    """Twenty blocks with one serial number and one time, told apart by their order."""
    made = convert(ATDX, shared(FILES[ATDX]).read_bytes(), process_code=10)
    statuses = [step["status"] for document in made.documents for step in document["root"]["steps"]]

    assert len({document["start"] for document in made.documents}) == 20
    assert {document["start"][:19] for document in made.documents} == {"2025-05-25T12:26:55"}
    assert len(statuses) == 31_040
    assert {letter: statuses.count(letter) for letter in "PSF"} == {"P": 28_193, "S": 2_652 + 160, "F": 35}
    again = [document for document in made.documents if "Not tested again" in str(document["miscInfos"])]
    assert {document["uut"]["testSocketIndex"] for document in again} == {1}


def test_the_head_and_the_group_fill_the_header() -> None:
    """The model is the program; the counters of the day are no results."""
    document = only(ATD, atd(group(row()), more="Test time:14 s\nUser name :op17"))

    assert (document["pn"], document["sn"], document["result"], document["machineName"]) == (
        "B-1_BOT",
        "SN-1",
        "P",
        "TAK4",
    )
    assert document["uut"] == {"user": "op17", "execTime": 14.0, "testSocketIndex": 1}
    assert document["root"]["seqCall"] == {"name": "B-1_BOT.SWX"}
    assert document["start"] == "2026-03-25T08:20:27+01:00"


def test_a_panel_has_a_report_for_each_board() -> None:
    """A place that was not tested has none."""
    data = atd(
        group(row()),
        group(row(), number=2, verdict="FAIL", serial="SN-2"),
        group(number=3, verdict="NO-TEST"),
    )
    made = convert(ATD, data, process_code=10)

    found = [
        (document["sn"], document["result"], document["uut"]["testSocketIndex"])
        for document in made.documents
    ]
    assert found == [("SN-1", "P", 1), ("SN-2", "F", 2)]
    assert any("not tested" in warning for warning in made.warnings)


def test_boards_that_share_a_serial_number_are_told_apart() -> None:
    """By their place on the panel: WATS would keep the last of them only."""
    documents = convert(ATD, atd(group(row()), group(row(), number=2)), process_code=10).documents

    assert [document["start"][19:23] for document in documents] == ["+01:", ".001"]
    assert "Start told apart by" in str(documents[1]["miscInfos"])


@pytest.mark.parametrize(
    ("cells", "limits"),
    [
        ({}, {"compOp": "GELE", "lowLimit": 9900.0, "highLimit": 10100.0}),
        ({"above": "+5%", "below": "-0%"}, {"compOp": "GELE", "lowLimit": 10000.0, "highLimit": 10500.0}),
        ({"above": "+0%", "below": "-0%"}, {"compOp": "LOG"}),
        ({"function": "OP"}, {"compOp": "LOG"}),
        ({"function": "SH"}, {"compOp": "LOG"}),
        ({"function": "E "}, {"compOp": "LE", "lowLimit": 10000.0}),
        ({"function": "F "}, {"compOp": "GE", "lowLimit": 10000.0}),
        ({"reference": NONE}, {"compOp": "LOG"}),
    ],
)  # fmt: skip
def test_the_limits_follow_from_the_function(cells: dict[str, Any], limits: dict[str, Any]) -> None:
    """Those of opens and shorts are not in the file, so there are none."""
    [made] = step(**cells)["numericMeas"]

    assert {
        member: value if isinstance(value, str) else round(value, 6)
        for member, value in made.items()
        if "imit" in member or member == "compOp"
    } == limits
    assert (made["value"], made["unit"]) == (10020.0, "Ohm")


def test_the_figure_counts_and_the_text_is_kept() -> None:
    """The one is in the base unit, the other as the screen has it."""
    made = step(first=("C", "5.21E-8", "52.1", "nF"), reference=("C", "3.41E-8", "34.1", "nF"))

    assert made["numericMeas"][0]["value"] == 5.21e-08
    assert "52.1 nF, reference 34.1 nF +1% -1%" in made["reportText"]


def test_a_second_reading_decides() -> None:
    """The first didn't pass, and was not judged; where both failed, both did."""
    second = ("R", "9950", "9.95", "KO")
    passed, failed = step(second=second), step(second=second, judgement="FAIL")

    assert [
        (measured["name"], measured["value"], measured["status"]) for measured in passed["numericMeas"]
    ] == [
        ("Test 1", 10020.0, "S"),
        ("Test 2", 9950.0, "P"),
    ]
    assert [measured["status"] for measured in failed["numericMeas"]] == ["F", "F"]


@pytest.mark.parametrize(
    ("judgement", "status"),
    [("PASS   ", "P"), ("FAIL", "F"), ("OPEN", "F"), ("UPPER", "F"), ("UNMEASURED", "F"), ("+FAIL", "F"), ("......", "S"),
     ("SKIP", "S"), ("UnTested", "S")],
)  # fmt: skip
def test_every_judgement_is_a_verdict(judgement: str, status: str) -> None:
    """Neither skipped nor passed is the way in which it failed."""
    assert step(judgement=judgement)["status"] == status


def test_a_row_that_was_jumped_has_no_content() -> None:
    """Its reference measured nothing."""
    made = step(function="JP", judgement="......", first=NONE)

    assert (made["status"], "numericMeas" in made) == ("S", False)


def test_a_failure_without_a_reading_keeps_its_row() -> None:
    """As the row it is in other tests."""
    [made] = step(judgement="FAIL", first=NONE)["numericMeas"]

    assert (made["value"], made["status"], made["unit"]) == ("NaN", "F", "Ohm")


@pytest.mark.parametrize(
    ("parts", "value", "comment", "name"),
    [("R17", "10", "P205", "R17"), ("P1P2", "P-Auto", "12V-3V3", "P1P2 12V-3V3"), ("I29", "3-G", "B1", "I29 3-G"),
     ("I29", "P3-4", "B1", "I29 P3-4"), ("U16", "22Pin", "061", "U16 22Pin"), ("L37", "*", "071", "L37"), ("R1", "0EO", "P2", "R1")],
)  # fmt: skip
def test_a_step_is_named_by_what_it_probes(parts: str, value: str, comment: str, name: str) -> None:
    """The component, and its pins or nets where it has many rows; never its value."""
    assert step(parts=parts, value=value, comment=comment)["name"] == name


def test_an_apt94xx_file_has_its_operator_in_the_line_of_the_serial_number() -> None:
    """In brackets; at some sites the station stands there as well."""
    line = '000007 "R12 " "10KO " "RES " 81   82   "10.00 KO " " 9.65 KO " "........" +5% -5% "PASS " "DC" "R4" "5 ms" "( +)" 0  0  "**"'
    data = atd(group(line, serial="12345 - SN9 (FP1 - OP01)")).replace(HEADING.encode(), b"")
    document, other = only(APT, data), only(APT, data, brackets="station")

    assert (document["sn"], document["uut"]["user"]) == ("12345 - SN9", "FP1 - OP01")
    assert (other["sn"], other["uut"]["user"], other["machineName"]) == ("12345 - SN9", "OP01", "TAK4")
    assert document["root"]["steps"][0]["numericMeas"][0] == {
        "compOp": "GELE",
        "status": "P",
        "unit": "Ohm",
        "value": 9650.0,
        "lowLimit": 9500.0,
        "highLimit": 10500.0,
    }


def test_a_file_may_hold_a_block_for_each_side() -> None:
    """The @ that ends the first may begin the second, or another one does."""
    top, bottom = atd(group(row()), model="B-1T.SWX"), atd(group(row()), model="B-1B.SWX")

    for data in (top + bottom, top.removesuffix(b"@\n") + bottom):
        made = convert(ATD, data, process_code=10)
        assert [report["pn"] for report in made.reports] == ["B-1T", "B-1B"]


def test_an_atdx_block_is_a_report() -> None:
    """Value and reference may have different prefixes."""
    document = only(
        ATDX, block(atdx_row(), atdx_row(first="36514.53;pF", second="550.00;uF", judge="UPPER")).encode()
    )

    first, second = document["root"]["steps"]
    assert (document["pn"], document["sn"], document["machineName"]) == ("289-0254", "SN-1", "APT-1 FPT04")
    assert document["start"] == "2026-05-25T12:26:55+02:00"
    assert first["numericMeas"][0] == {
        "compOp": "GELE",
        "status": "P",
        "unit": "F",
        "value": 9.5e-09,
        "lowLimit": 8e-09,
        "highLimit": 1.2e-08,
    }
    assert [measured["value"] for measured in second["numericMeas"]] == [36514.53e-12, 550e-6]


def test_an_impedance_is_a_text() -> None:
    """Magnitude and phase in one cell are no number."""
    pair = only(
        ATDX, block(atdx_row(reference="3.000[O]|-3.5;", function="LE", first="2.500[O]<|-1.9;")).encode()
    )

    assert pair["root"]["steps"][0]["stringMeas"] == [
        {"compOp": "LOG", "status": "P", "value": "2.500[O]<|-1.9"}
    ]


def test_the_tries_of_a_panel_are_told_apart_by_their_order() -> None:
    """A board that was not tested again says so; a try that is a copy altogether is refused."""
    good, bad, mended = (
        block(atdx_row()),
        block(atdx_row(judge="FAIL"), number=2),
        block(atdx_row(), number=2),
    )
    documents = convert(ATDX, (good + bad + good + mended).encode(), process_code=10).documents

    assert [document["start"][19:23] for document in documents] == ["+02:", ".001", ".002", ".003"]
    assert ["Not tested again" in str(document["miscInfos"]) for document in documents] == [
        False,
        False,
        True,
        False,
    ]
    for copy in (good + good, good + bad + good + bad):
        with pytest.raises(Refused, match="twice"):
            convert(ATDX, copy.encode(), process_code=10)


@pytest.mark.parametrize(
    ("order", "start"), [(None, "2026-03-01"), ("dmy", "2026-03-01"), ("mdy", "2026-01-03")]
)
def test_a_date_that_can_be_read_in_two_ways_is_told(order: str | None, start: str) -> None:
    """Unless it is known how this source writes it."""
    made = convert(ATD, atd(group(row()), date="1/3/2026 08:20:27"), process_code=10, date_order=order)

    assert made.reports[0]["start"].startswith(start)
    assert any("date_order" in warning for warning in made.warnings) == (order is None)


def test_a_file_is_not_ready_before_its_end() -> None:
    """The third @, or in ATDX the end of the last line and as many rows as in the try before."""
    data = atd(group(row(), row()))

    for end in (len(data) // 2, len(data) - 2):
        with pytest.raises((NotReady, Refused)):
            only(ATD, data[:end])
    with pytest.raises(NotReady):
        only(ATD, data.removesuffix(b"@\n"))
    for cut in (block(atdx_row())[:-2], block(), block(atdx_row(), atdx_row(parts="R1")) + block(atdx_row())):
        with pytest.raises(NotReady):
            convert(ATDX, cut.encode(), process_code=10)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (atd(group(row(), serial=None)), "serial number"),
        (atd(group(row(), serial=" ")), "serial number"),
        (atd(group(row(), serial="SN-1\nSerial No.:SN-2")), "serial number"),
        (atd(group(row()), model=""), "part number"),
        (atd(group(row()), date="31/2/2026 08:20:27"), "start"),
        (atd(group(row()), date="1/3/9999 08:20:27"), "start"),
        (atd(group(row()), date="-1/3/2026 08:20:27"), "start"),
        (atd(group(row()), date="25/3/2026 25:61:61"), "start"),
        (atd(group(row(), verdict="GOOD")), None),
        (atd(group(row()).replace("* PASS *\n", "")), "result"),
        (atd(group(row(judgement="1.5"))), "R17"),
        (atd(group(row(first=("R", "10,02", "10.02", "KO")))), "R17"),
        (atd(group(row(first=("R", "1e400", "10.02", "KO")))), "R17"),
        (atd(group(row(first=("R", "10020", "OVERLOAD", "KO")))), "R17"),
        (atd(group(row(first=("R", "10020", "10.02", "QO")))), "R17"),
        (atd(group(row(first=("F", "1", "1", "MF")))), "R17"),
        (atd(group(row(above="much"))), "R17"),
        (atd(group(row() + "\tmore")), None),
        (atd(group(row()).replace("Judgement", "Verdict")), None),
        (atd(group(row())).replace(b"Test ID :TAK4", b"nonsense"), None),
        (atd(group(row()), group(row())), None),
        (atd(row()), None),
        (atd(group(row())) + b"garbage", None),
        (b"", None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(ATD, data)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (block(atdx_row(), serial=""), "serial number"),
        (block(atdx_row(), serial="A\nSerial number : B"), "serial number"),
        (block(atdx_row(), date="31/02/2026 12:26:55"), "start"),
        (block(atdx_row(), date="-25/05/2026"), "start"),
        (block(atdx_row(first="9,500;nF")), "C154"),
        (block(atdx_row(first="OVERLOAD;nF")), "C154"),
        (block(atdx_row(first="0x1F;nF")), "C154"),
        (block(atdx_row(first="1e400;nF")), "C154"),
        (block(atdx_row(judge="7")), "C154"),
        (block(atdx_row() + ";1"), None),
        (block(atdx_row()).replace("Func", "Function"), None),
        (block(atdx_row()).replace("Group No.: 1 Side: A PASS", ""), "result"),
        (block(atdx_row()).replace("Model", "Model without colon\nModel"), None),
        ("stray\n" + block(atdx_row()), None),
        ("", None),
    ],
)
def test_an_atdx_file_that_can_not_be_right_is_refused(text: str, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(ATDX, text.encode())

    assert caught.value.field == field


def test_the_three_layouts_do_not_claim_each_others_files() -> None:
    """Two of them have the same frame."""
    files = {name: shared(path).read_bytes() for name, path in FILES.items()}
    scores = {(name, file): probe(name, data) for name in FILES for file, data in files.items()}

    assert {pair: score for pair, score in scores.items() if score} == {
        (ATD, ATD): 0.98,
        (APT, APT): 0.95,
        (ATDX, ATDX): 0.95,
    }
    assert probe(ATD, atd()) == 0.7
    assert probe(ATD, b"@\n* PASS *\n") == 0.0
