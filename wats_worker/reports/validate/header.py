"""Checks of the header: identity, dates, process."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from wats_worker.reports.dates import Instant
from wats_worker.reports.model import Report, Uur
from wats_worker.reports.processes import Process, Processes
from wats_worker.reports.validate.finding import Finding, Findings, History, Limits

_WILDCARDS: Final = re.compile(r"[*%?\[\]^!/\\]|__")
_PLACEHOLDERS: Final = re.compile(r"0+|x+|-+|\?+|test|dummy|n/?a|none|null|unknown|serial", re.IGNORECASE)


def check_header(report: Report, findings: Findings, limits: Limits) -> None:
    """Checks 2, 6, 22 to 25: who the report is about, and who made it."""
    names = {
        "pn": report["pn"],
        "sn": report["sn"],
        "rev": report["rev"],
        "machineName": report["machineName"],
        "location": report["location"],
        "purpose": report["purpose"],
    }
    for member, text in names.items():
        if not text.strip():
            findings.reject(2, report, member, "is empty", "fill it by a rule of the source")
        elif text != text.strip():
            findings.warn(22, report, member, "has blanks at its ends", "trim it")
        if member not in {"location", "purpose"} and _WILDCARDS.search(text):
            said = f"{text!r} has characters that WATS filters read as wildcards"
            findings.warn(22, report, member, said)
        if member in {"pn", "sn", "rev"} and len(text) > limits.header_text:
            said = f"has {len(text)} characters; some places of WATS take {limits.header_text}"
            findings.warn(24, report, member, said)
    if report.get("id") is None:
        findings.reject(2, report, "id", "is missing", "give the report its id before the first attempt")
    _check_user(report, findings)
    if report["processCode"] < 0:
        findings.reject(6, report, "processCode", f"{report['processCode']} is negative")
    if _PLACEHOLDERS.fullmatch(report["sn"].strip()):
        said = f"{report['sn']!r} looks like a placeholder; its statistics will be those of many units"
        findings.warn(23, report, "sn", said)
    _check_read_only(report, findings)


def _check_user(report: Report, findings: Findings) -> None:
    part = report.get("uut") or report.get("uur")
    if part is not None and not part["user"].strip():
        findings.reject(2, part, "user", "is empty", "fill it by a rule of the source")


def _check_read_only(report: Report, findings: Findings) -> None:
    told = {"productName": report.get("productName"), "origin": report.get("origin")}
    for member, value in {**told, "assetStats": report.get("assetStats")}.items():
        if value:
            findings.warn(25, report, member, "is filled in by the server", "drop it")
    uut = report.get("uut")
    if uut is not None and uut.get("refUURs"):
        findings.warn(25, uut, "refUURs", "is filled in by the server", "drop it")


def check_history(report_id: str, history: History, limits: Limits) -> Iterator[Finding]:
    """Checks 18 and 23: what the same unit has been through, as far as this client remembers."""
    if history.same_run is not None and history.same_run != report_id:
        text = f"report {history.same_run} has the same unit, process and start, and would be overwritten"
        yield Finding(18, "warn", "report.start", text, "make the starts differ, by milliseconds if need be")
    if history.runs >= limits.runs:
        text = f"report {history.runs + 1} of this unit in this process; statistics stop at {limits.runs}"
        yield Finding(23, "warn", "report.sn", text)


def check_dates(report: Report, findings: Findings, now: datetime, limits: Limits) -> None:
    """Checks 9 and 10: dates that exist, that agree, and that are not to come."""
    written = report["start"]
    start = Instant.read(written)
    if start is None or start.second < datetime(1970, 1, 1, tzinfo=UTC):
        findings.reject(9, report, "start", f"{written} is no date, or one that WATS replaces")
    else:
        _check_utc(report, start, findings)
        if written[-2:] not in {"00", "15", "30", "45"} and not written.endswith("Z"):
            said = "the offset is not in quarters of an hour; WATS will round it"
            findings.warn(9, report, "start", said)
        if start.moment() > now + timedelta(seconds=limits.future_s):
            said = f"{written} is in the future; WATS sets it aside until then"
            fix = "check the clock and the time zone of the tester"
            findings.add(10, "quarantine", report, "start", said, fix)
    if (uur := report.get("uur")) is not None:
        for member, date in (("confirmDate", uur["confirmDate"]), ("finalizeDate", uur["finalizeDate"])):
            if date is not None and Instant.read(date) is None:
                findings.reject(9, uur, member, f"{date} is no date")


def _check_utc(report: Report, start: Instant, findings: Findings) -> None:
    written = report.get("startUTC")
    if written is None:
        findings.warn(9, report, "startUTC", "is missing", "send the start in UTC as well")
    elif Instant.read(written) != start:
        said = f"{written} is another moment than the start, {report['start']}"
        findings.warn(9, report, "startUTC", said, "the start decides; correct startUTC")


def check_process(report: Report, findings: Findings, processes: Processes | None) -> None:
    """Check 3: the process is known on this server, active, of the right kind and spelled as there."""
    if processes is None:
        return
    process = _known(report, findings, processes)
    if process is not None:
        kind = process.is_test_operation if report["type"] == "T" else process.is_repair_operation
        if not kind:
            wanted = "test" if report["type"] == "T" else "repair"
            text = f"{process.code} ({process.name}) is not a {wanted} operation"
            fix = "choose another process, or change it on the server"
            findings.reject(3, report, "processCode", text, fix)
        _check_name(report, process, findings)
    if (uur := report.get("uur")) is not None:
        tested = _known(uur, findings, processes)
        if tested is not None:
            if not tested.is_test_operation:
                text = f"{tested.code} ({tested.name}) is not a test operation"
                findings.reject(3, uur, "processCode", text, "name the test that had failed")
            _check_name(uur, tested, findings)


def _known(part: Report | Uur, findings: Findings, processes: Processes) -> Process | None:
    code = part["processCode"]
    process = processes.coded(code)
    if process is not None and process.active:
        return process
    text = (
        f"{code} is not known on this server" if process is None else f"{code} ({process.name}) is not active"
    )
    findings.reject(3, part, "processCode", text, "correct process_code, or make the process on the server")
    return None


def _check_name(part: Report | Uur, process: Process, findings: Findings) -> None:
    name = part.get("processName")
    if name is not None and name != process.name:
        text = f"{name!r} is not the server's name of {process.code}, {process.name!r}"
        findings.reject(3, part, "processName", text, "leave it out; the code is enough")
