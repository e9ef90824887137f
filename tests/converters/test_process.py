"""Files that have only the name of their process: whose word counts, and what becomes of the name."""

from typing import Any

import pytest

from wats_worker.converters.base import Options, Refused, Source
from wats_worker.converters.finish import finish
from wats_worker.reports import wsjf

LIST = {
    "T": {"ICT test": (30,), "Functional test": (60,), "Both": (70,), "Twin": (80, 81)},
    "R": {"Repair": (500,), "Both": (510,)},
}


def made(document: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The report of a document, with these options and the server's list, if there is one."""
    base = {
        "type": "T", "pn": "P", "sn": "S", "rev": "-", "result": "P", "start": "2026-03-17T08:14:05Z",
    }  # fmt: skip
    test = {
        "uut": {"user": "op"},
        "root": {"group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P", "seqCall": {}, "steps": []},
    }  # fmt: skip
    whole = {**base, **document, **({} if "uur" in document else test)}
    return wsjf.document(finish(whole, Source.of_bytes(b"", "x"), Options(**options)))


def infos(report: dict[str, Any]) -> dict[str, str]:
    return {info["description"]: info["text"] for info in report.get("miscInfos") or ()}


def test_the_servers_name_becomes_its_code() -> None:
    """Exactly that name, blanks around it aside; it is sent as well."""
    report = made({"processName": " ICT test "}, server_processes=LIST)

    assert (report["processCode"], report["processName"]) == (30, "ICT test")


def test_the_source_is_asked_before_the_server() -> None:
    """The operator knows what this tester means by its words."""
    report = made({"processName": "ICT test"}, process_codes={"ICT test": 35}, server_processes=LIST)

    assert report["processCode"] == 35
    assert infos(report)["Process"] == "ICT test"
    assert "processName" not in report


@pytest.mark.parametrize("server", [LIST, None])
def test_a_configured_code_stands_in_for_a_name_that_means_nothing_here(server) -> None:
    """Beside it a foreign name would be refused by the server, so it moves; without a list nobody knows that."""
    report = made({"processName": "Tuning"}, process_code=60, server_processes=server)

    assert report["processCode"] == 60
    assert infos(report)["Process code"] == "60 (from configuration)"
    assert ("processName" in report, infos(report).get("Process")) == (
        (False, "Tuning") if server else (True, None)
    )


@pytest.mark.parametrize(
    ("name", "server", "told"),
    [
        ("Tuning", None, "the server's list of processes is not known here"),
        ("Tuning", LIST, "the server has no test of that name"),
        ("ICT Test", LIST, "did it mean 'ICT test'?"),
        ("Repair", LIST, "the server has no test of that name"),
        ("Twin", LIST, "the server has several of that name: 80, 81"),
    ],
)
def test_a_name_that_is_no_code_is_refused(name, server, told) -> None:
    """With the field, and a setting that can be copied."""
    with pytest.raises(Refused, match=told) as refused:
        made({"processName": name}, server_processes=server)

    assert refused.value.field == "process code"
    assert f'process_codes = {{ "{name}" = … }}' in refused.value.fix


def test_a_name_may_mean_one_thing_for_tests_and_another_for_repairs() -> None:
    """And a repair names the test that had failed."""
    assert made({"processName": "Both"}, server_processes=LIST)["processCode"] == 70
    repair = {
        "type": "R",
        "processName": "Both",
        "uur": {
            "user": "rep", "processName": "Functional test", "refUUT": None, "confirmDate": None,
            "finalizeDate": None, "execTime": None,
        },
        "subUnits": [{"idx": 0, "pn": "P", "sn": "S", "rev": "-"}],
    }  # fmt: skip

    report = made(repair, server_processes=LIST)

    assert (report["processCode"], report["uur"]["processCode"]) == (510, 60)


def test_a_code_in_the_file_is_left_alone() -> None:
    """Whether it is right beside the name is for the checks before upload."""
    report = made({"processCode": 30, "processName": "Functional test"}, server_processes=LIST)

    assert (report["processCode"], report["processName"]) == (30, "Functional test")
