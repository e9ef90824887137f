"""``wats-worker archive``: run the archive stage, or ask for what it keeps."""

import sys
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.cli.common import Config, Exit, Json, door, fail, load, print_json, problems, say, unix_only
from wats_worker.cli.files import FileId, checked

#: Bytes of one answer.
_PIECE: Final = 1 << 20

app = typer.Typer(help="Keep what is delivered, and give it back.", invoke_without_command=True)


@app.callback()
def archive(context: typer.Context, config: Config = None) -> None:
    """Run the archive stage alone: what is delivered leaves the spool for the archive."""
    if context.invoked_subcommand:
        return
    unix_only()
    from wats_worker.app import stages  # noqa: PLC0415  a question should be answered at once

    raise typer.Exit(stages.run(Stage.ARCHIVE, load(config)))


@app.command()
def get(
    file_id: FileId,
    original: Annotated[bool, typer.Option("--original", help="The bytes that the tester wrote.")] = False,
    report: Annotated[
        str, typer.Option(help="One report as it was sent: its number, from 1, or any of its ids.")
    ] = "",
    edition: Annotated[int | None, typer.Option(min=1, help="What there was before a replay.")] = None,
    config: Config = None,
) -> None:
    """Write what the archive keeps of a file to the standard output: its record, its bytes, or a report.

    Every byte is proved by its checksum.
    """
    if original and report:
        fail("--original or --report, one of them")
    file_id = checked(file_id)
    with door(config) as control:
        if original:
            offset = 0
            while piece := control.original(file_id, offset=offset, length=_PIECE):
                sys.stdout.buffer.write(piece)
                offset += len(piece)
            sys.stdout.buffer.flush()
            return
        record = control.archived(file_id, edition=edition)
        if not report:
            print_json(record.model_dump(mode="json"))
            return
        if report.isdecimal() and not record.report(report):
            if not 0 < int(report) <= len(record.reports):
                fail(f"file {record.file_id} has {len(record.reports)} report(s)")
            report = record.reports[int(report) - 1].card.report_id
        sys.stdout.buffer.write(control.archived_report(record.file_id, report, edition=edition))
        sys.stdout.buffer.flush()


@app.command()
def rebuild(config: Config = None, as_json: Json = False) -> None:
    """Make the catalogue again, from the archive alone. The line may run meanwhile.

    What is on its way and not archived yet is told by the journal as soon as the line runs. Exit code 1 if
    records are damaged; they are named.
    """
    unix_only()
    from wats_worker.catalogue.errors import CatalogueError  # noqa: PLC0415  a database takes its time
    from wats_worker.catalogue.rebuilding import rebuild as rebuild_from  # noqa: PLC0415  as above
    from wats_worker.store.errors import StoreError  # noqa: PLC0415  as above

    line = Line(load(config), Stage.ARCHIVE)
    columns = (TextColumn("{task.completed} files"), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None)
            damaged = rebuild_from(
                line.archive, line.catalogue, progress=lambda done: bar.update(task, completed=done)
            )
        count = line.catalogue.count()
    except (CatalogueError, StoreError) as error:
        fail(str(error))
    finally:
        line.close()
    if as_json:
        print_json({"files": count, "damaged": damaged})
    else:
        say(f"{count} file(s) can be found")
        for file_id in damaged:
            problems.print(f"{file_id}: its record is damaged or missing", style="red", highlight=False)
    raise typer.Exit(Exit.ATTENTION if damaged else Exit.FINE)
