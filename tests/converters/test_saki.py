"""Saki AOI: the real panel against facts read by hand, and what other sites and settings make of one."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "saki-xml"
REAL = "corpus/files/saki-xml/SAKI-testdata.xml"


def image(number: int, barcode: str = "N/A", result: str = "passed", lists: str = "") -> str:
    return f'<Image barcode="{barcode}" id="{number}" result="{result}"><Results>{lists}</Results></Image>'


def found(name: str, *designators: str) -> str:
    below = "".join(f'<Reference designator="{each}" partNumber="P-{each}"/>' for each in designators)
    return f"<{name}>{below}</{name}>"


def panel(*images: str, more: str = "", **facts: str) -> bytes:
    given = {
        "barcode": "PANEL-1", "result": "passed", "startDate": "03/17/2026", "startTime": "08:14:05",
        "side": "PN-1", "operator": "op17", **facts,
    }  # fmt: skip
    attributes = " ".join(f'{name}="{value}"' for name, value in given.items())
    program = '<Program name="MB_TOP" ver="3"/>'
    return f"<Panel {attributes} {more}>{program}{''.join(images)}</Panel>".encode()


def made(data: bytes, **options: Any) -> list[dict[str, Any]]:
    return convert(NAME, data, **{"process_code": 10, **options}).documents


def test_the_golden_facts_hold() -> None:
    """One report for the panel, as only the panel has a barcode."""
    facts = json.loads(shared("corpus/golden/saki-xml/SAKI-testdata.xml.json").read_text())
    for fact in facts["measurements"]:  # "Image 1 Failed C1164" is a path
        first, number, *kind, part = fact["name"].split(" ")
        fact["name"] = " / ".join(
            [f"{first} {number}", {"False call": "False calls"}.get(" ".join(kind), *kind[:1]), part]
        )
    documents = made(shared(REAL).read_bytes())
    steps = list(golden.steps(documents[0]))
    images = documents[0]["root"]["steps"]
    facts.pop("runs")  # the images, which are parts of the one report

    assert golden.check(facts, documents) == []
    assert [(each["name"], each["status"]) for each in images] == [
        ("Image 1", "F"),
        ("Image 2", "P"),
        ("Image 3", "P"),
    ]
    assert sum("/Failed/" in path for path, _ in steps) == facts["counts"]["failed_references"]
    assert sum("/False calls/" in path for path, _ in steps) == facts["counts"]["false_calls"]


def test_a_part_is_told_with_all_that_is_known_of_it() -> None:
    """Two windows of one part are two steps."""
    [document] = made(shared(REAL).read_bytes())
    first = document["root"]["steps"][0]["steps"][0]["steps"]

    assert [step["name"] for step in first].count("C1164") == 2
    assert (
        first[0]["reportText"] == "partNumber: 4123456\npackage: 4123456_R0603\ndescription: Description text"
    )


def test_a_setting_makes_each_image_a_unit() -> None:
    """Without a barcode of its own it goes by the panel's and its position."""
    documents = made(shared(REAL).read_bytes(), unit="image")

    assert [(each["sn"], each["result"]) for each in documents] == [
        ("SN123456789-1", "F"), ("SN123456789-2", "P"), ("SN123456789-3", "P"),
    ]  # fmt: skip
    assert documents[2]["uut"]["testSocketIndex"] == 3
    assert {"description": "Panel barcode", "text": "SN123456789"} in documents[0]["miscInfos"]


def test_images_with_barcodes_are_units_unless_the_panel_is_to_be_one() -> None:
    """What was not inspected is no unit."""
    data = panel(
        image(1, "B-1", "failed", found("Failed", "R1")),
        image(2, "B-2"),
        image(3, result="skipped"),
        result="failed",
    )
    documents, whole = made(data), made(data, unit="panel")

    assert [(each["sn"], each["result"]) for each in documents] == [("B-1", "F"), ("B-2", "P")]
    assert [(each["sn"], each["result"]) for each in whole] == [("PANEL-1", "F")]
    assert {"description": "Image 2 barcode", "text": "B-2"} in whole[0]["miscInfos"]
    assert whole[0]["root"]["steps"][2]["status"] == "S"


def test_parts_that_passed_may_be_listed_too() -> None:
    """So may nothing at all."""
    [document] = made(panel(image(1, lists=found("Passed", "R1") + found("Failed"))))
    [passed] = document["root"]["steps"][0]["steps"]

    assert (passed["name"], passed["status"], passed["steps"][0]["status"]) == ("Passed", "P", "P")


def test_an_image_without_any_code_is_no_unit() -> None:
    """Its position alone is none."""
    with pytest.raises(Refused) as caught:
        made(panel(image(1), barcode="NOREAD"), unit="image")

    assert caught.value.field == "serial number"


def test_the_same_barcode_on_all_images_is_the_panels() -> None:
    """A machine that can't read them copies the one it has."""
    data = panel(image(1, "X-9"), image(2, "X-9"), barcode="X-9")

    assert [each["sn"] for each in made(data)] == ["X-9"]
    assert [each["sn"] for each in made(data, unit="image")] == ["X-9-1", "X-9-2"]


def test_barcodes_on_some_images_are_for_a_person_to_decide() -> None:
    """Either answer would lose a unit or make one up."""
    with pytest.raises(Refused) as caught:
        made(panel(image(1, "B-1"), image(2, "NOREAD")))

    assert caught.value.field == "serial number"
    assert "unit" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("facts", "options", "start"),
    [
        ({}, {}, "2026-03-17T08:14:05+01:00"),
        ({"startDate": "04/03/2026"}, {"date_order": "dmy"}, "2026-03-04T08:14:05+01:00"),
        ({"startDate": "2026/03/17", "startTime": "8:14:05 PM"}, {}, "2026-03-17T20:14:05+01:00"),
        (
            {"startDate": "17.03.2026", "startTime": "08:14"},
            {"date_order": "dmy"},
            "2026-03-17T08:14:00+01:00",
        ),
    ],
)
def test_dates_are_read_as_sites_write_them(
    facts: dict[str, str], options: dict[str, Any], start: str
) -> None:
    """A year of four digits at the beginning needs no setting."""
    assert made(panel(image(1), **facts), **options)[0]["start"] == start


def test_a_date_that_can_be_read_in_two_ways_is_told() -> None:
    """And isn't, once the source says how it is written."""
    data = panel(image(1), startDate="03/04/2026")

    assert any("date_order" in text for text in convert(NAME, data, process_code=10).warnings)
    assert not convert(NAME, data, process_code=10, date_order="mdy").warnings


def test_the_side_of_the_board_is_no_part_number() -> None:
    """Some sites write the one there, some the other; a configured number goes before both."""
    with pytest.raises(Refused, match="part number"):
        made(panel(image(1), side="TOP"))
    [top] = made(panel(image(1), side="TOP"), part_number="PN-9")
    [other] = made(panel(image(1), side="PN-1"), part_number="PN-9")

    assert (top["pn"], other["pn"]) == ("PN-9", "PN-9")
    assert {"description": "Side", "text": "TOP"} in top["miscInfos"]


def test_what_else_a_panel_says_is_kept() -> None:
    """An end makes a duration."""
    [document] = made(panel(image(1), more='endDate="03/17/2026" endTime="08:14:35" line="L3"'))

    assert document["uut"] == {"user": "op17", "execTime": 30.0}
    assert document["root"]["seqCall"] == {"name": "MB_TOP", "version": "3"}
    assert {"description": "line", "text": "L3"} in document["miscInfos"]


def test_words_of_a_site_can_be_told() -> None:
    """Nobody guesses what repaired means."""
    data = panel(image(1, result="repaired"), result="repaired")
    with pytest.raises(Refused, match="'repaired' is not a result") as caught:
        made(data)

    assert "statuses" in str(caught.value.fix)
    assert made(data, statuses={"Repaired": "P"})[0]["result"] == "P"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (panel(image(1), barcode="N/A"), "serial number"),
        (panel(image(1), barcode=""), "serial number"),
        (panel(image(1), startDate=""), "start"),
        (panel(image(1), startDate="13/13/2026"), "start"),
        (panel(image(1), startTime=""), "start"),
        (panel(image(1), startTime="25:00:00"), "start"),
        (panel(image(1), result=""), "result"),
        (panel(image(1), result="skipped"), "result"),
        (panel(image(1, result="?")), "result"),
        (panel(), "Image"),
        (panel(image(1, lists=found("Failed", ""))), "designator"),
        (panel(image(1, lists=found("Repaired", "R1"))), None),
        (panel(image(1, lists="<Failed><Part designator='R1'/></Failed>")), "designator"),
        (panel(image(1, "B-1"), image(2, "B-2")).replace(b'barcode="B-1"', b'barcode=""').replace(b'"PANEL-1"', b'""'), "serial number"),
    ],
)  # fmt: skip
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        made(data)

    assert caught.value.field == field


def test_a_panel_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    data = panel(image(1))
    for end in (len(data) // 2, len(data) - 3):
        with pytest.raises(NotReady):
            made(data[:end])


def test_it_is_known_by_its_root() -> None:
    """And not by the name of the root alone."""
    assert probe(NAME, panel(image(1))) == 0.9
    assert probe(NAME, b"<Panel barcode='1' result='passed'/>") == 0.0
    assert probe(NAME, b"<Panel xmlns='urn:x' barcode='1' result='passed' startDate='x'/>") == 0.0
