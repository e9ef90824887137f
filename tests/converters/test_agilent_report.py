"""Agilent 3070 reports of failures: real ones against facts read by hand, and each kind of failure on its own."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "agilent-report-txt"
FILES = "corpus/files/agilent-report-txt"

#: Read by hand from files the golden facts say nothing about.
FACTS: dict[str, dict[str, Any]] = {
    "67830015AJ_report_out_e14gen8_iph_intel.txt": {
        "reports_expected": 1,
        "header": {"serial_number": "67830015AJ", "start": "2005-01-01T08:57:32", "result": "Failed"},
        "counts": {"failed_steps": 2},
        "measurements": [
            {"name": "pc6203", "value": 6.1244e-06, "unit": "F", "low": 3.29e-06, "high": 6.11e-06, "comp": "GELE"},
            {"name": "rc17", "value": 479470, "unit": "Ohm", "low": 5000, "high": 15000, "status": "Failed"},
        ],
    },
    "67830015D0_report_out_e14gen8_iph_intel.txt": {
        "reports_expected": 1,
        "header": {"serial_number": "67830015D0", "start": "2005-01-01T02:14:41", "result": "Failed"},
        "measurements": [
            {"name": "testjet / jtp1 pin 2", "value": 47.6, "comp": "LOG", "status": "Failed"},
            {"name": "testjet / jtp1 pin 13", "value": 52.5, "comp": "LOG", "status": "Failed"},
        ],
    },
    "6783001AGA_report_out_loq15_irx9.txt": {
        "reports_expected": 1,
        "header": {"serial_number": "6783001AGA", "revision": "5b21d46524", "result": "Failed"},
        "counts": {"failed_steps": 10},
        "measurements": [
            {"name": "rw5214", "value": 47722, "unit": "Ohm", "high": 15, "comp": "LE"},
            {"name": "jusb1_sp", "value": 928.67e6, "unit": "Ohm", "high": 492, "comp": "LE"},
        ],
    },
    "67830010EJ_report_out_loq15_irx9.txt": {
        "reports_expected": 1,
        "header": {"serial_number": "67830010EJ", "start": "2005-01-04T07:45:47"},
        "measurements": [{"name": "rtp6302", "value": -23320, "unit": "Ohm", "high": 15, "comp": "LE"}],
    },
}  # fmt: skip
RULE = "-" * 40
HEADING = f"{RULE}\nCONTROL UNIT-A\nBoard Version:  c2\nTue Jan 06 18:13:37 2026\n{RULE}\n"
DEVICE = f"r17 HAS FAILED\n\nMeasured:   112.50k\nNominal:    10.000k\nHigh Limit: 15.000k\nLow Limit:  5.0000k\nResistance in OHMS\n{RULE}\n"
SERIAL = "Serial #: SN-1\n"


def report(*parts: str, heading: str = HEADING, serial: str = SERIAL) -> bytes:
    return (heading + "".join(parts) + serial).encode()


def only(data: bytes, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, data, **{"process_code": 10, **options}).documents
    return document


def step(*lines: str) -> dict[str, Any]:
    [made] = only(report("\n".join([*lines, RULE, ""])))["root"]["steps"]
    return dict(made)


def test_the_golden_facts_hold() -> None:
    """Everything that was read by hand from real reports."""
    differences = {}
    for path in sorted(shared("corpus/golden/agilent-report-txt").iterdir()):
        facts = json.loads(path.read_text())
        made = convert(NAME, shared(f"corpus/{facts['file']}").read_bytes(), process_code=10)
        differences[path.name] = golden.check(facts, made.documents)

    assert {name: found for name, found in differences.items() if found} == {}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_what_was_read_from_other_reports_holds(name: str) -> None:
    """Capacitors, jumpers with a negative reading, vectorless tests."""
    made = convert(NAME, shared(f"{FILES}/{name}").read_bytes(), process_code=10)

    assert golden.check(FACTS[name], made.documents) == []


def test_a_device_has_its_value_its_limits_and_its_unit() -> None:
    """The prefix is glued to the number, the unit stands in words on a line of its own."""
    document = only(report(DEVICE))

    [made] = document["root"]["steps"]
    assert (document["pn"], document["rev"], document["sn"]) == ("CONTROL UNIT-A", "c2", "SN-1")
    assert (document["result"], document["start"]) == ("F", "2026-01-06T18:13:37+01:00")
    assert made["numericMeas"] == [
        {
            "compOp": "GELE",
            "status": "F",
            "unit": "Ohm",
            "value": 112500.0,
            "lowLimit": 5000.0,
            "highLimit": 15000.0,
        }
    ]
    assert "Nominal:    10.000k" in made["reportText"]


@pytest.mark.parametrize(
    ("measured", "row"),
    [
        ("31.815k", {"compOp": "LE", "lowLimit": 492.0, "value": 31815.0}),
        ("-23.320k", {"compOp": "LE", "lowLimit": 492.0, "value": -23320.0}),
        ("3.2000", {"compOp": "GE", "lowLimit": 492.0, "value": 3.2}),
    ],
)
def test_a_threshold_is_the_limit_that_was_missed(measured: str, row: dict[str, Any]) -> None:
    """A jumper should be below it, an open one above; what is listed has failed."""
    made = step("j1 HAS FAILED", f"Measured:   {measured}", "Threshold: 492.00", "Jumper Resistance in OHMS")

    assert made["numericMeas"] == [{**row, "status": "F", "unit": "Ohm"}]


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("Capacitance in FARADS", "F"),
        ("Inductance in HENRIES", "H"),
        ("Voltage in VOLTS", "V"),
        ("Gain in BETAS", "Betas"),
    ],
)
def test_units_in_words_are_units(words: str, unit: str) -> None:
    """One that nobody knows is kept as it is."""
    assert step("x1 HAS FAILED", "Measured:   1.0", words)["numericMeas"][0]["unit"] == unit


def test_a_device_without_a_value_has_failed_all_the_same() -> None:
    """What it says is told."""
    made = step("u7 HAS FAILED", "Pin 7 stuck low")

    assert (made["booleanMeas"], made["reportText"]) == ([{"status": "F"}], "Pin 7 stuck low")


def test_parallel_devices_and_hints_are_told_with_the_device() -> None:
    """Between rules of their own."""
    parallel = f"DEVICES IN PARALLEL\n   [r18] BOM Value : 10k\n{RULE}\n"
    [made] = only(report("r17 HAS FAILED\n\nREPLACE DEVICE: r17\n\nMeasured: 1.0\n" + RULE + "\n", parallel))[
        "root"
    ]["steps"]

    assert "REPLACE DEVICE: r17" in made["reportText"]
    assert "[r18] BOM Value : 10k" in made["reportText"]


def test_a_test_with_a_report_of_its_own_is_a_step() -> None:
    """Shorts and pins: a verdict, and its lines."""
    kinds = [
        f'{RULE}\n{kind} Report for "{name}".\nTue Jan 06 18:13:40 2026\nCONTROL UNIT-A\nBoard Version:  c2\n{RULE}\n'
        f"{lines}\n------End, {count} Problem Reported-----------\n"
        for kind, name, lines, count in (
            ("Shorts", "shorts", "Short #1\nFrom: GND\nTo: VCC", 1),
            ("CHEK-POINT", "pins", "No problems", 0),
        )
    ]
    document = only(report(DEVICE, *kinds))

    found = [(made["name"], made["status"]) for made in document["root"]["steps"]]
    assert found == [("r17", "F"), ("shorts", "F"), ("pins", "P")]
    assert "To: VCC" in document["root"]["steps"][1]["reportText"]
    assert document["start"].startswith("2026-01-06T18:13:37")


def test_a_file_may_hold_several_boards() -> None:
    """Each ends with its serial number."""
    data = report(DEVICE) + report(DEVICE, serial="Serial #: SN-2\n")

    assert [document["sn"] for document in convert(NAME, data, process_code=10).documents] == ["SN-1", "SN-2"]


def test_the_same_report_twice_is_refused() -> None:
    """As a file that was joined with its own copy."""
    with pytest.raises(Refused, match="twice"):
        convert(NAME, report(DEVICE) * 2, process_code=10)


def test_a_report_without_a_serial_number_is_refused() -> None:
    """It ends with a rule, so nothing more is to come."""
    with pytest.raises(Refused) as caught:
        only(report(DEVICE, serial=""))

    assert caught.value.field == "serial number"


def test_a_report_is_not_ready_before_its_last_line() -> None:
    """Also not in the middle of its serial number."""
    data = report(DEVICE)

    for end in (len(HEADING) + 20, len(data) - len(SERIAL) - 10, len(data) - 3):
        with pytest.raises(NotReady):
            only(data[:end])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (report(DEVICE, serial="Serial #:   \n"), "serial number"),
        (report(DEVICE, SERIAL, serial="Serial #: SN-2\n"), None),
        (report(DEVICE, heading=HEADING.replace("2026", "9999")), "start"),
        (report(DEVICE, heading=HEADING.replace("Jan 06", "Feb 31")), "start"),
        (report(DEVICE, heading=HEADING.replace("Tue Jan", "Wed Jan")), "start"),  # it was a Tuesday
        (report(DEVICE, heading=HEADING.replace("Tue Jan 06 18:13:37 2026\n", "")), "start"),
        (report(DEVICE, heading=""), "part number"),
        (report(DEVICE, HEADING.replace("UNIT-A", "UNIT-B"), DEVICE), "part number"),
        (report(DEVICE, HEADING.replace("c2", "c3"), DEVICE), "revision"),
        (report(DEVICE.replace("112.50k", "112,50k")), "Measured"),
        (report(DEVICE.replace("112.50k", "OVERLOAD")), "Measured"),
        (report(DEVICE.replace("112.50k", "0x1F")), "Measured"),
        (report(DEVICE.replace("112.50k", "112.50q")), "Measured"),
        (report(DEVICE.replace("Nominal", "Measured")), "Measured"),
        (report(SERIAL), None),
        (b"", None),
        (report(DEVICE).replace(b"\n", b"\r"), None),
    ],
)
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(data)

    assert caught.value.field == field


def test_it_is_known_by_its_rules_and_failures() -> None:
    """As long as the serial number is missing it is less sure."""
    assert probe(NAME, report(DEVICE)) == 0.9
    assert probe(NAME, report(DEVICE, serial="")) == 0.6
    assert probe(NAME, HEADING.encode()) == 0.0
    assert probe(NAME, b"r17 HAS FAILED\n") == 0.0
