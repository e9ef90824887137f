"""Compares reports with facts that somebody read by hand from the raw file."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wats_worker.reports.dates import Instant

Document = Mapping[str, Any]

_LETTERS = {"Passed": "P", "Failed": "F", "Done": "D", "Skipped": "S", "Error": "E", "Terminated": "T"}
#: Where a report has what the header of a golden file names.
_HEADER: Mapping[str, Callable[[Document], Any]] = {
    "part_number": lambda report: report["pn"],
    "revision": lambda report: report["rev"],
    "serial_number": lambda report: report["sn"],
    "operator": lambda report: report["uut"]["user"],
    "station": lambda report: report["machineName"],
    "process_code": lambda report: str(report["processCode"]),
    "program": lambda report: _program(report["root"]["seqCall"]),
    "batch": lambda report: report["uut"].get("batchSN"),
}
#: What the counts of a golden file count. "Below the root" leaves out the root step itself.
_COUNTS: Mapping[str, Callable[[Document], int]] = {
    "teresult_with_step_name": lambda report: len(list(steps(report))),
    "report_step_count_attribute": lambda report: len(list(steps(report))) - 1,
    "steps_below_root": lambda report: len(list(steps(report))) - 1,
    "root_steps": lambda report: len(report["root"]["steps"]),
    "numeric_limit_steps": lambda report: sum("numericMeas" in step for _, step in steps(report)),
    "pass_fail_steps": lambda report: sum("booleanMeas" in step for _, step in steps(report)),
    "nested_sequence_calls": lambda report: sum("seqCall" in step for _, step in steps(report)) - 1,
    "sections": lambda report: sum("seqCall" in step for _, step in steps(report)) - 1,
    "STEP": lambda report: sum("seqCall" not in step for _, step in steps(report)),
    "failed_steps": lambda report: sum(
        "seqCall" not in step and step["status"] == "F" for _, step in steps(report)
    ),
}


def _program(call: Mapping[str, str]) -> str | None:
    """A TestStand program is a file and a sequence in it, and written as one."""
    path, name = call.get("path", ""), call.get("name")
    return f"{path}#{name}" if path.endswith(".seq") else name


def check(golden: Document, reports: list[dict[str, Any]]) -> list[str]:
    """What differs between a golden file and the reports made of its source; nothing if all facts hold.

    The header, the counts and the measurements are those of the first report, unless the golden file names
    its reports one by one.
    """
    expected = golden.get("reports_expected")
    differences = [] if expected in (None, len(reports)) else [f"{len(reports)} reports, not {expected}"]
    if not reports:
        return differences
    header, runs = golden.get("header", {}), golden.get("runs", ())
    report = _described(header, reports) if runs else reports[0]
    differences += _header(header, report)
    for name, count in golden.get("counts", {}).items():
        if name in _COUNTS and (found := _COUNTS[name](report)) != count:
            differences.append(f"{name}: {found}, not {count}")
    for fact in golden.get("measurements", ()):
        # Runs are counted from 1; "row" counts the lines of a table, its heading included; "part" is a serial.
        run = fact.get("run") or fact.get("row", 1) - 1
        named = next((one for one in reports if one["sn"] == fact.get("part")), report)
        differences += _measurement(fact, reports[run - 1] if run else named)
    if len(runs) == len(reports):
        for run, made in zip(runs, reports, strict=True):
            differences += _header(run, made)
    seconds = golden.get("execution_time_s")
    if seconds is not None and not _same(report["uut"].get("execTime"), seconds):
        differences.append(f"execution time: {report['uut'].get('execTime')}, not {seconds}")
    return differences


def _described(header: Document, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The report a header is about: it need not be the file's first."""
    serial, start = header["serial_number"], header["start"]
    for report in reports:
        if report["sn"] == serial["value"] and not list(_start(start["value"], start, report)):
            return report
    return reports[0]


def steps(report: Document) -> Iterator[tuple[str, Document]]:
    """Every step with its path of names, the root first."""
    waiting: list[tuple[str, Document]] = [("", report["root"])]
    while waiting:
        path, step = waiting.pop()
        yield path, step
        waiting.extend((f"{path}/{below['name']}", below) for below in reversed(step.get("steps") or []))


def _header(header: Document, report: Document) -> Iterator[str]:
    for name, fact in header.items():
        value = fact.get("value") if isinstance(fact, Mapping) else fact
        accept = fact.get("accept", ()) if isinstance(fact, Mapping) else ()
        if value is None and not accept:
            continue  # not asserted
        if name == "start":
            yield from _start(value, fact if isinstance(fact, Mapping) else {}, report)
        elif name == "result":
            if report["result"] not in {_LETTERS.get(word, word) for word in (value, *accept)}:
                yield f"result: {report['result']}, not {value}"
        elif name == "process_code" and value == report.get("processName"):
            continue  # some testers know the code of their process, others its name
        elif name in _HEADER and (found := _HEADER[name](report)) not in (value, *accept):
            yield f"{name}: {found!r}, not {value!r}"


def _start(value: str, fact: Document, report: Document) -> Iterator[str]:
    """With a zone the moment must be the same, without one the digits of the clock."""
    written = report["start"] if fact.get("has_zone") else report["start"][:19] + _fraction(report["start"])
    if Instant.read(written) != Instant.read(value):
        yield f"start: {report['start']}, not {value}"


def _fraction(date: str) -> str:
    digits = (
        date[20:].split("+", maxsplit=1)[0].split("-", maxsplit=1)[0].rstrip("Z")
        if date[19:20] == "."
        else ""
    )
    return f".{digits}" if digits else ""


def _measurement(fact: Document, report: Document) -> Iterator[str]:
    # Names are pointers: "ua1 / pino40" is a row of a step, "pins (run 1)" says which report is meant.
    name = "/" + re.sub(r" \(run [0-9]+\)$", "", fact["name"]).replace(" / ", "/")
    rows = [
        (step, row)
        for path, step in steps(report)
        for row in _rows(step)
        if f"{path}/{row.get('name') or ''}".rstrip("/").endswith(name) or path.endswith(name)
    ]
    told = [list(_differences(fact, step, row)) for step, row in rows]
    if not told:
        yield f"{fact['name']}: no such measurement"
    elif all(told):
        yield from min(told, key=len)


def _rows(step: Document) -> list[Document]:
    rows = [*step.get("numericMeas", ()), *step.get("stringMeas", ()), *step.get("booleanMeas", ())]
    return rows or [{"status": step["status"]}]  # what was skipped has none


def _differences(fact: Document, step: Document, row: Document) -> Iterator[str]:
    name = fact["name"]
    expected = {"comp": fact.get("comp"), "unit": fact.get("unit")}
    found = {"comp": row.get("compOp"), "unit": row.get("unit")}
    for member, value in expected.items():
        if value is not None and found[member] != value:
            yield f"{name}: {member} {found[member]!r}, not {value!r}"
    value = (row["status"] == "P") if isinstance(fact.get("value"), bool) else row.get("value")
    for member, given, wanted in (
        ("value", value, fact.get("value")),
        ("low", row.get("lowLimit", row.get("limit")), fact.get("low")),
        ("high", row.get("lowLimit" if row.get("compOp") in {"LE", "LT"} else "highLimit"), fact.get("high")),
    ):
        if not _same(given, wanted):
            yield f"{name}: {member} {given!r}, not {wanted!r}"
    status = _LETTERS.get(fact["status"], fact["status"]) if fact.get("status") else None
    if status is not None and status not in {row["status"], step["status"]}:
        yield f"{name}: status {row['status']}, not {status}"


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        return isinstance(found, (int, float)) and math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-15)
    return wanted is None or found == wanted
