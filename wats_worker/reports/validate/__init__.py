"""The 27 checks before upload, ranked by what it costs to miss them.

``check`` looks at a report that the model takes; ``explain`` gives what the model refused the same form, so
that every reason a report can't be sent has a number, a place and a way out.
"""

from datetime import UTC, datetime

from wats_worker.reports import wsjf
from wats_worker.reports.model import Report
from wats_worker.reports.processes import Processes
from wats_worker.reports.tidy import tidy
from wats_worker.reports.validate.explain import explain
from wats_worker.reports.validate.finding import Finding, Findings, History, Level, Limits
from wats_worker.reports.validate.header import check_dates, check_header, check_history, check_process
from wats_worker.reports.validate.repair import check_repair
from wats_worker.reports.validate.steps import check_steps
from wats_worker.reports.validate.texts import check_texts

__all__ = ["Finding", "History", "Level", "Limits", "check", "explain", "look_back", "tidy"]

_LIMITS = Limits()


def check(
    report: Report,
    *,
    body: bytes | None = None,
    processes: Processes | None = None,
    now: datetime | None = None,
    limits: Limits = _LIMITS,
) -> list[Finding]:
    """Everything there is to say about a report by itself, rejections first.

    Args:
        report: The report, with its id.
        body: The same as it is sent, for whoever has it already.
        processes: The server's list. Without it the checks that need it (3, 11) say nothing.
        now: The time by the server's clock, for starts in the future.
        limits: From which sizes on to speak.
    """
    findings = Findings(report, limits.findings)
    check_header(report, findings, limits)
    check_dates(report, findings, now or datetime.now(UTC), limits)
    check_process(report, findings, processes)
    check_texts(report, body or wsjf.dump(report), findings, limits)
    if (root := report.get("root")) is not None:
        check_steps(report, root, findings, limits)
    if (uur := report.get("uur")) is not None:
        check_repair(report, uur, findings, processes, limits)
    return sorted(findings, key=lambda finding: (_RANK[finding.level], finding.number))


def look_back(report_id: str, history: History, *, limits: Limits = _LIMITS) -> list[Finding]:
    """What there is to say about a report beside those that this client has sent before (18, 23)."""
    return list(check_history(report_id, history, limits))


_RANK = {"reject": 0, "quarantine": 1, "warn": 2}
