"""Replays of archived files: how far each is, what it has found, and an end to it."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from nicegui import ui

from wats_worker.console import deeds, parts, questions
from wats_worker.console.replays import aim, judged, standing, tally, what
from wats_worker.console.tab import Live, Tab
from wats_worker.console.words import clock, number, portion
from wats_worker.control.models.jobs import FileChange, FileChanges, Job, Jobs, ReportChange

#: Jobs that are listed, and files of one whose differences are told. The command line has all.
_JOBS: Final = 50
_FILES: Final = 100
#: Reports of one file, and fields of one report.
_REPORTS: Final = 10


def page(tab: Tab) -> None:
    """Build the list."""

    async def load() -> Jobs | None:
        return await questions.replays(tab)

    def show(found: Jobs) -> None:
        if not found.jobs:
            parts.empty(
                "history",
                "Nothing was replayed from the archive",
                "A delivered file's page has a button for it, 'wats-worker replay --archive' takes many.",
            )
            return
        for job in found.jobs[:_JOBS]:
            _row(tab, job, live)
        if len(found.jobs) > _JOBS:
            parts.words("… and older ones; 'wats-worker replays' lists them.", "soft")

    with parts.card("Replays from the archive"):
        parts.words(
            "Delivered files, converted again: compared to what was sent, or sent once more.", "soft lead"
        )
        live = Live(load, show, classes="entries")


def single(tab: Tab, job_id: str) -> None:
    """Build the page of one of them."""

    async def load() -> tuple[Job, FileChanges] | None:
        job = await tab.look(f"replay {job_id}", lambda door: door.replay_job(job_id))
        changes = await tab.look(
            f"differences {job_id}", lambda door: door.replay_differences(job_id, count=_FILES)
        )
        return (job, changes) if job and changes else None

    def show(found: tuple[Job, FileChanges]) -> None:
        job, changes = found
        with parts.card("Replay"):
            _row(tab, job, live, looks=False)
        with parts.card("Files that are not the same"):
            _changes(job, changes.files)

    live = Live(load, show)


def _row(tab: Tab, job: Job, live: Live[Any], *, looks: bool = True) -> None:
    with parts.box("entry"):
        with parts.box("entry-main"):
            with parts.box("entry-line"):
                parts.link(what(job.wanted), f"/replays/{job.id}", "entry-title")
                parts.chip(job.state, standing(job))
            parts.words(f"{number(job.done)} of {number(job.total)} done: {tally(job)}", "entry-answer")
            if job.waits_for and not job.is_over:
                parts.words(job.waits_for, "entry-answer")
            with parts.box("entry-small"):
                parts.words(aim(job.wanted))
                parts.words(f"{job.wanted.reason} – by {job.who}, {clock(job.created_at)}")
                parts.words(job.id, "code")
        with parts.box("entry-last"):
            parts.bar(portion(job.progress))
        with parts.box("entry-keys"):
            if looks:
                parts.button("Look", icon="visibility", on_click=partial(_go, job.id))
            if tab.operates and not job.is_over:
                parts.button("Cancel", icon="stop", on_click=partial(deeds.cancel_replay, tab, job.id, live))


def _go(job_id: str) -> None:
    ui.navigate.to(f"/replays/{job_id}")


def _changes(job: Job, changes: Sequence[FileChange]) -> None:
    if not changes:
        title = "No difference" if job.done else "Nothing was compared"
        parts.empty("task_alt" if job.done else "hourglass_empty", title if job.is_over else "Nothing yet")
        return
    with parts.box("entries"):
        for change in changes:
            _change(change)
    if len(changes) == _FILES:
        parts.words(f"The first {_FILES}; 'wats-worker replays show {job.id}' tells all.", "soft")


def _change(change: FileChange) -> None:
    with parts.box("entry"), parts.box("entry-main"):
        with parts.box("entry-line"):
            parts.link(change.name or change.file_id[:8], f"/files/{change.file_id}", "entry-title")
            parts.chip(change.verdict, judged(change.verdict))
        if change.why:
            parts.words(change.why, "entry-answer")
        if change.converter:
            with parts.box("entry-small"):
                parts.words(change.converter)
        for report in change.reports[:_REPORTS]:
            _report(report)
        if len(change.reports) > _REPORTS:
            parts.words(f"… and {number(len(change.reports) - _REPORTS)} more reports", "soft")


def _report(report: ReportChange) -> None:
    parts.words(f"report {report.report_id}: {report.change}", "soft")
    left = f"… and {number(report.more)} more" if report.more else ""
    if told := "\n".join(filter(None, [*report.fields, left])):
        parts.raw(told, f"what is different in report {report.report_id}")
