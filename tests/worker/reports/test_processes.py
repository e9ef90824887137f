"""The server's process list."""

import json

import pytest

from wats_worker.reports.processes import Binding, Processes

ANSWER = [
    {"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1, "processIndex": 6, "new": "member"},
    {"code": 61, "name": "Functional test", "isTestOperation": True, "state": 0},
    {"code": 500, "name": "Repair", "isRepairOperation": True, "state": 1, "repairOperation": {
        "uutBinding": 0, "bomBinding": 2, "compRefMask": "^C", "repairCategories": [
            {"id": 1, "description": "Component", "repairCodes": [{"description": "Burned Component"}]}]}},
]  # fmt: skip


def without_ids() -> list[dict[str, object]]:
    answer = json.loads(json.dumps(ANSWER))
    del answer[2]["repairOperation"]["repairCategories"][0]["id"]
    return answer


def test_processes_are_found_by_code_and_by_exact_name() -> None:
    """Case counts, and an inactive namesake doesn't hide the active one."""
    known = Processes.of(without_ids())

    assert known.coded(60) is known.named("Functional test")
    assert known.named("functional Test") is None
    assert known.codes() == {"Functional test": 60, "Repair": 500}


def test_a_repair_operation_knows_its_categories_and_bindings() -> None:
    """What a repair report will be held against."""
    operation = Processes.of(without_ids()).coded(500).repair_operation

    assert operation.uut_binding is Binding.REQUIRED
    assert operation.category("Component").has("Burned Component")
    assert operation.category("component") is None


def test_the_offline_copy_says_the_same() -> None:
    """What was dumped is loaded again, member by member."""
    known = Processes.of(without_ids())

    assert list(Processes.load(known.dump())) == list(known)


def test_another_answer_than_a_list_of_processes_is_refused() -> None:
    """A login page is not an empty list."""
    with pytest.raises(ValueError):
        Processes.load(b'{"Message": "Authorization has been denied"}')
