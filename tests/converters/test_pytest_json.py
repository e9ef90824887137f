"""Reports of pytest-json-report: the same conventions as JUnit, and the phases of a test."""

import json
from typing import Any

import bad
import pytest
from logs import convert, probe
from support import shared

from wats_worker.converters.base import NotReady, Refused

NAME = "pytest-json-report"
KNOWN = {"process_code": 10}
FILE = "corpus/files/pytest-json-report/pytest_json_report_bench.json"


def a_test(outcome: str = "passed", name: str = "test_board.py::test_rail", **more: Any) -> dict[str, Any]:
    return {"nodeid": name, "outcome": outcome, "call": {"duration": 0.25, "outcome": outcome}, **more}


def run(*tests: dict[str, Any], **more: Any) -> bytes:
    members = {
        "created": 1795381433.5,
        "duration": 0.5,
        "exitcode": 0,
        "root": "/tests",
        "environment": {"serial_number": "SN-1", "part_number": "PN-1"},
        "collectors": [],
        "tests": list(tests),
    }
    return json.dumps({**members, **more}).encode()


def made(data: bytes, **options: Any) -> dict[str, Any]:
    [report] = convert(NAME, data, **{**KNOWN, **options}).documents
    return report


def test_what_pytest_wrote_of_a_board() -> None:
    """Seven tests of one module; the unit is put into the file, as it has none."""
    report = made(bad.of_a_unit(shared(FILE).read_bytes()))
    [module] = report["root"]["steps"]

    assert (report["result"], report["uut"]["execTime"]) == ("F", 0.187768)
    assert report["start"] == "2026-11-22T21:03:52.862+00:00"
    assert [step["status"] for step in module["steps"]] == ["P", "P", "F", "F", "S", "S", "E"]
    assert module["steps"][0]["numericMeas"] == [
        {"compOp": "GELE", "status": "P", "value": 3.301, "unit": "V", "lowLimit": 3.135, "highLimit": 3.465}
    ]
    assert module["steps"][3]["numericMeas"][0]["value"] == "NaN"
    assert module["steps"][6]["errorMessage"] == "RuntimeError: fixture door open"


def test_a_run_of_software_is_no_unit() -> None:
    """Nothing in it names one, whatever is configured."""
    with pytest.raises(Refused) as caught:
        made(shared(FILE).read_bytes(), part_number="PN-1")

    assert caught.value.field == "serial number"


def test_any_test_may_tell_the_unit() -> None:
    """With a property; what else it records is measured."""
    told = [{"serial_number": "SN-7"}, {"led": True}]
    report = made(run(a_test(user_properties=told), environment={"part_number": "PN-1"}))
    [step] = report["root"]["steps"][0]["steps"]

    assert report["sn"] == "SN-7"
    assert step["stringMeas"] == [{"compOp": "LOG", "status": "P", "value": "True"}]
    with pytest.raises(Refused, match="serial number"):
        made(run(a_test(user_properties=told)))


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ({}, "P"),
        ({"exitcode": 2}, "T"),
        ({"exitcode": 3}, "E"),
        ({"collectors": [{"nodeid": "test_other.py", "outcome": "failed", "result": []}]}, "E"),
    ],
)
def test_the_run_as_a_whole_has_a_word(more: dict[str, Any], result: str) -> None:
    """Tests that passed before somebody interrupted the run make no unit good."""
    assert made(run(a_test(), **more))["result"] == result


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (run(a_test("maybe")), "outcome"),
        (run(a_test("skipped")), "result"),
        (run(), "result"),
        (run(a_test(), created=None), "start"),
        (run(a_test(), created=1e300), "start"),
        (run(a_test(), tests={}), "tests"),
        (run(a_test(user_properties=[{"v": "high"}, {"unit": "V"}])), "v"),
    ],
)
def test_what_cannot_be_a_report_is_refused(data: bytes, field: str) -> None:
    """With the member it is about."""
    with pytest.raises(Refused) as caught:
        made(data)

    assert caught.value.field == field


def test_a_file_without_its_end_is_waited_for() -> None:
    """It may still be written; an array is none of ours."""
    with pytest.raises(NotReady):
        made(run(a_test())[:-1])
    with pytest.raises(Refused):
        made(b"[" + run(a_test()) + b"]")


def test_how_sure_it_is() -> None:
    """All the members that such a report begins with."""
    assert probe(NAME, run(a_test())) == 0.9
    assert probe(NAME, run(a_test()).replace(b"exitcode", b"exit")) == 0.0
