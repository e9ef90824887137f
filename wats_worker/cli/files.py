"""``wats-worker files``: where is my file, what happened to it, and another try for a quarantined one."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from wats_broker.journal import FileRecord
from wats_broker.states import FileState
from wats_worker.cli.common import Config, Json, asking, console, fail, print_json
from wats_worker.spool.model import Place
from wats_worker.spool.names import is_file_id

#: Digits of a file id that are shown to people: enough for every command that asks for one.
_SHORT: Final = 12

app = typer.Typer(help="Find files and read their history.", invoke_without_command=True)


@app.callback()
def files(
    context: typer.Context,
    text: Annotated[str, typer.Option("--find", help="A part of the file's name, source or id.")] = "",
    state: Annotated[FileState | None, typer.Option(help="Only files in this state.")] = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the files with the latest events, newest first."""
    if context.invoked_subcommand:
        return
    with asking(config) as line:
        found = line.journal.recent(count=count, state=state, text=text)
    if as_json:
        print_json([_plain(record) for record in found])
        return
    table = Table()
    for heading in ("file", "source", "state", "reason"):
        table.add_column(heading, overflow="fold")
    table.add_column("id", no_wrap=True)
    for record in found:
        reason = ": ".join(record.facts[name] for name in ("field", "reason") if name in record.facts)
        table.add_row(
            escape(record.name), record.source, record.state.value, escape(reason), record.file_id[:_SHORT]
        )
    console.print(table)


@app.command()
def show(file_id: str, config: Config = None, as_json: Json = False) -> None:
    """Tell one file's whole story. A unique beginning of the id is enough."""
    with asking(config) as line:
        record = line.journal.file(_whole(line.journal.recent(count=100, text=file_id), file_id))
    if record is None:
        fail(f"no file {file_id} is known here; the archive may still have it")
    if as_json:
        print_json(_plain(record) | {"story": [_plain_event(event) for event in record.story]})
        return
    console.print(
        f"[bold]{escape(record.name)}[/] from {record.source}: {record.state.value}", highlight=False
    )
    for name, value in record.facts.items():
        if name in {"reason", "place", "field", "fix", "converter"}:
            console.print(f"  {name}: {value}", highlight=False, markup=False)
    for event in record.story:
        at = datetime.fromtimestamp(event.at, UTC).astimezone()
        facts = ", ".join(f"{name} {value}" for name, value in event.facts.items())
        console.print(f"  {at:%Y-%m-%d %H:%M:%S.%f} {event.event} {facts}", highlight=False, markup=False)


def replay(
    file_id: Annotated[
        str, typer.Argument(help="A quarantined file; a unique beginning of its id is enough.")
    ],
    config: Config = None,
) -> None:
    """Convert a quarantined file again, after the cause is mended."""
    with asking(config) as line:
        whole = _whole(line.journal.recent(count=100, text=file_id), file_id)
        if line.spool.place(whole) is not Place.QUARANTINED:
            fail(f"file {whole} is not in quarantine: 'wats-worker files --state quarantined' lists what is")
        line.spool.replay(whole)
        meta = line.spool.meta(whole)
        line.journal.record(whole, "file_replayed", state=FileState.SEEN, fields={"attempts": 0})
        line.dispatch.convert([(whole, meta.pool, meta.priority)])
    console.print(f"{meta.name} is on its way again", highlight=False)


def _whole(found: list[FileRecord], beginning: str) -> str:
    """The one file id that begins like this; a whole id stands for itself if the journal has forgotten it."""
    ids = {record.file_id for record in found if record.file_id.startswith(beginning)}
    if len(ids) > 1:
        fail(f"more than one file id begins with {beginning}")
    if not ids and not is_file_id(beginning):
        fail(f"no file id begins with {beginning!r}: 'wats-worker files --find TEXT' finds files by name")
    return ids.pop() if ids else beginning


def _plain(record: FileRecord) -> dict[str, Any]:
    plain = asdict(record)
    del plain["story"]
    return plain


def _plain_event(event: Any) -> dict[str, Any]:
    return {"at": event.at, "event": event.event, **event.facts}
