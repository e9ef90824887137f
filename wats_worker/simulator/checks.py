"""What only the server knows: its processes, its repair categories and codes, its component mask."""

import re
from collections.abc import Iterator, Sequence

from wats_worker.reports.model import Report, Uur
from wats_worker.reports.wsjf import Fault
from wats_worker.simulator.processes import Binding, Process, RepairOperation


def misfits(report: Report, processes: Sequence[Process]) -> Iterator[Fault]:
    """Say in what a report of the right schema does not fit this server."""
    process = next((one for one in processes if one.code == report["processCode"] and one.active), None)
    yield from _process_misfits("report.", report["processCode"], report.get("processName"), process)
    uur = report.get("uur")
    if uur is None:
        if process and not process.is_test:
            yield Fault("report.processCode", f"{process.code} ({process.name}) is not a test operation")
        return
    if process and not process.repair:
        yield Fault("report.processCode", f"{process.code} ({process.name}) is not a repair operation")
    elif process and process.repair:
        yield from _repair_misfits(report, uur, process.repair)
    code = uur["processCode"]
    tested = next((one for one in processes if one.code == code and one.active), None)
    yield from _process_misfits("report.uur.", code, uur.get("processName"), tested)
    if tested and not tested.is_test:
        yield Fault("report.uur.processCode", f"{code} ({tested.name}) is not a test operation")


def _process_misfits(at: str, code: int, name: str | None, process: Process | None) -> Iterator[Fault]:
    if process is None:
        yield Fault(f"{at}processCode", f"{code} is not a process of this server")
    elif name and name != process.name:
        yield Fault(f"{at}processName", f"'{name}' is not the name of process {code}: '{process.name}'")


def _repair_misfits(report: Report, uur: Uur, operation: RepairOperation) -> Iterator[Fault]:
    if operation.uut_binding is Binding.REQUIRED and not uur["refUUT"]:
        yield Fault("report.uur.refUUT", "This repair operation asks for the failed test report")
    codes = operation.codes()
    for unit_at, unit in enumerate(report.get("subUnits") or []):
        for at, failure in enumerate(unit.get("failures") or []):
            place = f"report.subUnits[{unit_at}].failures[{at}]"
            category, code, component = failure["category"], failure["code"], failure["comRef"]
            if category not in codes:
                yield Fault(f"{place}.category", f"'{category}' is not a repair category")
            elif code not in codes[category]:
                yield Fault(f"{place}.code", f"'{code}' is not a repair code of '{category}'")
            if component and not re.fullmatch(operation.component_mask, component):
                text = f"'{component}' does not match {operation.component_mask}"
                yield Fault(f"{place}.comRef", text)
