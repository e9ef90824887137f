"""Teradyne GR228X: the real log against facts read by hand, and every sign on its own."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "teradyne-gr228x"
REAL = "corpus/files/teradyne-gr228x/43420_BIO2.LOG"
PROGRAM = "F:\\BOARDS\\4711_A_PROGRAM\\4711_A.obc[31-JUL-26  14:17:35"
BEGIN, END = "@31-JUL-26  14:19:32 SN SN-1", '"31-JUL-26  14:19:49'


def log(*lines: str, begin: str = BEGIN, end: str = END, program: str = PROGRAM) -> bytes:
    return "\n".join(["", program, begin, *lines, end, ""]).encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, **options}).documents
    return document


def step(line: str) -> dict[str, Any]:
    [made] = only(log(line))["root"]["steps"]
    return dict(made)


def test_the_golden_facts_hold() -> None:
    """Three tests in one log, the first of them aborted."""
    differences = {}
    for path in sorted(shared("corpus/golden/teradyne-gr228x").iterdir()):
        facts = json.loads(path.read_text())
        made = convert(NAME, shared(f"corpus/{facts['file']}").read_bytes(), process_code=10)
        differences[path.name] = golden.check(facts, made.documents)

    assert {name: found for name, found in differences.items() if found} == {}


def test_what_else_was_read_from_the_real_log_holds() -> None:
    """The third test, and what failed in the first."""
    documents = convert(NAME, shared(REAL).read_bytes(), process_code=10).documents
    facts = {
        "header": {
            "serial_number": "42842937739687688567",
            "result": "Passed",
            "start": "2012-07-31T14:25:12",
        },
        "execution_time_s": 16,
        "measurements": [
            {"name": "R348 / AR", "value": 269705.688, "low": 245000, "high": 300279, "comp": "GELE"},
            {"name": "C500", "value": 1},
        ][:1],
    }

    assert golden.check(facts, documents[2:]) == []
    contacts = [made["stringMeas"][0]["value"] for made in documents[0]["root"]["steps"]]
    assert contacts == [
        "300,301,303",
        "90,156,172,176,186,187,189,200,201,202,204,237,238,239,248,254,255,256",
    ]


def test_the_part_number_follows_from_the_program() -> None:
    """It is no field, so a configured one counts more; either way the report says so."""
    derived, configured = only(log()), only(log(), part_number="PN-9")

    assert (derived["pn"], configured["pn"]) == ("4711", "PN-9")
    assert {"description": "Part number from", "text": "the name of the test program"} in derived["miscInfos"]
    assert {"description": "Part number", "text": "PN-9 (from configuration)"} in configured["miscInfos"]


def test_what_the_program_prints_for_wats_counts_more() -> None:
    """Such lines stand among the measurements."""
    document = only(
        log("WATS_partNumber=PN-1", "WATS_partRevision=C", "WATS_operator=op 17", "WATS_stationName=ICT-3")
    )

    assert (document["pn"], document["rev"], document["machineName"]) == ("PN-1", "C", "ICT-3")
    assert document["uut"]["user"] == "op 17"
    assert document["root"]["steps"] == []
    assert only(b"WATS_partNumber=PN-2\n" + log())["pn"] == "PN-2"


@pytest.mark.parametrize(
    ("end", "result"),
    [('"', "P"), ("/", "F"), ("?", "T"), ("!", "T"), ("*", "E"), ("&", "E")],
)
def test_the_first_sign_of_the_last_line_is_the_verdict(end: str, result: str) -> None:
    """An aborted test is a report as well."""
    document = only(log(end=END.replace('"', end)))

    assert (document["result"], document["uut"]["execTime"]) == (result, 17.0)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("R1=100.2K(92.9K,105.1K)R ", {"compOp": "GELE", "value": 100200.0, "lowLimit": 92900.0, "highLimit": 105100.0, "unit": "Ohm", "name": "R"}),
        ("R1=45.1MEG(500K,)R ", {"compOp": "GE", "value": 45.1e6, "lowLimit": 500e3, "unit": "Ohm", "name": "R"}),
        ("R1=45.1(,1K)R ", {"compOp": "LE", "value": 45.1, "lowLimit": 1000.0, "unit": "Ohm", "name": "R"}),
        ("V1=520.7M(474.9M,954.9M)V ", {"compOp": "GELE", "value": 0.5207, "lowLimit": 0.4749, "highLimit": 0.9549, "unit": "V", "name": "V"}),
        ("V1=-1.5(-500M,500M)V ", {"compOp": "GELE", "value": -1.5, "lowLimit": -0.5, "highLimit": 0.5, "unit": "V", "name": "V"}),
        ("C1=10.2N(7.9N,12.0N)CP", {"compOp": "GELE", "value": 10.2e-9, "lowLimit": 7.9e-9, "highLimit": 12e-9, "unit": "F", "name": "CP"}),
        ("X1=10.6(8.0,12.8)AR", {"compOp": "GELE", "value": 10.6, "lowLimit": 8.0, "highLimit": 12.8, "name": "AR"}),
    ],
)  # fmt: skip
def test_a_measurement_has_its_value_its_limits_and_its_kind(line: str, row: dict[str, Any]) -> None:
    """M is milli and MEG is mega; value and limits have prefixes of their own."""
    made = step(line)

    assert made["numericMeas"] == [{"status": "P", **row}]
    assert (made["name"], made["status"]) == (line.partition("=")[0], "P")


@pytest.mark.parametrize(("sign", "status"), [("=", "P"), ("<", "F"), (">", "F"), ("%", "F"), ("#", "D")])
def test_the_sign_behind_the_name_is_the_verdict(sign: str, status: str) -> None:
    """A hash is only logged."""
    made = step(f"R1{sign}10(1,20)R =too hot")

    assert made["status"] == status
    assert "too hot" in made["reportText"]


def test_a_line_without_a_value_keeps_its_verdict() -> None:
    """What sets a source and measures nothing is an action."""
    document = only(log("D108=", "PS_OFF=(1.6,5.5)V ", "D109<", "SETCR#(,)IS"))

    found = [(made["name"], made["stepType"], made["status"]) for made in document["root"]["steps"]]
    assert found == [
        ("D108", "ET_PFT", "P"),
        ("PS_OFF", "ET_PFT", "P"),
        ("D109", "ET_PFT", "F"),
        ("SETCR", "Action", "D"),
    ]


def test_lists_of_failures_go_on_behind_a_plus() -> None:
    """If the next line is one of numbers; it may as well be the end of the test."""
    document = only(
        log("(F 90,156 +", "172,176", "(S 1,2", "(O 397,", "(B 9", "(C 8 +", end=END.replace('"', "/"))
    )

    found = [(made["name"], made["stringMeas"][0]["value"]) for made in document["root"]["steps"]]
    assert found[0] == ("CONTACT fixture failure", "90,156,172,176")
    assert [name.split()[0] for name, _ in found] == [
        "CONTACT",
        "SHORTS",
        "OPENS",
        "BUSTEST,",
        "SCRATCHPROBING",
    ]
    assert {made["status"] for made in document["root"]["steps"]} == {"F"}


def test_a_long_list_of_failures_is_told_whole() -> None:
    """A text on the wire has a hundred characters."""
    made = only(log("(F " + ",".join(["1234"] * 30) + " +", ",".join(["5678"] * 30)))["root"]["steps"][0]

    assert len(made["stringMeas"][0]["value"]) == 100
    assert "5678" in made["reportText"]


def test_the_loops_of_a_panel_are_sequences() -> None:
    """One loop alone is the socket of the test."""
    panel = only(log("R0=1(,)R", "TOP_OF_LOOP-A#(,)VS", "R1=1(,)R", "TOP_OF_LOOP-B#(,)VS", "R1=2(,)R"))
    single = only(log("TOP_OF_LOOP-C", "R1=1(,)R"))

    assert [made["name"] for made in panel["root"]["steps"]] == ["R0", "Board A", "Board B"]
    assert "testSocketIndex" not in panel["uut"]
    assert single["uut"]["testSocketIndex"] == 3


def test_a_board_that_returns_to_diagnosis_ends_no_test() -> None:
    """The line stands outside of any, with small letters."""
    data = log("R1=1(,)R") + b"]31-jul-26  14:32:13\n"

    assert only(data)["result"] == "P"
    with pytest.raises(NotReady):
        only(log("R1=1(,)R", end="]31-jul-26  14:32:13"))


def test_remarks_are_kept() -> None:
    """Lines that measure nothing; outside of any test they are nobody's."""
    made = convert(NAME, b"*** day shift ***\n" + log("check the probe"), process_code=10)

    assert "check the probe" in made.documents[0]["root"]["reportText"]
    assert any("day shift" in warning for warning in made.warnings)


def test_a_log_is_not_ready_before_its_last_test_has_ended() -> None:
    """The tests before it wait with it."""
    with pytest.raises(NotReady):
        only(log() + b"@31-JUL-26  15:19:32 SN SN-2\nR1=1(,)R\n")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (log(begin="@31-JUL-26  14:19:32"), "serial number"),
        (log(begin="@31-JUL-26  14:19:32 SN  "), "serial number"),
        (log(begin="@31-FEB-26  14:19:32 SN SN-1"), "start"),
        (log(begin="@00-XXX-00  99:99:99 SN SN-1"), "start"),
        (log(begin="@yesterday SN SN-1"), "start"),
        (log(program=PROGRAM.replace("31-JUL", "31-XXX")), "start"),
        (log(BEGIN.replace("SN-1", "SN-2")), None),
        (log(program=""), "part number"),
        (log("R1=3,3(1,2)R"), None),
        (log("R1=OVERLOAD(1,2)R"), "R1"),
        (log("R1=0x1F(1,2)R"), "R1"),
        (log("R1=1e400(1,2)R"), "R1"),
        (log("R1=5Q(1,2)R"), "R1"),
        (log("(X 1,2"), None),
        (log("\x07bell"), None),
        (log(end="?31-FEB-26  14:19:49"), "start"),
        (log(end="?31-JUL-26 soon"), None),
        (END.encode(), None),
        (b"R1=1(,)R\n", None),
        (b"", None),
        (log() * 2, None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_it_is_known_by_a_program_followed_by_a_test() -> None:
    """Blank lines may stand before and between them."""
    assert probe(NAME, log()) == 0.95
    assert probe(NAME, log().replace(b"\n", b"\r\n")) == 0.95
    assert probe(NAME, PROGRAM.encode()) == 0.0
    assert probe(NAME, BEGIN.encode()) == 0.0
