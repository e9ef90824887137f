"""The server's process list."""

import pytest

from wats_worker.reports.processes import MOST_PROCESSES, Binding, Copy, Processes

ANSWER = [
    {"code": 60, "name": "Functional test", "isTestOperation": True, "state": 1, "processIndex": 6, "new": "member"},
    {"code": 61, "name": "Functional test", "isTestOperation": True, "state": 0},
    {"code": 500, "name": "Repair", "isRepairOperation": True, "state": 1, "repairOperation": {
        "uutBinding": 0, "bomBinding": 2, "compRefMask": "^C", "repairCategories": [
            {"id": 1, "description": "Component", "repairCodes": [{"description": "Burned Component"}]}]}},
]  # fmt: skip


def test_processes_are_found_by_code_and_by_exact_name() -> None:
    """Case counts, and an inactive namesake doesn't hide the active one."""
    known = Processes.of(ANSWER)

    assert known.coded(60) is known.named("Functional test")
    assert known.named("functional Test") is None


def test_a_name_is_for_tests_or_for_repairs() -> None:
    """Only active ones count, and several of one name are all named."""
    twin = {"code": 65, "name": "Functional test", "isTestOperation": True, "state": 1}

    assert Processes.of(ANSWER).by_name() == {"T": {"Functional test": [60]}, "R": {"Repair": [500]}}
    assert Processes.of([*ANSWER, twin]).by_name()["T"] == {"Functional test": [60, 65]}


def test_a_repair_operation_knows_its_categories_and_bindings() -> None:
    """What a repair report will be held against."""
    operation = Processes.of(ANSWER).coded(500).repair_operation

    assert operation.uut_binding is Binding.REQUIRED
    assert operation.category("Component").has("Burned Component")
    assert operation.category("component") is None


def test_what_a_server_leaves_out_it_writes_as_null() -> None:
    """And ids of whatever kind decide nothing."""
    lacking = {"code": 7, "name": "X", "description": None, "isTestOperation": None, "repairOperation": {
        "uutBinding": None, "compRefMask": None, "repairCategories": None}}  # fmt: skip

    operation = Processes.of([lacking]).coded(7).repair_operation

    assert (operation.uut_binding, operation.comp_ref_mask, operation.repair_categories) == (
        Binding.OPTIONAL,
        None,
        (),
    )


def test_the_offline_copy_says_the_same() -> None:
    """What was dumped is loaded again; its version changes with the list and the server, not with time."""
    copy = Copy(server="https://plant", confirmed_at=1.5, processes=tuple(Processes.of(ANSWER)))

    assert Copy.load(copy.dump()) == copy
    assert Copy.load(copy.dump()).version == copy.version
    assert copy.model_copy(update={"confirmed_at": 2.5}).version == copy.version
    assert copy.model_copy(update={"server": "https://other"}).version != copy.version
    assert copy.model_copy(update={"processes": copy.processes[:1]}).version != copy.version


@pytest.mark.parametrize(
    "text",
    [
        '{"Message": "Authorization has been denied"}',
        '{"server": "x", "confirmed_at": 1, "processes": []}',
        '{"server": "x", "confirmed_at": NaN, "processes": [{"code": 1, "name": "x"}]}',
        '{"server": "x", "confirmed_at": 1, "processes": [{"code": 40000, "name": "x"}]}',
        '{"server": "x", "confirmed_at": 1, "processes": [{"code": 1, "name": ""}]}',
        '{"server": "x", "confi',
    ],
)
def test_a_damaged_copy_is_refused(text: str) -> None:
    """It may have come over the broker, so it is read as strictly as a stranger's."""
    with pytest.raises(ValueError):
        Copy.load(text)


def test_another_answer_than_a_list_of_processes_is_refused() -> None:
    """A login page is not an empty list, and a million processes are not a list of a factory."""
    with pytest.raises(ValueError):
        Processes.of({"Message": "Authorization has been denied"})
    with pytest.raises(ValueError):
        Processes.of([{"code": 1, "name": "x"}] * (MOST_PROCESSES + 1))
