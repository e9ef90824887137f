"""``wats-worker processes``: the server's processes as the line knows them, and a newer list of them."""

import time
from typing import TYPE_CHECKING, Final

import typer
from rich.table import Table
from rich.text import Text

from wats_worker.cli.common import (
    Config,
    Exit,
    Json,
    ago,
    console,
    door,
    fail,
    from_line,
    load,
    print_json,
    problems,
    say,
)
from wats_worker.control.models.processes import ProcessList, SyncAsked
from wats_worker.settings import WorkerSettings

if TYPE_CHECKING:
    from wats_worker.control.client import Client

#: Seconds to wait for the upload stage to ask: its own pace, and the server's patience.
_PATIENCE_S: Final = 90.0
#: Seconds between two looks whether it has. Each is a request, and there are not many of them in a minute.
_LOOK_S: Final = 0.7

app = typer.Typer(help="See the server's processes, fetch them anew.", invoke_without_command=True)


@app.callback()
def processes(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the processes that reports may belong to. Exit code 1 while they are not known.

    While the line does not run they are those that it knew last.
    """
    if context.invoked_subcommand:
        return
    settings = load(config)
    found = from_line(settings, lambda control: control.processes()) or _copy(settings)
    if as_json:
        print_json(found.model_dump(mode="json", exclude={"version", "asked_at"}))
    elif found.age_s is not None:
        _print(found)
        say(f"{len(found.processes)} processes of {found.server}, confirmed {ago(found.age_s)} ago")
    if found.age_s is None and not as_json:
        problems.print("The server's processes are not known; codes are not checked.", style="yellow")
    if found.trouble and not as_json:
        problems.print(found.trouble, style="yellow", highlight=False, markup=False)
    raise typer.Exit(Exit.FINE if found.age_s is not None else Exit.ATTENTION)


@app.command()
def sync(config: Config = None) -> None:
    """Have the upload stage fetch them now. Exit code 1 if the server gave none."""
    with door(config) as control:
        before = control.sync_processes()
        after = _asked(control, before)
    if after is None:
        fail(f"the server was not asked within {_PATIENCE_S:.0f} s; 'wats-worker status' may say why")
    if after.trouble:
        fail(after.trouble, Exit.ATTENTION)
    changed = "" if after.version == before.version else ", and the list has changed"
    say(f"{len(after.processes)} processes of {after.server}{changed}")


def _copy(settings: WorkerSettings) -> ProcessList:
    from wats_worker.app.known import offline  # noqa: PLC0415  see cli/main.py
    from wats_worker.app.neighbours import process_list  # noqa: PLC0415

    return process_list(offline(settings), version="", asked_at=0.0, trouble="")


def _asked(control: "Client", before: SyncAsked) -> ProcessList | None:
    """The list when the server has been asked; nothing if it was not."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        found = control.processes()
        if found.asked_at > before.asked_at:
            return found
        time.sleep(_LOOK_S)
    return None


def _print(found: ProcessList) -> None:
    table = Table("code", "name", "for", "")
    for process in found.processes:
        kinds = ", ".join(kind for kind in ("test", "repair", "wip") if getattr(process, kind))
        table.add_row(str(process.code), Text(process.name), kinds, "" if process.active else "not active")
    console.print(table)
