"""Checks of the header: identity, dates, process."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from wats_worker.reports.dates import Instant
from wats_worker.reports.model import Report
from wats_worker.reports.processes import Process, Processes
from wats_worker.reports.validate.finding import Findings, History, Limits

_WILDCARDS: Final = re.compile(r"[*%?\[\]^!/\\]|__")
_PLACEHOLDERS: Final = re.compile(r"0+|x+|-+|\?+|test|dummy|n/?a|none|null|unknown|serial", re.IGNORECASE)
_READ_ONLY: Final = {"product_name": "productName", "origin": "origin", "asset_stats": "assetStats"}


def check_header(report: Report, findings: Findings, limits: Limits, history: History) -> None:
    """Checks 2, 6, 18, 22 to 25: who the report is about, and who made it."""
    names = {
        "pn": report.pn,
        "sn": report.sn,
        "rev": report.rev,
        "machineName": report.machine_name,
        "location": report.location,
        "purpose": report.purpose,
    }
    for member, text in names.items():
        path = f"report.{member}"
        if not text.strip():
            findings.reject(2, path, "is empty", "fill it by a rule of the source")
        elif text != text.strip():
            findings.warn(22, path, "has blanks at its ends", "trim it")
        if member not in {"location", "purpose"} and _WILDCARDS.search(text):
            findings.warn(22, path, f"{text!r} has characters that WATS filters read as wildcards")
        if member in {"pn", "sn", "rev"} and len(text) > limits.header_text:
            findings.warn(
                24, path, f"has {len(text)} characters; some places of WATS take {limits.header_text}"
            )
    if report.id is None:
        findings.reject(2, "report.id", "is missing", "give the report its id before the first attempt")
    _check_user(report, findings)
    if report.process_code < 0:
        findings.reject(6, "report.processCode", f"{report.process_code} is negative")
    if _PLACEHOLDERS.fullmatch(report.sn.strip()):
        text = f"{report.sn!r} looks like a placeholder; its statistics will be those of many units"
        findings.warn(23, "report.sn", text)
    _check_history(report, findings, limits, history)
    _check_read_only(report, findings)


def _check_user(report: Report, findings: Findings) -> None:
    path, part = ("uut", report.uut) if report.uut is not None else ("uur", report.uur)
    if part is not None and not part.user.strip():
        findings.reject(2, f"report.{path}.user", "is empty", "fill it by a rule of the source")


def _check_history(report: Report, findings: Findings, limits: Limits, history: History) -> None:
    if history.same_run is not None and history.same_run != report.id:
        text = f"report {history.same_run} has the same unit, process and start, and would be overwritten"
        findings.warn(18, "report.start", text, "make the starts differ, by milliseconds if need be")
    if history.runs >= limits.runs:
        text = f"report {history.runs + 1} of this unit in this process; statistics stop at {limits.runs}"
        findings.warn(23, "report.sn", text)


def _check_read_only(report: Report, findings: Findings) -> None:
    for member, wire in _READ_ONLY.items():
        if getattr(report, member):
            findings.warn(25, f"report.{wire}", "is filled in by the server", "drop it")
    if report.uut is not None and report.uut.ref_uurs:
        findings.warn(25, "report.uut.refUURs", "is filled in by the server", "drop it")


def check_dates(report: Report, findings: Findings, now: datetime, limits: Limits) -> None:
    """Checks 9 and 10: dates that exist, that agree, and that are not to come."""
    start = Instant.read(report.start)
    if start is None or start.second < datetime(1970, 1, 1, tzinfo=UTC):
        findings.reject(9, "report.start", f"{report.start} is no date, or one that WATS replaces")
    else:
        if report.start_utc is None:
            findings.warn(9, "report.startUTC", "is missing", "send the start in UTC as well")
        elif Instant.read(report.start_utc) != start:
            text = f"{report.start_utc} is another moment than the start, {report.start}"
            findings.warn(9, "report.startUTC", text, "the start decides; correct startUTC")
        if report.start[-2:] not in {"00", "15", "30", "45"} and not report.start.endswith("Z"):
            findings.warn(9, "report.start", "the offset is not in quarters of an hour; WATS will round it")
        if start.moment() > now + timedelta(seconds=limits.future_s):
            text = f"{report.start} is in the future; WATS sets it aside until then"
            findings.add(
                10, "quarantine", "report.start", text, "check the clock and the time zone of the tester"
            )
    if report.uur is not None:
        for member, date in (
            ("confirmDate", report.uur.confirm_date),
            ("finalizeDate", report.uur.finalize_date),
        ):
            if date is not None and Instant.read(date) is None:
                findings.reject(9, f"report.uur.{member}", f"{date} is no date")


def check_process(report: Report, findings: Findings, processes: Processes | None) -> None:
    """Check 3: the process is known on this server, active, of the right kind and spelled as there."""
    if processes is None:
        return
    process = _known(report.process_code, "report", findings, processes)
    if process is not None:
        kind = process.is_test_operation if report.type == "T" else process.is_repair_operation
        if not kind:
            wanted = "test" if report.type == "T" else "repair"
            text = f"{process.code} ({process.name}) is not a {wanted} operation"
            findings.reject(
                3, "report.processCode", text, "choose another process, or change it on the server"
            )
        _check_name(report.process_name, process, "report", findings)
    if report.uur is not None:
        tested = _known(report.uur.process_code, "report.uur", findings, processes)
        if tested is not None:
            if not tested.is_test_operation:
                text = f"{tested.code} ({tested.name}) is not a test operation"
                findings.reject(3, "report.uur.processCode", text, "name the test that had failed")
            _check_name(report.uur.process_name, tested, "report.uur", findings)


def _known(code: int, path: str, findings: Findings, processes: Processes) -> Process | None:
    process = processes.coded(code)
    if process is not None and process.active:
        return process
    text = (
        f"{code} is not known on this server" if process is None else f"{code} ({process.name}) is not active"
    )
    findings.reject(3, f"{path}.processCode", text, "correct process_code, or make the process on the server")
    return None


def _check_name(name: str | None, process: Process, path: str, findings: Findings) -> None:
    if name is not None and name != process.name:
        text = f"{name!r} is not the server's name of {process.code}, {process.name!r}"
        findings.reject(3, f"{path}.processName", text, "leave it out; the code is enough")
