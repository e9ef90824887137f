"""Checks of the step tree, all on one walk over it."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from wats_worker.reports.dates import Instant
from wats_worker.reports.model import Report, Step
from wats_worker.reports.validate.files import check_chart, check_file
from wats_worker.reports.validate.finding import Findings, Limits
from wats_worker.reports.validate.rows import Doubts, check_rows

_BAD: Final = frozenset({"F", "E", "T"})
#: A clock time or a day in a step's name; a new name for each run makes statistics of one.
_CHANGING: Final = re.compile(r"\b\d{1,2}:\d{2}:\d{2}\b|\b\d{4}-\d{2}-\d{2}\b")


def check_steps(report: Report, root: Step, findings: Findings, limits: Limits) -> None:
    """Checks 5, 13 to 15, 17, 19 to 21, 26 and 27."""
    ids: Counter[int] = Counter()
    blamed: list[Step] = []
    count, deepest, failed = 0, 0, False
    doubts = Doubts()
    for step, depth in _walk(root):
        count, deepest = count + 1, max(deepest, depth)
        failed = failed or step["status"] in _BAD
        if (number := step.get("id")) is not None:
            ids[number] += 1
        if step.get("causedUUTFailure"):
            blamed.append(step)
        _check_step(step, report["sn"], findings)
        check_rows(step, findings, doubts)
        if (chart := step.get("chart")) is not None:
            check_chart(chart, findings, limits)
        if (attachment := step.get("attachment")) is not None and (data := attachment.get("data")):
            check_file(attachment, data, findings, limits)
    doubts.tell(findings)
    _check_size(report, count, deepest, findings, limits)
    _check_ids(report, count, ids, findings)
    _check_result(report, root, blamed, findings, failed=failed)


def _walk(root: Step) -> Iterator[tuple[Step, int]]:
    waiting = [(root, 0)]
    while waiting:
        step, depth = waiting.pop()
        yield step, depth
        if below := step.get("steps"):
            waiting += [(child, depth + 1) for child in reversed(below)]


def _check_step(step: Step, serial: str, findings: Findings) -> None:
    name, status = step["name"], step["status"]
    if status == "U":
        findings.reject(5, step, "status", "U only comes back from a server", "send one of P F D S E T")
    if (start := step.get("start")) is not None and Instant.read(start) is None:
        findings.reject(9, step, "start", f"{start} is no date")
    if name != name.strip():
        findings.warn(22, step, "name", "has blanks at its ends", "trim it")
    if (len(serial) > 3 and serial in name) or _changes(name):
        text = f"{name!r} changes from run to run, and statistics group steps by their names"
        findings.warn(26, step, "name", text, "keep values out of step names")
    if status not in _BAD and (steps := step.get("steps")):
        worst = next((below for below in steps if below["status"] in _BAD), None)
        if worst is not None:
            text = f"is {status}, and {worst['name']!r} below it is {worst['status']}"
            findings.warn(19, step, "status", text)


def _changes(name: str) -> bool:
    # Counting two letters first saves most names the search.
    return (name.count(":") > 1 or name.count("-") > 1) and _CHANGING.search(name) is not None


def _check_size(report: Report, count: int, deepest: int, findings: Findings, limits: Limits) -> None:
    if deepest > limits.depth:
        text = f"steps are nested {deepest} deep; servers read about 30"
        findings.warn(26, report, "root", text)
    if count > limits.steps:
        findings.warn(26, report, "root", f"{count} steps in one report")


def _check_ids(report: Report, count: int, ids: Counter[int], findings: Findings) -> None:
    twice = [number for number, times in ids.items() if times > 1]
    if twice or ids.total() < count:
        text = f"{len(twice)} step ids stand twice, {count - ids.total()} steps have none"
        findings.warn(21, report, "root", text, "number the steps anew")
    uut = report.get("uut")
    cause = uut.get("stepIdCausedUUTFailure") if uut is not None else None
    if uut is not None and cause is not None and cause not in ids:
        findings.warn(21, uut, "stepIdCausedUUTFailure", f"there is no step {cause}")


def _check_result(
    report: Report, root: Step, blamed: list[Step], findings: Findings, *, failed: bool
) -> None:
    result, status = report["result"], root["status"]
    if {"D": "P", "S": "P"}.get(status, status) != result:
        findings.warn(19, report, "result", f"is {result}, and the root step is {status}")
    if result == "P":
        return
    if not failed:
        findings.warn(19, report, "result", f"is {result}, and no step failed")
    if len(blamed) != 1:
        text = f"{len(blamed)} steps are marked as the cause of the failure; there should be one"
        fix = "mark the first failed step" if not blamed else "unmark all but the first"
        findings.warn(20, blamed[0] if blamed else root, "", text, fix)
