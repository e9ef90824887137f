"""``wats-worker status``: is it healthy, what is it doing, what waits for a person?"""

import typer
from rich.table import Table

from wats_worker.cli import polls
from wats_worker.cli.common import Config, Exit, Json, ago, console, door, print_json, say
from wats_worker.control.models.status import Status


def status(config: Config = None, as_json: Json = False) -> None:
    """Show the line at a glance. Exit code 0: healthy. 1: something waits for a person. 2: no answer."""
    with door(config) as control:
        found = control.status()
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)
    raise typer.Exit(Exit.FINE if found.healthy else Exit.ATTENTION)


def _print(found: Status) -> None:
    if found.scheduled:
        console.print(polls.table(found.scheduled, found.at))
    files = Table("state", "files", title="Files", title_justify="left")
    for state, count in found.files.items():
        files.add_row(state.value, str(count))
    console.print(files, _queue(found), _fleet(found))
    for concern in found.concerns:
        say(f"• {concern}", style="yellow")
    if found.healthy:
        say("Healthy.", style="green")
    if found.processes.age_s is not None:
        age = ago(found.processes.age_s)
        say(f"{found.processes.known} processes of the server, confirmed {age} ago.")
    for note in found.notes:
        say(note, style="yellow")


def _queue(found: Status) -> Table:
    queue = found.queue
    limit = str(queue.max_size) if queue.max_size else "no bound"
    table = Table("where", "reports", title=f"Upload queue, {queue.depth} of {limit}", title_justify="left")
    for name in ("ready", "leased", "delayed", "reserved", "held", "buried"):
        table.add_row(name, str(getattr(queue, name)))
    if queue.gated_s:
        table.add_row("waiting for the server", f"{queue.gated_s:.0f} s: {queue.gate_reason}")
    return table


def _fleet(found: Status) -> Table:
    table = Table("stage", "worker", "release", title="Workers", title_justify="left")
    for worker in found.workers:
        table.add_row(worker.stage, worker.name, worker.release)
    return table
