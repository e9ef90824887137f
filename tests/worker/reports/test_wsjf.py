"""Reading and writing one report as JSON."""

import json
from typing import Any

import pytest
from support import shared

from wats_worker.reports import wsjf

MINIMAL: dict[str, Any] = {
    "type": "T", "id": "11111111-2222-3333-4444-555555555555", "pn": "PN-1", "sn": "SN-1", "rev": "A",
    "processCode": 60, "result": "P", "machineName": "FCT-1", "location": "Hall", "purpose": "Production",
    "start": "2026-03-17T08:14:05.250+01:00", "startUTC": "2026-03-17T07:14:05.250Z", "uut": {"user": "op"},
    "root": {"id": 1, "group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P", "seqCall": {}},
}  # fmt: skip


def written(document: Any) -> bytes:
    return json.dumps(document).encode()


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_a_real_export_survives_loading_and_dumping() -> None:
    """Everything a server exports comes back, but for members that are null."""
    export = shared("corpus/files/wats-wsjf-wsxf/uut-wsjf-export.json").read_bytes()

    again = wsjf.dump(wsjf.load(export))

    assert without_nulls(json.loads(again)) == without_nulls(json.loads(export))


@pytest.mark.parametrize("name", ["uut_minimal", "uut_rich", "uut_rich_assets", "uur"])
def test_the_examples_survive_loading_and_dumping(name: str) -> None:
    """Also those with NaN, charts, assets and the nulls a repair needs."""
    example = shared(f"wats/examples/{name}.json").read_bytes()

    again = wsjf.dump(wsjf.load(example))

    assert without_nulls(json.loads(again)) == without_nulls(json.loads(example))


def test_dumping_is_the_same_twice() -> None:
    """A report that was dumped and loaded is dumped to the same bytes."""
    once = wsjf.dump(wsjf.load(written(MINIMAL)))

    assert wsjf.dump(wsjf.load(once)) == once


def test_nan_and_the_infinities_are_strings() -> None:
    """The three values JSON can't carry go over the wire as the server writes them."""
    values = ["NaN", "Infinity", "-Infinity"]
    rows = [
        {"compOp": "LOG", "status": "P", "name": f"{i}", "value": value} for i, value in enumerate(values)
    ]
    step = {"id": 2, "group": "M", "stepType": "ET_MNLT", "name": "Log", "status": "P", "numericMeas": rows}
    report = wsjf.load(written({**MINIMAL, "root": {**MINIMAL["root"], "steps": [step]}}))

    found = json.loads(wsjf.dump(report))["root"]["steps"][0]["numericMeas"]

    assert [row["value"] for row in found] == values


def test_a_null_call_stays_beside_its_children() -> None:
    """The wire asks a step with children for the key, and a dump that leaves nulls out must not lose it."""
    child = {"group": "M", "stepType": "Action", "name": "a", "status": "D"}
    step = {
        "group": "M",
        "stepType": "SequenceCall",
        "name": "s",
        "status": "D",
        "seqCall": None,
        "steps": [child],
    }
    report = wsjf.load(written({**MINIMAL, "root": {**MINIMAL["root"], "steps": [step]}}))

    assert wsjf.load(wsjf.dump(report)) == report


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"sn": "1", "sn": "2"}', "stands twice"),
        (b'{"a": {"sn": "1", "sn": "1"}}', "stands twice"),
        (b'{"value": NaN}', "bare NaN"),
        (b'{"value": -Infinity}', "bare -Infinity"),
        (b'{"value": 1e400}', "larger than a double"),
        (b'{"value": ' + b"9" * 6_000 + b"}", "too long"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
        (b'{"sn": "\\ud800"}', "lone surrogate"),
        (b'\xef\xbb\xbf{"sn": "1"}', "byte order mark"),
        (b'{"sn": "\xe9"}', "not UTF-8"),
        (b"{'sn': '1'}", "double quotes"),
        (b'{"sn": "1",}', "double quotes"),
        (b'// comment\n{"sn": "1"}', "Expecting value"),
        (b'{"sn": "1"} {"sn": "1"}', "Extra data"),
        (b'{"sn": "A\x00"}', "control character"),
        (b"", "Expecting value"),
    ],
)
def test_what_is_not_quite_json_is_refused(text: bytes, reason: str) -> None:
    """Python's parser would take some of these, and lose something."""
    with pytest.raises(wsjf.NotJson, match=reason):
        wsjf.parse(text)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"sn":', '"sn": "SN-0", "sn":', "stands twice"),
        ('"sn": "SN-1"', '"sn": "SN-0", "sn": "SN\\u003a1"', "stands twice"),
        ('"sn": "SN-1"', '"sn": "SN-0", "sn": "null"', "stands twice"),
        ('"uut": {', '"uut": {"comment": "null", "user": "x", ', "stands twice"),
        ('"uut": {', '"uut": {"execTime": NaN, ', "bare NaN"),
        ('"seqCall": {}', '"numericMeas": [{"compOp": "LOG", "status": "P", "value": 1e400}]', "larger"),
    ],
)
def test_a_report_that_lost_something_on_the_way_is_refused(old: str, new: str, reason: str) -> None:
    """The quick parser takes more than JSON is; what it may have taken too much of is read strictly."""
    text = json.dumps(MINIMAL)
    assert text.count(old) == 1

    wsjf.load(text.encode())
    with pytest.raises(wsjf.NotJson, match=reason):
        wsjf.load(text.replace(old, new).encode())


def test_nulls_are_absent_in_a_report() -> None:
    """Servers export one for every member that has nothing to say."""
    full = {**MINIMAL, "miscInfos": None, "uut": {**MINIMAL["uut"], "comment": None}}
    step = {**MINIMAL["root"], "loop": None, "steps": [{**MINIMAL["root"], "id": 2, "seqCall": None}]}

    assert wsjf.load(written(full)) == wsjf.load(written(MINIMAL))
    [below] = wsjf.of({**MINIMAL, "root": step})["root"]["steps"]
    assert not below.keys() & {"seqCall", "loop"}


def test_the_elements_of_a_list_come_one_by_one() -> None:
    """The first is there before the last is looked at, and what is wrong behind it is still found."""
    found = wsjf.elements(' [ {"a": 1} , {"a": 2}, {"a": ')

    assert [next(found), next(found)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(wsjf.NotJson) as caught:
        next(found)
    assert caught.value.cut_off
    assert list(wsjf.elements("[]")) == []
    for wrong in ("[1,]", "[1 2]", "[1] 2", "[1}", "["):
        with pytest.raises(wsjf.NotJson):
            list(wsjf.elements(wrong))


def test_a_text_that_stops_in_the_middle_is_told_from_a_wrong_one() -> None:
    """Wherever a document is cut, the rest may still come; a wrong character stays wrong."""
    document = written({**MINIMAL, "flag": True, "none": None, "text": "caf\u00e9 \\ \n", "number": -1.5e-7})

    cuts = []
    for end in range(1, len(document)):
        with pytest.raises(wsjf.NotJson) as caught:
            wsjf.parse(document[:end])
        cuts.append(caught.value.cut_off)

    assert all(cuts)
    with pytest.raises(wsjf.NotJson) as caught:
        wsjf.parse(document.replace(b":", b";", 1))
    assert not caught.value.cut_off


def test_a_fault_says_where_it_is() -> None:
    """The path is the one the server would name, also for rules over several members."""
    row = {"compOp": "GELE", "status": "P", "value": 1, "lowLimit": 0}
    child = {"group": "M", "stepType": "ET_NLT", "name": "", "status": "P", "numericMeas": [row]}

    with pytest.raises(wsjf.InvalidReport) as caught:
        wsjf.of({**MINIMAL, "root": {**MINIMAL["root"], "steps": [child]}, "partNumber": "x"})

    assert {fault.path for fault in caught.value.faults} == {
        "report.root.steps[0].name",
        "report.root.steps[0].numericMeas[0].highLimit",
        "report.partNumber",
    }


def test_only_a_draft_may_lack_its_id() -> None:
    """The pipeline gives the id; whatever is sent has one."""
    document = {key: value for key, value in MINIMAL.items() if key != "id"}

    assert "id" not in wsjf.of(document, draft=True)
    with pytest.raises(wsjf.InvalidReport, match=r"report\.id"):
        wsjf.of(document)


def test_a_report_nested_beyond_reason_is_refused() -> None:
    """Neither the stack nor the patience of the reader is the sender's to use up."""
    root: dict[str, Any] = {**MINIMAL["root"]}
    step = root
    for _ in range(400):
        below = {"group": "M", "stepType": "SequenceCall", "name": "s", "status": "P", "seqCall": {}}
        step["steps"] = [below]
        step = below

    with pytest.raises(wsjf.InvalidReport, match="depth"):
        wsjf.of({**MINIMAL, "root": root})


@pytest.mark.parametrize("step", ["{}", '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', "1"])
def test_a_million_mistakes_are_told_by_the_first(step: str) -> None:
    """Telling all of them would take gigabytes, and the worker with them."""
    document = MINIMAL | {"root": MINIMAL["root"] | {"steps": [json.loads(step)] * 20_000}}

    with pytest.raises(wsjf.InvalidReport) as refused:
        wsjf.load(json.dumps(document).encode(), draft=True)

    assert 1 <= len(refused.value.faults) < 20
    assert all("steps[0]" in fault.path for fault in refused.value.faults)


def test_a_part_of_a_report_has_few_members() -> None:
    """Each unknown one would be a mistake of its own."""
    document = MINIMAL | {f"member {number}": 1 for number in range(100_000)}

    with pytest.raises(wsjf.NotJson, match="an object of 100"):
        wsjf.load(json.dumps(document).encode(), draft=True)
