"""Corrections by rule: what is corrected, and what never is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import shared

from wats_worker.reports import wsjf
from wats_worker.reports.tidy import tidied, tidy


def document(**changes: Any) -> dict[str, Any]:
    step = {"group": "M", "stepType": "ET_NLT", "name": "Rail", "status": "F", "numericMeas": [
        {"compOp": "GELE", "status": "F", "value": 11.3, "lowLimit": 11.6, "highLimit": 12.4}]}  # fmt: skip
    root = {
        "group": "M",
        "stepType": "SequenceCall",
        "name": "Main",
        "status": "F",
        "seqCall": {},
        "steps": [step],
    }
    return {
        "type": "T", "pn": "PN-1", "sn": "SN-1", "rev": "A", "processCode": 60, "result": "F",
        "machineName": "FCT-1", "location": "Hall", "purpose": "Production", "start": "2026-03-17T08:14:05.1234567+01:00",
        "uut": {"user": "op"}, "root": root, **changes,
    }  # fmt: skip


def row(changed: dict[str, Any]) -> dict[str, Any]:
    return changed["root"]["steps"][0]["numericMeas"][0]


def test_members_the_server_fills_in_are_dropped() -> None:
    """An export can be sent again without telling the server its own words."""
    repair = json.loads(shared("wats/examples/uur.json").read_text())
    repair["subUnits"][0]["failures"][0]["refStepName"] = "x"
    repair["binaryData"] = [{"contentType": "a", "data": "AAAA", "name": "n", "id": repair["id"]}]
    test = document(
        origin="AABB",
        productName="P",
        assetStats=[{"assetSN": "1"}],
        uut={"user": "op", "refUURs": [{"id": "1"}]},
    )

    (again, _), (test, _) = tidied(repair), tidied(test)

    assert "refStepName" not in again["subUnits"][0]["failures"][0]
    assert "id" not in again["binaryData"][0]
    assert not {"origin", "productName", "assetStats"} & test.keys()
    assert "refUURs" not in test["uut"]


def test_the_limit_of_le_moves_to_where_it_belongs() -> None:
    """The wire has every single limit in lowLimit; a lone highLimit of LE or LT can only mean that."""
    changed = document()
    row(changed).update(compOp="le", lowLimit=None)

    made, notes = tidied(changed)

    assert row(made)["compOp"] == "LE"
    assert row(made)["lowLimit"] == 12.4
    assert "highLimit" not in row(made)
    assert any("moved to lowLimit" in note for note in notes)


def test_control_characters_are_replaced_but_never_in_an_identity() -> None:
    """A serial number with a hole in it is another serial number."""
    made, _ = tidied(document(location="Ha\x00ll", sn="SN\x01"))

    assert made["location"] == "Ha\ufffdll"
    assert made["sn"] == "SN\x01"


def test_blanks_at_the_ends_go() -> None:
    """As the vendor's own client does; the server keeps them."""
    changed = document(rev="01     ", sn=" SN-1 ")
    changed["root"]["steps"][0]["name"] = "Rail "

    made, _ = tidied(changed)

    assert (made["rev"], made["sn"], made["root"]["steps"][0]["name"]) == ("01", "SN-1", "Rail")


def test_what_was_a_report_is_still_one() -> None:
    """A serial number of blanks is for a check to reject, not for a correction to trip over."""
    blank = wsjf.of(document(sn="   ", pn=" "), draft=True)

    report, _ = tidy(blank)

    assert (report["sn"], report["pn"]) == ("   ", " ")


def test_equal_names_in_one_step_are_told_apart() -> None:
    """The second is (2), the third (3), and a name of 100 characters stays one."""
    changed = document()
    name = "n" * 100
    changed["root"]["steps"][0]["numericMeas"] = [{**row(document()), "name": name} for _ in range(3)]

    made, _ = tidied(changed)

    names = [row["name"] for row in made["root"]["steps"][0]["numericMeas"]]
    assert [name[-4:] for name in names] == ["nnnn", " (2)", " (3)"]
    assert {len(name) for name in names} == {100}


def test_the_first_failed_leaf_is_named_as_the_cause() -> None:
    """The Pareto of failures rests on it."""
    made, _ = tidied(document())

    assert made["root"]["steps"][0]["causedUUTFailure"] is True
    assert "causedUUTFailure" not in made["root"]


def test_a_cause_that_is_named_stays_the_only_one() -> None:
    """Whoever knows better is not corrected."""
    changed = document()
    changed["root"]["causedUUTFailure"] = True

    made, _ = tidied(changed)

    assert "causedUUTFailure" not in made["root"]["steps"][0]


def test_steps_without_ids_are_numbered_depth_first() -> None:
    """As the server's own exports are."""
    made, _ = tidied(document())

    assert (made["root"]["id"], made["root"]["steps"][0]["id"]) == (1, 2)


def test_a_reference_follows_its_step() -> None:
    """Renumbering must not blame another step."""
    changed = document(uut={"user": "op", "stepIdCausedUUTFailure": 7})
    changed["root"]["steps"].append({**changed["root"]["steps"][0], "id": 7, "name": "B"})

    made, _ = tidied(changed)

    assert made["root"]["steps"][1]["id"] == made["uut"]["stepIdCausedUUTFailure"] == 3
    assert made["root"]["steps"][1]["causedUUTFailure"] is True


def test_the_start_in_utc_is_computed_to_the_last_digit() -> None:
    """.NET writes seven fraction digits; none is lost."""
    made, notes = tidied(document())

    assert made["startUTC"] == "2026-03-17T07:14:05.1234567Z"
    assert not any("startUTC" in note for note in notes)


@pytest.mark.parametrize("given", ["2026-03-17T07:14:05.1234567", "2026-03-17T08:14:05.1234567+01:00"])
def test_the_same_moment_written_otherwise_gets_its_z(given: str) -> None:
    """Only when it is the same moment: a contradiction stays, for a person to see."""
    assert tidied(document(startUTC=given))[0]["startUTC"] == "2026-03-17T07:14:05.1234567Z"
    assert tidied(document(startUTC="2026-03-17T09:00:00Z"))[0]["startUTC"] == "2026-03-17T09:00:00Z"


def test_a_good_report_stays_as_it_is() -> None:
    """Nothing to correct, nothing said, and the same report."""
    report = wsjf.load(shared("wats/examples/uut_rich.json").read_bytes())

    assert tidy(report) == (report, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(st.sampled_from(["root", "steps", "numericMeas", "id", "name", "uut", "start", "compOp", "highLimit", "subUnits", "failures", "attachments", "binaryData", "stepIdCausedUUTFailure", "result", "x"]), below, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["root", "uut", "start", "subUnits", "binaryData", "result", "startUTC"]), JSON
    )
)
def test_a_document_of_any_shape_is_left_for_the_model(shape: dict[str, Any]) -> None:
    """What isn't shaped like a report is neither corrected nor a crash."""
    tidied(shape)
