"""LitePoint IQDVT: the real tables against facts read by hand, and how each verdict finds its numbers."""

import json
import re
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused
from wats_worker.converters.litepoint.bounds import bound

NAME = "litepoint-iqdvt-csv"
REAL = "corpus/files/litepoint-iqdvt-csv/12345678.csv"
RULE = {"file_name": "^(?P<serial_number>[0-9]+)"}
HEAD = "Test,Band,Ant,Measure Power,Power Limit,Power Pass/Fail,EVM,UEvm,Power & EVM Limit [>=20dBm] [<=-35dB],Temp,Pass/Fail"
ROW = "2.1,2G,0,17.65,(17.00 - 18.00),Pass,23.5,-39.1,Pass,46,Pass"


def file(
    *lines: str,
    sn: str = "SN-1",
    date: str = "2026/3/17",
    clock: str = "08:14",
    title: str = "TX Calibration",
) -> bytes:
    general = f"General\nSerial Number,IQDVT Version,DUT VERSION,Date,Time\n{sn},1.8,2.27,{date},{clock}\n"
    return (general + "\n".join([title, *lines]) + "\n").encode()


def only(data: bytes, name: str = "log", **options: Any) -> dict[str, Any]:
    [document] = convert(
        NAME, data, file=name, **{"process_code": 10, "part_number": "RT-1", **options}
    ).documents
    return document


def step(heading: str, row: str) -> dict[str, Any]:
    [section] = only(file(heading, row))["root"]["steps"]
    return dict(section["steps"][0])


def rows(heading: str, row: str) -> dict[str, Any]:
    return {row["name"]: row for row in step(heading, row)["numericMeas"]}


def test_the_golden_facts_hold() -> None:
    """The serial number is that of the file's name, where this site has it."""
    facts = json.loads(shared("corpus/golden/litepoint-iqdvt-csv/12345678.csv.json").read_text())
    for fact in facts["measurements"]:  # "2.1 2G ant0 Measure Power" is a path
        fact["name"] = re.sub(r"^(.*? 2G(?: ant[0-9])?) ", r"\1 / ", fact["name"]).replace(
            "XTAL Calibration ", ""
        )
    facts["header"]["start"]["value"] += ":00"
    document = only(shared(REAL).read_bytes(), "12345678.csv", **RULE)
    steps = [made for _, made in golden.steps(document) if "seqCall" not in made]

    assert golden.check(facts, [document]) == []
    assert (document["sn"], document["result"], len(steps)) == ("12345678", "P", 305)
    assert sum(made["status"] == "F" for made in steps) == facts["counts"]["failed_rows"]


def test_an_empty_serial_number_is_refused_without_a_rule() -> None:
    """And the fix is said."""
    with pytest.raises(Refused) as caught:
        only(shared(REAL).read_bytes(), "12345678.csv")

    assert caught.value.field == "serial number"
    assert "file_name" in str(caught.value.fix)


def test_every_limit_of_the_real_file_agrees_with_its_verdicts() -> None:
    """1568 limits from headings and cells found their numbers, and all passed."""
    made = convert(NAME, shared(REAL).read_bytes(), file="1.csv", part_number="RT-1", process_code=10, **RULE)
    limited = [
        row
        for _, each in golden.steps(made.documents[0])
        for row in each.get("numericMeas", ())
        if row["compOp"] != "LOG"
    ]

    assert len(limited) == 1568
    assert made.warnings == []


def test_the_general_table_fills_the_header() -> None:
    """What it says besides is kept."""
    document = only(file(HEAD, ROW))

    assert (document["sn"], document["start"], document["result"]) == (
        "SN-1",
        "2026-03-17T08:14:00+01:00",
        "P",
    )
    assert document["root"]["seqCall"] == {"name": "IQDVT 1.8", "version": "1.8"}
    assert {"description": "DUT VERSION", "text": "2.27"} in document["miscInfos"]


@pytest.mark.parametrize(
    ("date", "clock", "options", "start"),
    [
        ("2026/1/19", "16:31:07", {}, "2026-01-19T16:31:07+01:00"),
        ("1/19/2026", "4:31 PM", {}, "2026-01-19T16:31:00+01:00"),
        ("19.01.2026", "16:31", {"date_order": "dmy"}, "2026-01-19T16:31:00+01:00"),
        ("2026/1/19", "下午 04:31", {"date_order": "dmy"}, "2026-01-19T16:31:00+01:00"),
        ("2026-01-19", "12:05 AM", {}, "2026-01-19T00:05:00+01:00"),
    ],
)
def test_dates_are_read_as_the_pc_writes_them(
    date: str, clock: str, options: dict[str, Any], start: str
) -> None:
    """In the culture of the PC that IQDVT runs on."""
    assert only(file(HEAD, ROW, date=date, clock=clock), **options)["start"] == start


def test_limits_stand_in_cells_and_in_headings() -> None:
    """Two limits in a heading are those of the two numbers before it."""
    found = rows(HEAD, ROW)

    assert found["Measure Power"] == {
        "compOp": "GELE", "status": "P", "value": 17.65, "lowLimit": 17.0, "highLimit": 18.0, "name": "Measure Power", "unit": "dBm",
    }  # fmt: skip
    assert (found["EVM"]["compOp"], found["EVM"]["lowLimit"]) == ("GE", 20.0)
    assert (found["UEvm"]["compOp"], found["UEvm"]["lowLimit"], found["UEvm"]["unit"]) == ("LE", -35.0, "dB")
    assert found["Temp"]["compOp"] == "LOG"


def test_a_failed_verdict_fails_the_number_that_is_outside() -> None:
    """Or all that it is about, if none is."""
    outside = rows(HEAD, ROW.replace("-39.1,Pass", "-30.0,Fail").replace("46,Pass", "46,Fail"))
    inside = rows(HEAD, ROW.replace("-39.1,Pass", "-39.1,Fail").replace("46,Pass", "46,Fail"))

    assert [outside[name]["status"] for name in ("Measure Power", "EVM", "UEvm")] == ["P", "P", "F"]
    assert [inside[name]["status"] for name in ("Measure Power", "EVM", "UEvm", "Temp")] == [
        "P",
        "F",
        "F",
        "P",
    ]


def test_a_verdict_with_a_name_is_about_all_columns_of_that_name() -> None:
    """One without is about the number next to it."""
    head = "Test,Ant,Cross,LNA GAIN 0,Pass/Fail(35+-/4),Flat 1,Flat 2,Flat Pass/Fail(+-4),RSSI1,RSSI2,RSSI PASS/FAIL,Pass/Fail"
    found = rows(head, "5,0,900,41.0,Fail,0.5,-4.5,Fail,-57,-58,Fail,Fail")

    assert (
        found["LNA GAIN 0"]["lowLimit"],
        found["LNA GAIN 0"]["highLimit"],
        found["LNA GAIN 0"]["status"],
    ) == (31.0, 39.0, "F")
    assert (found["Cross"]["compOp"], found["Cross"]["status"]) == ("LOG", "P")
    assert [found[name]["status"] for name in ("Flat 1", "Flat 2", "RSSI1", "RSSI2")] == ["P", "F", "F", "F"]
    assert found["Flat 1"]["highLimit"] == 4.0


def test_the_last_verdict_is_the_rows() -> None:
    """Limits without a verdict of their own tell which number it was."""
    head = "Test,Ant,EVM,Limit[EVM],Power,Limit[Power],Error Message,Pass/Fail"
    made = step(head, "21.1,0,-20.1,(<-30),17.0,(10 - 20),PER too high,Fail")

    assert [row["status"] for row in made["numericMeas"]] == ["F", "P"]
    assert (made["status"], made["errorMessage"], made["name"]) == ("F", "PER too high", "21.1 ant0")
    assert made["reportText"] == "Error message: PER too high"


def test_a_cell_with_several_numbers_is_as_many_rows() -> None:
    """Without limits they are only logged."""
    found = rows("Test,Ant,Flatness Margin,Freq Offset[PPM],Pass/Fail", "1,0,[3.90 3.88 NaN ],0.07,Pass")

    assert [row["value"] for name, row in found.items() if "Flatness" in name] == [3.9, 3.88, "NaN"]
    assert found["Freq Offset"]["unit"] == "PPM"


def test_what_was_not_measured_has_no_row() -> None:
    """A row with nothing but its verdict is a verdict."""
    found = rows(HEAD, "2.1,2G,0,,,,23.5,N/A,Pass,46,Pass")
    bare = step("Test,Ant,RSSI,Temp,Pass/Fail", "33.1,4,,,Pass")

    assert set(found) == {"EVM", "Temp"}
    assert (bare["stepType"], bare["booleanMeas"]) == ("ET_PFT", [{"status": "P"}])


def test_the_last_verdict_goes_before_the_others() -> None:
    """Whatever they say; and what was skipped measured nothing."""
    waived = step(HEAD, ROW.replace("-39.1,Pass", "-30.0,Fail"))
    [section] = only(file(HEAD, ROW, "2.2,2G,0,17.65,,,23.5,-39.1,,46,Skipped"))["root"]["steps"]
    skipped = section["steps"][1]

    assert (waived["status"], [row["status"] for row in waived["numericMeas"]]) == ("P", ["P", "P", "F", "P"])
    assert (skipped["status"], "numericMeas" in skipped) == ("S", False)


def test_a_row_may_have_nothing_but_its_number() -> None:
    """It is no title."""
    made = only(file("Test,Ant,Temp,Pass/Fail", "33.1,4,46,Pass", "33.2,,,"))["root"]["steps"]

    assert [(each["name"], each["status"]) for each in made[0]["steps"]] == [
        ("33.1 ant4", "P"),
        ("33.2", "S"),
    ]


def test_a_row_without_a_last_verdict_goes_by_the_others() -> None:
    """Without any it is done, or was skipped."""
    assert step(HEAD, ROW.removesuffix("Pass").replace("-39.1,Pass", "-39.1,Fail"))["status"] == "F"
    assert step("Test,Ant,Temp", "1,0,46")["status"] == "D"


def test_sections_without_rows_and_repeated_headings_are_no_steps() -> None:
    """A title may stand above nothing, or above the same headings twice."""
    document = only(
        file(HEAD, ROW, HEAD, ROW.replace("2.1", "2.2"), "RX Calibration DFS", HEAD, "5G check,,", HEAD, ROW)
    )

    assert [(each["name"], len(each["steps"])) for each in document["root"]["steps"]] == [
        ("TX Calibration", 2),
        ("5G check", 1),
    ]


def test_a_file_may_hold_several_units() -> None:
    """Each begins with its General table; the same one twice is a copy."""
    first, second = file(HEAD, ROW), file(HEAD, ROW.replace("46,Pass", "46,Fail"), sn="SN-2")
    documents = convert(NAME, first + second, process_code=10, part_number="RT-1").documents
    with pytest.raises(Refused, match="twice"):
        only(first + first)

    assert [(each["sn"], each["result"]) for each in documents] == [("SN-1", "P"), ("SN-2", "F")]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (file(HEAD, ROW, sn="N/A"), "serial number"),
        (file(HEAD, ROW, date=""), "start"),
        (file(HEAD, ROW, date="2026/13/1"), "start"),
        (file(HEAD, ROW, clock="16"), "start"),
        (file(HEAD, ROW, clock="16:31 XM"), "start"),
        (file(HEAD), "result"),
        (file(HEAD, ROW + ",7"), None),
        (file(HEAD, ROW.removesuffix(",46,Pass")), None),
        (file(HEAD, ROW.replace("17.65", "OVERLOAD")), "Measure Power"),
        (file(HEAD, ROW.replace("17.65", "0x1F")), "Measure Power"),
        (file(HEAD, ROW.replace("(17.00 - 18.00)", "(about 17)")), "Power Limit"),
        (file(HEAD, ROW.replace("46,Pass", "46,Maybe")), "Pass/Fail"),
        (file(HEAD.replace("[<=-35dB]", "[<=x]"), ROW), "Power & EVM Limit [>=20dBm] [<=x]"),
        (file("Test,Power Limit,Pass/Fail", "1,(1 - 2),Pass"), "Power Limit"),
        (file(HEAD, ROW).replace(b"\nTX", b"\nSN-9,1.8,2.27,2026/3/17,08:14\nTX"), "serial number"),
        (b"Serial\n" + file(HEAD, ROW), None),
        (b"", None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_a_file_is_not_ready_before_its_last_line_has_an_end() -> None:
    """IQDVT writes line by line."""
    with pytest.raises(NotReady):
        only(file(HEAD, ROW).removesuffix(b"\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(-10 - 10)", ("GELE", -10.0, 10.0, "")),
        ("-10 ~ 10 dB", ("GELE", -10.0, 10.0, "dB")),
        ("(17.00 - 18.00)dBm", ("GELE", 17.0, 18.0, "dBm")),
        ("(<-30)", ("LT", -30.0, None, "")),
        (">= 23 dBm", ("GE", 23.0, None, "dBm")),
        ("20±1", ("GELE", 19.0, 21.0, "")),
        ("-3+-/4", ("GELE", -7.0, 1.0, "")),
    ],
)
def test_limits_are_read_in_all_their_spellings(text: str, expected: tuple[Any, ...]) -> None:
    """Ranges, one-sided ones, and tolerances."""
    found = bound(text)
    assert found is not None

    assert (found.operator, found.low, found.high, found.unit) == expected


def test_it_is_known_by_its_first_table() -> None:
    """Line ends don't matter."""
    assert probe(NAME, file(HEAD, ROW)) == 0.95
    assert probe(NAME, b"\xef\xbb\xbf" + file(HEAD, ROW).replace(b"\n", b"\r\n")) == 0.95
    assert probe(NAME, b"General\nSerial Number,Version\n") == 0.0
