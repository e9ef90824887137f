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
    blamed: list[str] = []
    count, deepest, failed = 0, 0, False
    doubts = Doubts()
    for step, path, depth in _walk(root):
        count, deepest = count + 1, max(deepest, depth)
        failed = failed or step.status in _BAD
        if step.id is not None:
            ids[step.id] += 1
        if step.caused_uut_failure:
            blamed.append(path)
        _check_step(step, path, report, findings)
        check_rows(step, path, findings, doubts)
        if step.chart is not None:
            check_chart(step.chart, path, findings, limits)
        if step.attachment is not None and step.attachment.data:
            check_file(step.attachment.data, f"{path}.attachment", findings, limits)
    doubts.tell(findings)
    _check_size(count, deepest, findings, limits)
    _check_ids(report, count, ids, findings)
    _check_result(report, root, blamed, findings, failed=failed)


def _walk(root: Step) -> Iterator[tuple[Step, str, int]]:
    waiting = [(root, "report.root", 0)]
    while waiting:
        step, path, depth = waiting.pop()
        yield step, path, depth
        if step.steps:
            waiting.extend((below, f"{path}.steps[{i}]", depth + 1) for i, below in enumerate(step.steps))


def _check_step(step: Step, path: str, report: Report, findings: Findings) -> None:
    if step.status == "U":
        findings.reject(5, f"{path}.status", "U only comes back from a server", "send one of P F D S E T")
    if step.start is not None and Instant.read(step.start) is None:
        findings.reject(9, f"{path}.start", f"{step.start} is no date")
    if step.name != step.name.strip():
        findings.warn(22, f"{path}.name", "has blanks at its ends", "trim it")
    if _CHANGING.search(step.name) or (len(report.sn) > 3 and report.sn in step.name):
        text = f"{step.name!r} changes from run to run, and statistics group steps by their names"
        findings.warn(26, f"{path}.name", text, "keep values out of step names")
    worst = next((below for below in step.steps or () if below.status in _BAD), None)
    if worst is not None and step.status not in _BAD:
        findings.warn(
            19, f"{path}.status", f"is {step.status}, and {worst.name!r} below it is {worst.status}"
        )


def _check_size(count: int, deepest: int, findings: Findings, limits: Limits) -> None:
    if deepest > limits.depth:
        findings.warn(26, "report.root", f"steps are nested {deepest} deep; servers read about 30")
    if count > limits.steps:
        findings.warn(26, "report.root", f"{count} steps in one report")


def _check_ids(report: Report, count: int, ids: Counter[int], findings: Findings) -> None:
    twice = [number for number, times in ids.items() if times > 1]
    if twice or ids.total() < count:
        text = f"{len(twice)} step ids stand twice, {count - ids.total()} steps have none"
        findings.warn(21, "report.root", text, "number the steps anew")
    cause = report.uut.step_id_caused_uut_failure if report.uut is not None else None
    if cause is not None and cause not in ids:
        findings.warn(21, "report.uut.stepIdCausedUUTFailure", f"there is no step {cause}")


def _check_result(report: Report, root: Step, blamed: list[str], findings: Findings, *, failed: bool) -> None:
    if {"D": "P", "S": "P"}.get(root.status, root.status) != report.result:
        findings.warn(19, "report.result", f"is {report.result}, and the root step is {root.status}")
    if report.result == "P":
        return
    if not failed:
        findings.warn(19, "report.result", f"is {report.result}, and no step failed")
    if len(blamed) != 1:
        text = f"{len(blamed)} steps are marked as the cause of the failure; there should be one"
        fix = "mark the first failed step" if not blamed else "unmark all but the first"
        findings.warn(20, blamed[0] if blamed else "report.root", text, fix)
