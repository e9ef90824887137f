"""``wats-worker files``: where is my file, what happened to it, what is in it."""

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from wats_broker.states import FileState
from wats_worker.cli.common import Config, Json, console, door, fail, print_json, say
from wats_worker.control.models.files import FileHistory, FileLine

if TYPE_CHECKING:
    from wats_worker.control.client import Client

#: Digits of a file id that are shown to people: enough for every command that asks for one.
_SHORT: Final = 12
#: Files of one answer.
_PAGE: Final = 500
#: Answers without a file in them after which nobody looks further.
_EMPTY: Final = 20

app = typer.Typer(help="Find files and read their history.", invoke_without_command=True)

FileId = Annotated[str, typer.Argument(help="A file's id; a unique beginning is enough.")]
When = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]),
]


@app.callback()
def files(
    context: typer.Context,
    text: Annotated[str, typer.Option("--find", help="A part of the file's name, source or id.")] = "",
    serial: Annotated[str, typer.Option(help="The beginning of a unit's serial number.")] = "",
    source: Annotated[str | None, typer.Option(help="Only files of this source.")] = None,
    state: Annotated[FileState | None, typer.Option(help="Only files in this state.")] = None,
    since: When = None,
    until: When = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the files with the latest events, newest first. Times are those at which they were taken in."""
    if context.invoked_subcommand:
        return
    with door(config) as control:
        found = _find(
            control,
            count,
            find=text,
            serial=serial,
            source=source,
            state=state,
            since=moment(since) or 0,
            until=moment(until) or 0,
        )
    if as_json:
        print_json([file.model_dump(mode="json") for file in found])
        return
    table = Table()
    for heading in ("file", "source", "state", "reason"):
        table.add_column(heading, overflow="fold")
    table.add_column("id", no_wrap=True)
    for file in found:
        reason = ": ".join(file.facts[name] for name in ("field", "reason") if name in file.facts)
        table.add_row(escape(file.name), file.source, file.state.value, escape(reason), file.file_id[:_SHORT])
    console.print(table)


@app.command()
def show(file_id: FileId, config: Config = None, as_json: Json = False) -> None:
    """Tell one file's whole story: what happened to it, where it is, where its reports stand."""
    with door(config) as control:
        found = control.file(checked(file_id))
    if as_json:
        print_json(_plain(found))
    else:
        _print(found)


@app.command()
def source(file_id: FileId, config: Config = None) -> None:
    """Write the bytes of a file to the standard output, as the tester wrote them."""
    file_id = checked(file_id)
    with door(config) as control:
        offset = 0
        while piece := control.source(file_id, offset=offset):
            sys.stdout.buffer.write(piece)
            offset += len(piece)
    sys.stdout.buffer.flush()


def checked(file_id: str) -> str:
    """What a person typed for an id, if it can be one."""
    if not re.fullmatch(r"[0-9a-f]{1,32}", file_id):
        fail(f"no file id begins with {file_id!r}: 'wats-worker files --find TEXT' finds files by name")
    return file_id


def moment(at: datetime | None) -> float | None:
    """A time as a person typed it, by this machine's clock, in seconds since 1970."""
    return None if at is None else at.timestamp()


def _find(control: "Client", count: int, **wanted: Any) -> list[FileLine]:
    found: list[FileLine] = []
    after, empty = "", 0
    while len(found) < count and empty < _EMPTY:
        page = control.files(count=min(count - len(found), _PAGE), after=after, **wanted)
        found += page.files
        after, empty = page.next, 0 if page.files else empty + 1
        if not after:
            break
    return found


def _plain(found: FileHistory) -> dict[str, Any]:
    plain = found.model_dump(mode="json", exclude={"file", "story"})
    story = [{"at": event.at, "event": event.event, **event.facts} for event in found.story]
    return {**(found.file.model_dump(mode="json") if found.file else {}), "story": story, **plain}


def _print(found: FileHistory) -> None:
    if found.file:
        told = found.file
        console.print(f"[bold]{escape(told.name)}[/] from {told.source}: {told.state.value}", highlight=False)
        for name, value in told.facts.items():
            if name in {"reason", "place", "field", "fix", "converter"}:
                say(f"  {name}: {value}")
    if found.spool:
        gone = "" if found.spool.has_bytes else "; its bytes are gone"
        say(f"  was {found.spool.path}; now in {found.spool.place} of the spool{gone}")
    if found.archive:
        gone = "" if found.archive.has_bytes else "; its bytes are not kept"
        how = found.archive.how
        say(f"  was {found.archive.path}; in the archive, edition {found.archive.edition}{gone}")
        say(f"  made by {how.converter} {how.version} in the jail {how.jail}")
    for event in found.story:
        facts = ", ".join(f"{name} {value}" for name, value in event.facts.items())
        at = datetime.fromtimestamp(event.at, UTC).astimezone()
        say(f"  {at:%Y-%m-%d %H:%M:%S.%f} {event.event} {facts}")
    for report in found.reports:
        receipt = report.receipt or {}
        fate = f"discarded by {receipt['by']}" if "discarded" in receipt else ""
        say(f"  report {report.report_id}: {fate or (report.state or 'not in the queue')}")
    for warning in found.warnings:
        say(f"  warning: {warning}", style="yellow")
    if found.stderr:
        say(f"  its converter printed:\n{found.stderr}")
