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
from wats_worker.reports.validate.header import check_dates, check_header, check_process
from wats_worker.reports.validate.repair import check_repair
from wats_worker.reports.validate.steps import check_steps
from wats_worker.reports.validate.texts import check_texts

__all__ = ["Finding", "History", "Level", "Limits", "check", "explain", "tidy"]

_LIMITS = Limits()
_HISTORY = History()


def check(
    report: Report,
    *,
    processes: Processes | None = None,
    now: datetime | None = None,
    limits: Limits = _LIMITS,
    history: History = _HISTORY,
) -> list[Finding]:
    """Everything there is to say about a report, rejections first.

    Args:
        report: The report, with its id.
        processes: The server's list. Without it the checks that need it (3, 11) say nothing.
        now: The time by the server's clock, for starts in the future.
        limits: From which sizes on to speak.
        history: What this client has sent before (18, 23).
    """
    findings = Findings(limits.findings)
    check_header(report, findings, limits, history)
    check_dates(report, findings, now or datetime.now(UTC), limits)
    check_process(report, findings, processes)
    check_texts(report, wsjf.dump(report), findings, limits)
    if report.root is not None:
        check_steps(report, report.root, findings, limits)
    if report.uur is not None:
        check_repair(report, report.uur, findings, processes, limits)
    return sorted(findings, key=lambda finding: (_RANK[finding.level], finding.number))


_RANK = {"reject": 0, "quarantine": 1, "warn": 2}
