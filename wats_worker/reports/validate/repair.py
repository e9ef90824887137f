"""Checks of repair reports: what was found, where, and against which test."""

import re
from collections.abc import Iterator

from wats_worker.reports.model import Failure, Report, Uur
from wats_worker.reports.processes import Binding, Processes, RepairOperation
from wats_worker.reports.validate.files import check_file
from wats_worker.reports.validate.finding import Findings, Limits


def check_repair(
    report: Report, uur: Uur, findings: Findings, processes: Processes | None, limits: Limits
) -> None:
    """Checks 11, 15, 21 and 25 of a repair; 11 as far as the server's list says."""
    process = processes.coded(report.process_code) if processes is not None else None
    operation = process.repair_operation if process is not None else None
    if operation is not None and operation.uut_binding is Binding.REQUIRED and uur.ref_uut is None:
        text = "this repair operation needs the report of the failed test"
        findings.reject(11, "report.uur.refUUT", text, "name it, or make the binding optional on the server")
    failures = list(_failures(report))
    if not failures:
        findings.warn(11, "report.subUnits", "a repair without a failure", "No failure found is a code, too")
    for failure, path in failures:
        if operation is not None:
            _check_code(failure, path, operation, findings)
        if failure.ref_step_id is not None and uur.ref_uut is None:
            findings.warn(21, f"{path}.refStepId", "points into a test that refUUT doesn't name")
        if failure.ref_step_name:
            findings.warn(25, f"{path}.refStepName", "is filled in by the server", "drop it")
    _check_files(report, failures, findings, limits)
    _check_parents(report, findings)


def _failures(report: Report) -> Iterator[tuple[Failure, str]]:
    for number, unit in enumerate(report.sub_units or ()):
        for index, failure in enumerate(unit.failures or ()):
            yield failure, f"report.subUnits[{number}].failures[{index}]"


def _check_code(failure: Failure, path: str, operation: RepairOperation, findings: Findings) -> None:
    category = operation.category(failure.category)
    if category is None:
        text = f"{failure.category!r} is not a category of this repair operation"
        findings.reject(11, f"{path}.category", text, "use the description as it stands on the server")
    elif not category.has(failure.code):
        text = f"{failure.code!r} is not a code of {failure.category!r}"
        findings.reject(11, f"{path}.code", text, "use the description as it stands on the server")
    _check_mask(failure, path, operation, findings)


def _check_mask(failure: Failure, path: str, operation: RepairOperation, findings: Findings) -> None:
    if not operation.comp_ref_mask:
        return
    try:
        fits = re.search(operation.comp_ref_mask, failure.com_ref or "") is not None
    except re.error:  # a .NET expression that Python can't read; the server will judge
        return
    if not fits:
        why = operation.comp_ref_validation_text or f"it must match {operation.comp_ref_mask}"
        findings.reject(11, f"{path}.comRef", f"{failure.com_ref!r} is not taken here: {why}")


def _check_files(
    report: Report, failures: list[tuple[Failure, str]], findings: Findings, limits: Limits
) -> None:
    for number, file in enumerate(report.binary_data or ()):
        check_file(file.data, f"report.binaryData[{number}]", findings, limits)
    for failure, path in failures:
        for number, file in enumerate(failure.attachments or ()):
            check_file(file.data, f"{path}.attachments[{number}]", findings, limits)


def _check_parents(report: Report, findings: Findings) -> None:
    units = report.sub_units or []
    known = [unit.idx for unit in units]
    for number, unit in enumerate(units):
        if known.count(unit.idx) > 1:
            findings.reject(4, f"report.subUnits[{number}].idx", f"{unit.idx} stands twice")
        if unit.parent_idx is not None and unit.parent_idx not in known:
            findings.warn(
                21, f"report.subUnits[{number}].parentIdx", f"there is no sub unit {unit.parent_idx}"
            )
