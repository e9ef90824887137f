"""``wats-worker queue``: how full it is, what is buried, and the lane's switch."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from wats_worker.cli.common import Config, Exit, Json, console, door, fail, print_json, say

app = typer.Typer(help="Look at the upload queue and act on it.", invoke_without_command=True)

#: Reports of one answer.
_PAGE = 1000

Count = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]


@app.callback()
def queue(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Count what is in the queue."""
    if context.invoked_subcommand:
        return
    with door(config) as control:
        census = control.queue().model_dump(mode="json")
    if as_json:
        print_json(census)
        return
    table = Table("what", "now")
    for name, value in census.items():
        table.add_row(name, "" if value is None else str(value))
    console.print(table)


@app.command()
def buried(count: Count = 100, config: Config = None, as_json: Json = False) -> None:
    """List the reports that wait for a person, with the server's words. Exit code 1 if there are any."""
    with door(config) as control:
        pages = [
            control.buried(start=start, count=min(_PAGE, count - start)) for start in range(0, count, _PAGE)
        ]
    if as_json:
        print_json([one for page in pages for one in page.model_dump(mode="json")["reports"]])
    else:
        report = Column("report", no_wrap=True, min_width=36)  # "requeue" wants all of it
        table = Table(report, "file", "reason", "the server said", "attempts")
        for page in pages:
            for one in page.reports:
                table.add_row(
                    one.report_id, one.file_id, escape(one.reason), escape(one.answer), str(one.attempts)
                )
        console.print(table)
    raise typer.Exit(Exit.ATTENTION if pages[0].reports else Exit.FINE)


@app.command()
def held(count: Count = 100, config: Config = None, as_json: Json = False) -> None:
    """List the reports that wait for room in the queue, in the order in which they will get it."""
    with door(config) as control:
        found = control.held(count=min(count, _PAGE))
    if as_json:
        print_json(found.model_dump(mode="json")["reports"])
        return
    table = Table("report", "file", "bytes")
    for one in found.reports:
        table.add_row(one.report_id, one.file_id, str(one.size))
    console.print(table)
    say(f"{found.total} in all")


@app.command()
def requeue(
    report_ids: Annotated[list[str] | None, typer.Argument(help="Ids of buried reports.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All buried reports.")] = False,
    config: Config = None,
) -> None:
    """Try buried reports again."""
    if bool(report_ids) == everything:
        fail("name the reports, or say --all")
    with door(config) as control:
        done = control.requeue(report_ids=report_ids or (), everything=everything)
    say(f"{done.requeued} report(s) are on their way again")
    if done.not_buried:
        fail("the others are not buried", Exit.ATTENTION)


@app.command()
def discard(
    report_id: Annotated[str, typer.Argument(help="The id of a buried report.")],
    reason: Annotated[str, typer.Option(help="Why nobody will ever need it. It stands in the journal.")],
    config: Config = None,
) -> None:
    """Give a buried report up. It is not sent any more; its bytes are kept, with who did it and why."""
    with door(config) as control:
        done = control.discard(report_id, reason=reason)
    say(f"report {done.report_id} of file {done.file_id} is discarded")


@app.command()
def pause(reason: Annotated[str, typer.Argument()] = "by an operator", config: Config = None) -> None:
    """Stop uploading; everything waits."""
    with door(config) as control:
        lane = control.pause(reason)
    say(f"Uploads are paused: {lane.paused}")


@app.command()
def resume(config: Config = None) -> None:
    """Go on uploading."""
    with door(config) as control:
        control.resume()
    say("Uploads go on.")
