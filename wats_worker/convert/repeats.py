"""Runs of a unit that were reported before, as far as the journal remembers: worth a warning each."""

import hashlib
from collections.abc import Sequence
from typing import Final

from wats_broker.journal import Journal, Run
from wats_worker.reports.dates import Instant
from wats_worker.reports.model import Report
from wats_worker.reports.validate import History, look_back

#: Hexadecimal digits that stand for a run; among a hundred thousand of them two are never the same.
_DIGITS: Final = 20


def run_of(report: Report) -> Run | None:
    """What a test is remembered by. A repair is none."""
    if report["type"] != "T":
        return None
    start = Instant.read(report["start"])
    unit = (report["pn"], report["sn"], str(report["processCode"]))
    moment = start.utc() if start else report["start"]
    return Run(_digest(*unit, moment), _digest(*unit), report.get("id") or "")


def repeats(journal: Journal, runs: Sequence[Run]) -> list[str]:
    """Remember these runs, and warn of those that WATS would take for an earlier one."""
    return [
        f"{finding.path}: {finding.text}"
        for run, known in zip(runs, journal.runs(runs), strict=True)
        for finding in look_back(run.report_id, History(known.report_id, known.runs))
    ]


def _digest(*facts: str) -> str:
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:_DIGITS]
