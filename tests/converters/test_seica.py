"""Seica XML, as far as a description of it goes."""

from typing import Any

import bad
import pytest
from logs import convert, probe

from wats_worker.converters.base import NotReady, Refused

NAME = "seica-xml"
TEXT = bad.SEICA.decode()


def only(text: str, **options: Any) -> dict[str, Any]:
    [document] = convert(NAME, text.encode(), **{"process_code": 10, **options}).documents
    return document


def test_the_attributes_fill_the_report() -> None:
    """The name of the program is the part number and the revision."""
    document = only(TEXT)

    assert (document["pn"], document["rev"], document["sn"], document["result"]) == ("4711", "B", "SN-1", "F")
    assert document["uut"] == {"user": "op17", "execTime": 55.0}
    assert document["start"] == "2026-03-17T08:14:05+01:00"
    assert {"description": "Board name", "text": "Main board"} in document["miscInfos"]


def test_tests_stand_in_their_groups() -> None:
    """With their limits in base units, their verdicts and their times."""
    resistors, power = only(TEXT)["root"]["steps"]

    assert (resistors["name"], resistors["status"], power["status"]) == ("Resistors", "F", "P")
    assert resistors["steps"][0]["numericMeas"] == [
        {
            "compOp": "GELE",
            "status": "P",
            "unit": "Ohm",
            "value": 10100.0,
            "lowLimit": 9900.0,
            "highLimit": 10500.0,
        }
    ]
    assert resistors["steps"][0]["reportText"] == "10.1 kOhm (9.9 to 10.5)"
    assert (resistors["steps"][1]["status"], resistors["steps"][1]["totTime"]) == ("F", 0.009)


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ('ML="4.9" ', "", {"compOp": "LE", "value": 5.01, "lowLimit": 5.1, "unit": "V"}),
        ('MH="5.1" ', "", {"compOp": "GE", "value": 5.01, "lowLimit": 4.9, "unit": "V"}),
        ('MU="V"', 'MU="counts"', {"compOp": "GELE", "value": 5.01, "lowLimit": 4.9, "highLimit": 5.1, "unit": "counts"}),
        ('MU="V"', 'MU="mV"', {"compOp": "GELE", "value": 0.00501, "lowLimit": 0.0049, "highLimit": 0.0051, "unit": "V"}),
    ],
)  # fmt: skip
def test_what_is_missing_stays_missing(old: str, new: str, row: dict[str, Any]) -> None:
    """One-sided limits stay one-sided, and a unit nobody knows is left alone."""
    assert only(TEXT.replace(old, new))["root"]["steps"][1]["steps"][0]["numericMeas"] == [
        {"status": "P", **row}
    ]


def test_a_test_without_a_value_is_a_verdict() -> None:
    """Its time is kept."""
    made = only(TEXT.replace('MR="5.01" ', ""))["root"]["steps"][1]["steps"][0]

    assert (made["booleanMeas"], made["totTime"]) == ([{"status": "P"}], 0.04)


def test_a_file_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    for end in (len(TEXT) // 2, len(TEXT) - 4):
        with pytest.raises(NotReady):
            only(TEXT[:end])


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('BCP="SN-1"', 'BCP=" "', "serial number"),
        ('NM="4711_B 12"', 'NM=""', "part number"),
        ("17-03-2026 08:14:05", "", "start"),
        ("17-03-2026 08:14:05", "31-02-2026 08:14:05", "start"),
        ("17-03-2026 08:14:05", "17-03-2026", "start"),
        ('NF="1"', 'NF="none"', "NF"),
        ('<ET ED="17-03-2026 08:15:00" NF="1"/>', "", "ET"),
        ("</BI>", '</BI><BI BCP="SN-2" SD="17-03-2026 08:14:05"/>', "BI"),
        ('MR="5.01"', 'MR="5,01"', "VCC"),
        ('MR="5.01"', 'MR="OVERLOAD"', "VCC"),
        ('NM="VCC"', 'NM=""', "NM"),
        ('TR="1"', 'TR="no"', "TR"),
        ("<R>", "<!DOCTYPE R><R>", None),
        ("<R>", "<Q>", None),
    ],
)
def test_what_can_not_be_right_is_refused(old: str, new: str, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        only(TEXT.replace(old, new).replace("</R>", "</Q>" if new == "<Q>" else "</R>"))

    assert caught.value.field == field


def test_it_is_known_by_its_root_and_two_of_its_elements() -> None:
    """A root of one letter is nobody's alone."""
    assert probe(NAME, TEXT.encode()) == 0.95
    assert probe(NAME, b"<R><A/></R>") == 0.0
    assert probe(NAME, TEXT.replace("<R>", '<R xmlns="urn:x">').encode()) == 0.0
