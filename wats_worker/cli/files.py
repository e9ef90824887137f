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
app = typer.Typer(help="Find files and read their history.", no_args_is_help=True)

FileId = Annotated[str, typer.Argument(help="A file's id; a unique beginning is enough.")]
When = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]),
]
#: The words by which files are found, here and wherever files are meant.
Serial = Annotated[str, typer.Option(help="The beginning of a unit's serial number.")]
Part = Annotated[str, typer.Option(help="A unit's part number.")]
Name = Annotated[str, typer.Option(help="The beginning of the file's name.")]
Checksum = Annotated[str, typer.Option(help="The SHA-256 of the file.")]
Report = Annotated[str, typer.Option(help="Any id of a report: ours, its own, the server's.")]
Station = Annotated[str, typer.Option(help="Where the unit was tested.")]
OfSource = Annotated[str | None, typer.Option("--source", help="Only files of this source.")]
InState = Annotated[FileState | None, typer.Option("--state", help="Only files in this state.")]
#: Whatever a person has in his hand.
AT_HAND: Final = "Whatever is at hand: an id, a checksum, a serial number, a file's name, a part."


@app.command()
def find(
    text: Annotated[str, typer.Argument(help=AT_HAND)] = "",
    serial: Serial = "",
    part: Part = "",
    name: Name = "",
    checksum: Checksum = "",
    report: Report = "",
    station: Station = "",
    source: OfSource = None,
    state: InState = None,
    since: When = None,
    until: When = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Find files, on their way or archived, the latest first. Times are those at which they were taken in."""
    with door(config) as control:
        found = _find(
            control,
            count,
            find=text,
            serial=serial,
            part=part,
            name=name,
            sha256=checksum,
            report=report,
            station=station,
            source=source,
            state=state,
            since=moment(since) or 0,
            until=moment(until) or 0,
        )
    if as_json:
        print_json([file.model_dump(mode="json") for file in found])
        return
    table = Table()
    for heading in ("file", "source", "taken in", "state", "reason"):
        table.add_column(heading, overflow="fold")
    table.add_column("id", no_wrap=True)
    for file in found:
        reason = ": ".join(file.facts[word] for word in ("field", "reason") if word in file.facts)
        taken = datetime.fromtimestamp(file.seen_at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(
            escape(file.name), file.source, taken, file.state.value, escape(reason), file.file_id[:_SHORT]
        )
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
        fail(f"no file id begins with {file_id!r}: 'wats-worker files find TEXT' finds files by name")
    return file_id


def moment(at: datetime | None) -> float | None:
    """A time as a person typed it, by this machine's clock, in seconds since 1970."""
    return None if at is None else at.timestamp()


def _find(control: "Client", count: int, **wanted: Any) -> list[FileLine]:
    found: list[FileLine] = []
    after = ""
    while len(found) < count:
        page = control.files(count=min(count - len(found), _PAGE), after=after, **wanted)
        found += page.files
        after = page.next
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
