"""Omron AOI: the real answer of the web service, and panels with several boards."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "omron-aoi-xml"
FILE = "AOI1_20260317081405.xml"
RULE = r"^(?P<station>[^_]+)_(?P<start>[0-9]{14})"


def component(
    name: str, last: str = "0", code: str = "B-1", segment: str = "1", **facts: str
) -> dict[str, str]:
    return {
        "component_id": "7",
        "segment_no": segment,
        "segment_code": code,
        "circuit_number": name,
        "last_result": last,
        **facts,
    }


def answer(*components: dict[str, str], count: int | None = None, error: str = "0") -> bytes:
    data = "".join(
        "<data>"
        + "".join(f'<param value="{value}" name="{name}"/>' for name, value in each.items())
        + "</data>"
        for each in components
    )
    number = len(components) if count is None else count
    return f"<resultDataM><output>{data}</output><recordCount>{number}</recordCount><returnCode>{error}</returnCode></resultDataM>".encode()


def made(data: bytes, file: str = FILE, **options: Any) -> list[dict[str, Any]]:
    given = {"process_code": 10, "part_number": "PB-1", "file_name": RULE, **options}
    return convert(NAME, data, file=file, **given).documents


def test_the_golden_facts_hold() -> None:
    """With what the one who asked knows, which stands in the file's name."""
    facts = json.loads(shared("corpus/golden/omron-aoi-xml/component_list_response.xml.json").read_text())
    documents = made(shared(f"corpus/{facts['file']}").read_bytes())
    [board, panel] = documents[0]["root"]["steps"]

    assert golden.check(facts, documents) == []
    assert len(board["steps"]) + len(panel["steps"]) == facts["counts"]["recordCount"]
    assert (documents[0]["machineName"], documents[0]["start"]) == ("AOI1", "2026-03-17T08:14:05+01:00")
    assert {"description": "Start", "text": "20260317081405 (from the file's name)"} in documents[0][
        "miscInfos"
    ]


def test_without_a_rule_for_the_name_the_start_is_missing() -> None:
    """It is refused by name, and the fix is said."""
    with pytest.raises(Refused) as caught:
        made(answer(component("R1")), file_name=None)

    assert caught.value.field == "start"
    assert "file_name" in str(caught.value.fix)


def test_boards_of_a_panel_are_units_and_the_panel_counts_for_each() -> None:
    """Boards of one code are one unit with two segments."""
    first, second = made(
        answer(
            component("R1", code="B-1", segment="1"),
            component("R1", "1", code="B-2", segment="3", inspection_result_name="Missing"),
            component("R1", code="B-1", segment="2"),
            component("Visual Field", "3", code="", segment="0", component_id="900001"),
        )
    )

    assert [(each["sn"], each["result"]) for each in (first, second)] == [("B-1", "P"), ("B-2", "F")]
    assert [step["name"] for step in first["root"]["steps"]] == ["Segment 1", "Segment 2", "Whole panel"]
    assert second["root"]["steps"][0]["steps"][0]["errorMessage"] == "Missing"
    assert second["root"]["steps"][1]["steps"][0]["name"] == "Visual Field (900001)"
    assert second["uut"]["testSocketIndex"] == 3


def test_a_fault_of_the_panel_fails_its_boards() -> None:
    """Nobody knows on which of them it lies."""
    documents = made(
        answer(component("R1"), component("R1", code="B-2"), component("Field", "1", code="", segment="0"))
    )

    assert [each["result"] for each in documents] == ["F", "F"]


def test_a_board_without_a_code_may_have_it_in_the_name() -> None:
    """If it is the only one."""
    rule = r"^(?P<serial_number>[^_]+)_(?P<start>[0-9]{14})"
    [document] = made(answer(component("R1", code="NOREAD")), "SN-7_20260317081405.xml", file_name=rule)
    with pytest.raises(Refused, match="serial number"):
        made(answer(component("R1", code=""), component("R1", segment="2")), file_name=rule)

    assert document["sn"] == "SN-7"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (answer(component("R1", code="")), "serial number"),
        (answer(component("R1", "2")), "last_result"),
        (answer(component("R1", "")), "last_result"),
        (answer(component("")), "circuit_number"),
        (answer(component("R1", "3")), "result"),
        (answer(component("R1"), count=2), "recordCount"),
        (answer(component("R1"), error="101"), "returnCode"),
        (answer(component("R1"), error=""), "returnCode"),
        (answer(), None),
        (answer({"inspection_id": "17", "inspection_end_time": "2026/03/17 08:14:05"}), "segment_code"),
        (answer(component("R1")).replace(b"</data>", b'<param name="segment_code" value="B-9"/></data>'), "segment_code"),
    ],
)  # fmt: skip
def test_what_can_not_be_right_is_refused(data: bytes, field: str | None) -> None:
    """The field is named where there is one."""
    with pytest.raises(Refused) as caught:
        made(data)

    assert caught.value.field == field


@pytest.mark.parametrize("file", ["AOI1.xml", "AOI1_20261317081405.xml", "log"])
def test_a_name_without_a_start_gives_none(file: str) -> None:
    """A month 13 is no start either."""
    with pytest.raises(Refused) as caught:
        made(answer(component("R1")), file)

    assert caught.value.field == "start"


def test_an_answer_is_not_ready_before_its_end_tag() -> None:
    """Wherever it is cut."""
    data = answer(component("R1"))
    for end in (len(data) // 2, len(data) - 3):
        with pytest.raises(NotReady):
            made(data[:end])


def test_it_is_known_by_its_root_and_params() -> None:
    """An answer without any is nobody's."""
    assert probe(NAME, answer(component("R1"))) == 0.9
    assert probe(NAME, answer()) == 0.0
    assert probe(NAME, b"<resultDataM><output><row/></output></resultDataM>") == 0.0
