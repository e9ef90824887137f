"""WSJF files: passed through with nothing lost, and nothing taken that isn't a report."""

import json
from typing import Any

import golden
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused
from wats_worker.reports import wsjf

NAME = "wats-json"


def example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(shared(f"wats/examples/{name}.json").read_text())
    return document


def written(*documents: Any) -> bytes:
    return b"\n".join(json.dumps(document).encode() for document in documents)


def only(*documents: Any, **options: Any) -> dict[str, Any]:
    [made] = convert(NAME, written(*documents), **options).documents
    return made


@pytest.mark.parametrize("name", ["uut_minimal", "uut_rich", "uut_rich_assets", "uur"])
def test_a_report_goes_through_unchanged(name: str) -> None:
    """Tests and repairs, with their ids."""
    made = convert(NAME, written(example(name)))

    assert made.reports == [wsjf.of(example(name))]
    assert made.warnings == []


def test_the_golden_facts_hold() -> None:
    """A real export keeps everything but what the server had filled in."""
    export = shared("corpus/files/wats-wsjf-wsxf/uut-wsjf-export.json").read_bytes()
    facts = json.loads(shared("corpus/golden/wats-wsjf/uut-wsjf-export.json.json").read_text())
    made = convert(NAME, export)

    [report] = made.reports
    original = wsjf.load(export)
    assert golden.check(facts, made.documents) == []
    assert report == {key: value for key, value in original.items() if key not in {"origin", "assetStats"}}
    assert any("origin" in warning for warning in made.warnings)


def test_the_start_in_utc_is_added() -> None:
    """Servers take reports without it, and other readers stumble."""
    document = example("uut_minimal")
    del document["startUTC"]

    assert only(document)["startUTC"] == "2026-03-17T07:14:05.25Z"


def test_several_reports_in_one_file() -> None:
    """As an array or one per line."""
    others = [
        {**example("uut_minimal"), "id": f"{i}b0c1f0e-6a52-4d0b-9a0c-2f6d4f7f1a01", "sn": f"SN-{i}"}
        for i in range(3)
    ]

    assert [r["sn"] for r in convert(NAME, written(others)).reports] == ["SN-0", "SN-1", "SN-2"]
    assert [r["sn"] for r in convert(NAME, written(*others)).reports] == ["SN-0", "SN-1", "SN-2"]


def test_reports_by_the_line_are_read_one_by_one() -> None:
    """A file of any size takes the room of one report; a last line that is cut off may still come."""
    lines = written(*[{**example("uut_minimal"), "id": None, "sn": f"SN-{i}"} for i in range(3)]) + b"\n"

    assert len(convert(NAME, lines).reports) == 3
    assert len(convert(NAME, lines.replace(b"\n", b"\r\n\r\n")).reports) == 3
    with pytest.raises(NotReady):
        convert(NAME, lines[:-20])
    with pytest.raises(Refused, match="line 2"):
        convert(NAME, lines.replace(b"SN-1", b'SN"1'))


@pytest.mark.parametrize("change", [{}, {"id": "0f2f6a55-7a42-4f0c-b0c4-6f0e6a2b9e21"}, {"sn": "SN-2"}])
def test_the_same_run_twice_in_a_file_is_refused(change: dict[str, str]) -> None:
    """Whether it is the id that is equal, or the unit and its start."""
    with pytest.raises(Refused, match="twice"):
        convert(NAME, written([example("uut_minimal"), {**example("uut_minimal"), **change}]))


def test_an_unknown_member_is_refused_with_its_path() -> None:
    """It is a fact somebody wrote down and WATS would lose."""
    document = example("uut_rich")
    document["root"]["steps"][0]["partNumber"] = "x"

    with pytest.raises(Refused, match=r"report\.root\.steps\[0\]\.partNumber"):
        only(document)


def test_members_that_may_be_ignored_are_dropped_with_a_word() -> None:
    """Pywats writes ``uur.active``, which the server's type lacks."""
    document = example("uur")
    document["uur"]["active"] = True
    document["uur"]["extra"] = 1

    with pytest.raises(Refused, match="extra"):
        only(document)
    made = convert(NAME, written(document), ignore_members=("active", "extra"))
    assert [warning.split(":")[0] for warning in made.warnings] == ["report.uur.active", "report.uur.extra"]


def test_a_member_the_wire_knows_is_never_ignored() -> None:
    """Even if somebody asks for it, and even if it is the one that is wrong."""
    document = example("uut_minimal")
    document["uut"]["comment"] = "x" * 5_001

    with pytest.raises(Refused, match="comment"):
        only(document, ignore_members=("comment",))


def test_what_may_be_configured_is_filled_in_and_recorded() -> None:
    """Product facts are; the station's are only filled in."""
    document = {**example("uut_minimal"), "pn": "", "rev": None, "location": ""}
    del document["processCode"]
    made = only(document, part_number="PN-9", revision="C", process_code=60, location="Hall 9")

    assert (made["pn"], made["rev"], made["processCode"], made["location"]) == ("PN-9", "C", 60, "Hall 9")
    assert [info["text"] for info in made["miscInfos"]] == [
        f"{value} (from configuration)" for value in ("PN-9", "C", "60")
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sn": ""}, "serial number"),
        ({"sn": "  "}, "serial number"),
        ({"sn": None}, "serial number"),
        ({"sn": 12345}, "serial number"),
        ({"sn": "S" * 10_000}, "serial number"),
        ({"sn": "AB\x00CD"}, "serial number"),
        ({"sn": "AB\u202e321"}, "serial number"),
        ({"pn": ""}, "part number"),
        ({"start": None}, "start"),
        ({"start": 5}, "start"),
        ({"start": "9999-12-31T23:59:59Z"}, "start"),
        ({"start": "2026-02-30T00:00:00Z"}, "start"),
        ({"start": "2026-03-17T08:14:05"}, "start"),
        ({"processCode": None}, "process code"),
        ({"result": "Passed"}, "result"),
    ],
)
def test_an_identity_is_never_made_up(change: dict[str, Any], field: str) -> None:
    """The field is named."""
    with pytest.raises(Refused) as caught:
        only({**example("uut_minimal"), **change})

    assert caught.value.field == field


def test_a_text_that_ends_in_the_middle_is_not_ready() -> None:
    """And nothing else isn't: a wrong character will not become a right one."""
    data = written(example("uut_rich"))

    for end in range(1, len(data), 211):
        with pytest.raises(NotReady):
            convert(NAME, data[:end])
    for wrong in (
        data + b"x",
        data[:-1] + b",}",
        data[:200] + b"\0" * 100,
        b"",
        b" \n",
        b"[]",
        b'"text"',
        b"[1]",
        b"null",
    ):
        with pytest.raises(Refused):
            convert(NAME, wrong)


def test_only_reports_are_claimed() -> None:
    """By the members every report has, wherever they stand in a large one."""
    large = example("uut_minimal")
    large = {"root": {**large.pop("root"), "reportText": "x" * 70_000}, **large}

    assert probe(NAME, written(example("uut_rich"))) == 0.98
    assert probe(NAME, written([example("uur")]), "x.bin") == 0.98
    assert probe(NAME, written(large)) == 0.98
    assert probe(NAME, b'{"type": "T", "name": "x"}', "report.json") == 0.0
    assert probe(NAME, b'<a>"type": "T", "pn": "", "sn": "", "processCode": 1, "root": 1</a>') == 0.0
