"""``wats-worker queue``: how full it is, what is buried, and the lane's switch."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from wats_broker.states import FileState
from wats_worker.cli.common import Config, Exit, Json, asking, console, fail, print_json

app = typer.Typer(help="Look at the upload queue and act on it.", invoke_without_command=True)


@app.callback()
def queue(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Count what is in the queue."""
    if context.invoked_subcommand:
        return
    with asking(config) as line:
        census = line.queue.census()
    if as_json:
        print_json(asdict(census) | {"depth": census.depth})
        return
    table = Table("what", "now")
    for name, value in (asdict(census) | {"depth": census.depth}).items():
        table.add_row(name, "" if value is None else str(value))
    console.print(table)


@app.command()
def buried(
    count: Annotated[int, typer.Option(min=1, max=10_000)] = 100, config: Config = None, as_json: Json = False
) -> None:
    """List the reports that wait for a person, with the server's words. Exit code 1 if there are any."""
    with asking(config) as line:
        found = line.queue.buried(count=count)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        table = Table("report", "file", "reason", "the server said", "attempts")
        for one in found:
            table.add_row(
                one.report_id, one.file_id, escape(one.reason), escape(one.answer), str(one.attempts)
            )
        console.print(table)
    raise typer.Exit(Exit.ATTENTION if found else Exit.FINE)


@app.command()
def requeue(
    report_ids: Annotated[list[str] | None, typer.Argument(help="Ids of buried reports.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All buried reports.")] = False,
    config: Config = None,
) -> None:
    """Try buried reports again."""
    if bool(report_ids) == everything:
        fail("name the reports, or say --all")
    with asking(config) as line:
        found = line.queue.buried(count=10_000)
        wanted = [one for one in found if everything or one.report_id in (report_ids or ())]
        back = line.queue.requeue(wanted)
        for file_id in {one.file_id for one in wanted}:
            line.journal.record(file_id, "report_requeued", state=FileState.CONVERTED)
        line.dispatch.drain(line.queue.wake())
    console.print(f"{back} report(s) are on their way again", highlight=False)
    if report_ids and len(wanted) < len(set(report_ids)):
        fail("the others are not buried", Exit.ATTENTION)


@app.command()
def pause(reason: Annotated[str, typer.Argument()] = "by an operator", config: Config = None) -> None:
    """Stop uploading; everything waits."""
    with asking(config) as line:
        line.queue.pause(reason)
    console.print("Uploads are paused.")


@app.command()
def resume(config: Config = None) -> None:
    """Go on uploading."""
    with asking(config) as line:
        line.queue.resume()
        line.dispatch.drain(line.queue.wake())
    console.print("Uploads go on.")
