"""Teradyne Spectrum: the real file against facts read by hand, and every kind of node on its own."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "teradyne-spectrum"
REAL = "corpus/files/teradyne-spectrum/sample_ict_data.txt"

#: Read by hand from the real file, beyond the golden facts.
FACTS: dict[str, Any] = {
    "reports_expected": 1,
    "execution_time_s": 27.124,
    "measurements": [
        {"name": "BoardID", "value": True, "status": "Passed"},
        {"name": "APC_INTERNAL[APC_STEP]", "value": True, "status": "Passed"},
        {"name": "SMBJ33A[V6]", "value": 38.324821, "unit": "V", "low": 36.7, "high": 40.6, "comp": "GELE"},
        {
            "name": "SHORTS_INTERNAL[SHORTS_STEP] / SHORTS",
            "unit": "Ohm",
            "low": 5,
            "comp": "GE",
            "status": "Passed",
        },
        {"name": "JUMPERS / JUMPER[L3]", "value": 1.4330307, "unit": "Ohm", "high": 5, "comp": "LE"},
    ],
}
CAPACITOR = (
    "(ANA: (TYPE: CAP) (STAT: PASS) (LOLIM: (VAL: 3.64) (SCALE: n) (UNIT: F) ) (NOMVAL: (VAL: 4.7) (SCALE: n) (UNIT: F) )"
    " (MEASVAL: (VAL: 4690.0) (SCALE: p) (UNIT: F) ) (HILIM: (VAL: 5.76) (SCALE: n) (UNIT: F) ) )"
)


def page(*tests: str, name: str = "C1", stat: str = "PASS") -> str:
    return f'(PAGE: (TYPE: CAP) (PAGE_NAME: "{name}") (STAT: {stat}) {" ".join(tests)} )'


def step(*pages: str, name: str = "CAP[C1]", stat: str = "PASS", time: str = "02/25/2026 16:44:11 ") -> str:
    return f'(STEP: (TYPE: RAW) (TIME: {time}) (SNAME: "{name}") {" ".join(pages)} (STAT: {stat}))'


def board(
    *nodes: str, status: str | None = "BOARD PASSED", serial: str | None = "SN-1", end: str = "16:44:38:124"
) -> bytes:
    lines = ['(PROGRAM_NAME: "PB-1")', '(SUBPROGRAM_NAME: "Sub-1")', '(SECTION_NAME: "CAPACITORS")', *nodes]
    lines += [f"(USER: Serialnumber:{serial})"] if serial is not None else []
    lines += ["(USER: Operator:op17)", "(USER: StartTime:16:44:11:000)"]
    lines += [f"(USER: STATUS: {status})"] if status is not None else []
    lines += [f"(USER: EndTime:{end})"] if end else []
    return "\n".join([*lines, ""]).encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, **options}).documents
    return document


def made(*pages: str, **given: str) -> dict[str, Any]:
    [found] = only(board(step(*pages, **given)))["root"]["steps"][0]["steps"]
    return dict(found)


def test_the_golden_facts_hold() -> None:
    """With either kind of line end."""
    for path in sorted(shared("corpus/golden/teradyne-spectrum").iterdir()):
        facts = json.loads(path.read_text())
        data = shared(f"corpus/{facts['file']}").read_bytes()

        for variant in (data, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
            assert golden.check(facts, convert(NAME, variant, process_code=10).documents) == []


def test_what_else_was_read_from_the_real_file_holds() -> None:
    """Zener diodes, shorts, external programs, the duration."""
    assert golden.check(FACTS, convert(NAME, shared(REAL).read_bytes(), process_code=10).documents) == []


def test_the_printed_lines_fill_the_header() -> None:
    """What has no place of its own is a misc info."""
    document = only(board(step(page(CAPACITOR)), "(USER:  OrderNumber:222)", "(USER: Serialnumber:SN-1)"))

    assert (document["pn"], document["sn"], document["result"]) == ("PB-1", "SN-1", "P")
    assert document["uut"] == {"user": "op17", "execTime": 27.124}
    assert document["start"] == "2026-02-25T16:44:11+01:00"
    assert document["root"]["seqCall"] == {"name": "PB-1"}
    assert {"description": "OrderNumber", "text": "222"} in document["miscInfos"]


def test_scale_and_unit_are_fields_of_their_own() -> None:
    """Each value has its own scale; the raw texts stay with the step."""
    found = made(page(CAPACITOR))

    assert found["numericMeas"] == [
        {
            "compOp": "GELE",
            "status": "P",
            "unit": "F",
            "value": 4.69e-09,
            "lowLimit": 3.64e-09,
            "highLimit": 5.76e-09,
        }
    ]
    assert "measured 4690.0 pF, low 3.64 nF, high 5.76 nF, nominal 4.7 nF" in found["reportText"]


def test_a_limit_without_a_value_keeps_its_row() -> None:
    """It was compared; what was read is not in the file."""
    test = "(ANA: (TYPE: DISCHARGE) (STAT: PASS) (HILIM: (VAL: 30) (SCALE: m) (UNIT: V) ) )"

    assert made(page(test))["numericMeas"] == [
        {"compOp": "LE", "status": "P", "unit": "V", "value": "NaN", "lowLimit": 0.03}
    ]


def test_several_pages_are_rows_of_their_step() -> None:
    """Named by their page, or by their type where one page has several."""
    several = made(page(CAPACITOR, name="A"), page(CAPACITOR, name="B"))
    tests = [
        f"(INTC: (TYPE: {kind}) (STAT: PASS) (LOLIM: (VAL: 5) (UNIT: O) ) )" for kind in ("SPECIAL", "SHORTS")
    ]

    assert [row["name"] for row in several["numericMeas"]] == ["A", "B"]
    assert [row["name"] for row in made(page(*tests))["numericMeas"]] == ["SPECIAL", "SHORTS"]


def test_the_results_of_an_interconnect_test_are_measured() -> None:
    """Each with its own verdict, and with the name of its group if it has one."""
    results = (
        "(INTC_RESULT: (STAT: PASS)(MEASVAL: (VAL: 1.4) (UNIT: O) ) )"
        "(INTC_RESULT: (GROUP_NAME: G2) (STAT: FAIL)(MEASVAL: (VAL: 7.4) (UNIT: O) ) )"
    )
    found = made(
        page(f"(INTC: (TYPE: LOWR) (STAT: FAIL) (HILIM: (VAL: 5) (UNIT: O) ) {results} )"), stat="FAIL"
    )

    assert [(row["name"], row["value"], row["status"]) for row in found["numericMeas"]] == [
        ("C1 1", 1.4, "P"),
        ("G2", 7.4, "F"),
    ]
    assert found["status"] == "F"


def test_the_pins_of_a_vectorless_test_are_rows() -> None:
    """Those with a value; the others are told."""
    pins = (
        "(FSCAN: (FSCAN_PIN: (STAT: FAIL) (TPNAME: P7) (MEAS_VAL: (VAL: 12.5) ) (THRESH: 20) )"
        "(FSCAN_PIN: (STAT: PASS) (TPNAME: P8) ))"
    )
    found = made(page(pins), stat="FAIL")

    assert found["numericMeas"] == [{"compOp": "GE", "status": "F", "value": 12.5, "lowLimit": 20.0}]
    assert "P8: PASS" in found["reportText"]


def test_a_step_without_values_is_a_verdict() -> None:
    """An external program; a path may hold parentheses."""
    found = made(page("(EXTPROG: (PROG_NAME: C:\\Program Files (x86)\\a.bat) )", stat="FAIL"), stat="FAIL")

    assert (found["booleanMeas"], found["status"]) == ([{"status": "F"}], "F")
    assert found["reportText"] == "C:\\Program Files (x86)\\a.bat"


def test_a_skipped_step_has_no_content() -> None:
    """Nothing was measured."""
    assert "numericMeas" not in made(page(CAPACITOR), stat="SKIP")


def test_comments_may_have_parentheses_and_lines() -> None:
    """A quoted text ends with its quote."""
    comment = '(COMMENT: "place (see\nC:) here")'

    assert "place (see\nC:) here" in made(page(CAPACITOR + comment))["reportText"]


@pytest.mark.parametrize(
    ("status", "result"),
    [("BOARD PASSED", "P"), ("BOARD FAILED", "F"), ("BOARD ABORTED", "T"), ("BOARD ERROR", "E")],
)
def test_the_verdict_of_the_board_is_printed(status: str, result: str) -> None:
    """And it counts whatever the steps say."""
    assert only(board(step(page(CAPACITOR)), status=status))["result"] == result


def test_sections_may_come_again() -> None:
    """A second one of the same name is a second sequence."""
    document = only(
        board(step(page(CAPACITOR)), '(SECTION_NAME: "CAPACITORS")', step(page(CAPACITOR), name="CAP[C2]"))
    )

    assert [len(sequence["steps"]) for sequence in document["root"]["steps"]] == [1, 1]


@pytest.mark.parametrize(
    ("order", "start"), [("mdy", "2026-02-09"), ("dmy", "2026-09-02"), (None, "2026-02-09")]
)
def test_a_date_that_can_be_read_in_two_ways_is_told(order: str | None, start: str) -> None:
    """Unless it is known how this source writes it."""
    converted = convert(NAME, board(step(time="02/09/2026 16:44:11 ")), process_code=10, date_order=order)

    assert converted.reports[0]["start"].startswith(start)
    assert any("date_order" in warning for warning in converted.warnings) == (order is None)


def test_a_file_is_not_ready_before_its_verdict_and_its_end() -> None:
    """Wherever it is cut."""
    data = board(step(page(CAPACITOR)))

    for cut in (
        data[: len(data) // 3],
        data[: len(data) - 30],
        board(step(), status=None),
        board(step(), end=""),
    ):
        with pytest.raises(NotReady):
            only(cut)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (board(step(), serial=None), "serial number"),
        (board(step(), serial=" "), "serial number"),
        (board(step(), "(USER: Serialnumber:SN-2)"), "serial number"),
        (board(), "start"),
        (board(step(time="13/40/2026 16:44:11 ")), "start"),
        (board(step(time="02/09/9999 16:44:11 ")), "start"),
        (board(step(time="02/25/2026 25:61:61 ")), "start"),
        (board(step(), status="BOARD MAYBE"), "result"),
        (board(step(stat="PERHAPS")), "STAT"),
        (board(step(name="")), "SNAME"),
        (board(step(page(CAPACITOR.replace("4690.0", "4690,0")))), "CAP[C1]"),
        (board(step(page(CAPACITOR.replace("4690.0", "1e400")))), "CAP[C1]"),
        (board(step(page(CAPACITOR.replace("SCALE: p", "SCALE: q")))), "CAP[C1]"),
        (board(step(page(CAPACITOR.replace("(SCALE: p) (UNIT: F)", "(SCALE: p) (UNIT: V)")))), None),
        (board(step()) * 2, "PROGRAM_NAME"),
        (board(step(), "stray text"), None),
        (board("(A:" * 40), None),
        (board(step()).replace(b"\n", b"\r"), None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_it_begins_with_the_name_of_its_program() -> None:
    """A step makes it certain."""
    assert probe(NAME, board(step())) == 0.95
    assert probe(NAME, b'(PROGRAM_NAME: "A")\n') == 0.7
    assert probe(NAME, b"(STEP: (TYPE: RAW))\n") == 0.0
