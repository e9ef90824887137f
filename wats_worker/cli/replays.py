"""``wats-worker replays``: how far the replays of many files are, and what they found."""

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from wats_worker.cli.common import Config, Exit, Json, ago, console, door, print_json, problems, say
from wats_worker.control.models.jobs import FileChange, Job, JobState, Verdict

if TYPE_CHECKING:
    from wats_worker.control.client import Client

#: Seconds between two looks at a job.
_LOOK_S: Final = 1.0
#: Characters of a job's id, which is typed again: a narrow terminal must not cut it.
_ID: Final = 16

app = typer.Typer(help="Look at replays of many files, cancel one.", invoke_without_command=True)

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, as 'replays' lists it.")]


@app.callback()
def replays(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the replays that were wanted, the newest first."""
    if context.invoked_subcommand:
        return
    with door(config) as control:
        found = control.replay_jobs().jobs
    if as_json:
        print_json([job.model_dump(mode="json") for job in found])
        return
    table = Table(Column("job", min_width=_ID), "state", "files", "found", "wanted by", "when")
    for job in found:
        state = f"{job.state}, {job.waits_for}" if job.waits_for else job.state
        row = (
            job.id,
            state,
            f"{job.done} of {job.total}",
            tally(job),
            job.who,
            f"{ago(time.time() - job.created_at)} ago",
        )
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


@app.command()
def show(job_id: JobId, config: Config = None, as_json: Json = False) -> None:
    """Tell what a replay has found: each file that would not give what it gave, field by field."""
    with door(config) as control:
        job, changes = control.replay_job(job_id), list(_changes(control, job_id))
    if as_json:
        told = [change.model_dump(mode="json") for change in changes]
        print_json({**job.model_dump(mode="json"), "differences": told})
        return
    say(f"{job.state}, {job.done} file(s): {tally(job) or 'nothing yet'}")
    for change in changes:
        _tell(change)


@app.command()
def follow(job_id: JobId, config: Config = None) -> None:
    """Watch a replay until it is over. Ending this ends nothing of it."""
    with door(config) as control:
        watch(control, control.replay_job(job_id))


@app.command()
def cancel(job_id: JobId, config: Config = None) -> None:
    """Want no more of a replay. What was sent stays sent."""
    with door(config) as control:
        job = control.cancel_replay_job(job_id)
    say(f"replay {job.id} is cancelled after {job.done} file(s)")


def watch(control: "Client", job: Job) -> None:
    """Show how far a job is, until it is over; then what it found."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=problems) as shown:
        task = shown.add_task("", total=1.0)
        while True:
            words = f"{job.done} of {job.total} file(s) {tally(job)} {job.waits_for}".strip()
            shown.update(task, completed=job.progress, description=words)
            if job.is_over:
                break
            time.sleep(_LOOK_S)
            job = control.replay_job(job.id)
    for change in _changes(control, job.id):
        _tell(change)
    say(f"{job.state}, {job.done} file(s): {tally(job) or 'no archived file fits'}")
    if job.state is JobState.CANCELLED or set(job.counts) - {Verdict.SAME, Verdict.SENT}:
        raise typer.Exit(Exit.ATTENTION)


def tally(job: Job) -> str:
    """What a job has found, in a few words."""
    return ", ".join(f"{count} {verdict}" for verdict, count in job.counts.items())


def _changes(control: "Client", job_id: str) -> "list[FileChange]":
    found, after = [], 0
    while True:
        page = control.replay_differences(job_id, after=after)
        found += page.files
        if not page.next:
            return found
        after = page.next


def _tell(change: FileChange) -> None:
    by = f" by {change.converter}" if change.converter else ""
    why = f": {change.why}" if change.why else ""
    say(f"{change.file_id[:12]} {change.name}: {change.verdict}{by}{why}", style="bold")
    for report in change.reports:
        say(f"  report {report.report_id}: {report.change}")
        for line in report.fields:
            say(f"    {line}")
        if report.more:
            say(f"    and {report.more} more")
