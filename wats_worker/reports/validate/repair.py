"""Checks of repair reports: what was found, where, and against which test."""

import re

from wats_worker.reports.model import Failure, Report, Uur
from wats_worker.reports.processes import Binding, Processes, RepairOperation
from wats_worker.reports.validate.files import check_file
from wats_worker.reports.validate.finding import Findings, Limits


def check_repair(
    report: Report, uur: Uur, findings: Findings, processes: Processes | None, limits: Limits
) -> None:
    """Checks 11, 15, 21 and 25 of a repair; 11 as far as the server's list says."""
    process = processes.coded(report["processCode"]) if processes is not None else None
    operation = process.repair_operation if process is not None else None
    if operation is not None and operation.uut_binding is Binding.REQUIRED and uur["refUUT"] is None:
        text = "this repair operation needs the report of the failed test"
        findings.reject(11, uur, "refUUT", text, "name it, or make the binding optional on the server")
    failures = [failure for unit in report.get("subUnits", ()) for failure in unit.get("failures", ())]
    if not failures:
        fix = "No failure found is a code, too"
        findings.warn(11, report, "subUnits", "a repair without a failure", fix)
    for failure in failures:
        if operation is not None:
            _check_code(failure, operation, findings)
        if failure.get("refStepId") is not None and uur["refUUT"] is None:
            findings.warn(21, failure, "refStepId", "points into a test that refUUT doesn't name")
        if failure.get("refStepName"):
            findings.warn(25, failure, "refStepName", "is filled in by the server", "drop it")
    for file in report.get("binaryData", ()):
        check_file(file, file["data"], findings, limits)
    for file in (file for failure in failures for file in failure.get("attachments", ())):
        check_file(file, file["data"], findings, limits)
    _check_parents(report, findings)


def _check_code(failure: Failure, operation: RepairOperation, findings: Findings) -> None:
    category = operation.category(failure["category"])
    fix = "use the description as it stands on the server"
    if category is None:
        text = f"{failure['category']!r} is not a category of this repair operation"
        findings.reject(11, failure, "category", text, fix)
    elif not category.has(failure["code"]):
        text = f"{failure['code']!r} is not a code of {failure['category']!r}"
        findings.reject(11, failure, "code", text, fix)
    _check_mask(failure, operation, findings)


def _check_mask(failure: Failure, operation: RepairOperation, findings: Findings) -> None:
    if not operation.comp_ref_mask:
        return
    try:
        fits = re.search(operation.comp_ref_mask, failure["comRef"] or "") is not None
    except re.error:  # a .NET expression that Python can't read; the server will judge
        return
    if not fits:
        why = operation.comp_ref_validation_text or f"it must match {operation.comp_ref_mask}"
        findings.reject(11, failure, "comRef", f"{failure['comRef']!r} is not taken here: {why}")


def _check_parents(report: Report, findings: Findings) -> None:
    units = report.get("subUnits", [])
    known = [unit.get("idx") for unit in units]
    for unit in units:
        index, parent = unit.get("idx"), unit.get("parentIdx")
        if known.count(index) > 1:
            findings.reject(4, unit, "idx", f"{index} stands twice")
        if parent is not None and parent not in known:
            findings.warn(21, unit, "parentIdx", f"there is no sub unit {parent}")
