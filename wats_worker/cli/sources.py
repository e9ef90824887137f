"""``wats-worker sources``: where files come from, when the last one came, and a switch for each."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from wats_worker.cli.common import Config, Json, ago, console, door, print_json, say

app = typer.Typer(help="Look at the sources, pause one of them.", invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="A source.")]


@app.callback()
def sources(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List all sources: the last file of each, who watches it, whether it is paused."""
    if context.invoked_subcommand:
        return
    with door(config) as control:
        found = control.sources()
    if as_json:
        print_json(found.model_dump(mode="json")["sources"])
        return
    table = Table()
    for heading in ("source", "folder", "last file", "when", "watched by", "state"):
        table.add_column(heading, overflow="fold")
    for one in found.sources:
        last = one.last_file.name if one.last_file else ""
        when = f"{ago(one.silence_s)} ago" if one.silence_s is not None else "never"
        state = f"paused, {one.paused.reason}" if one.paused else ""
        if one.troubles:
            state = f"{state}; {len(one.troubles)} troubles".removeprefix("; ")
        row = (one.name, one.folder or one.kind, last, when, one.watched_by or "", state)
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


@app.command()
def pause(
    name: Name, reason: Annotated[str, typer.Argument()] = "by an operator", config: Config = None
) -> None:
    """Take nothing more from a source. Its files wait where they are."""
    with door(config) as control:
        control.pause_source(name, reason=reason)
    say(f"Nothing is taken from {name} any more.")


@app.command()
def resume(name: Name, config: Config = None) -> None:
    """Go on taking files from a source."""
    with door(config) as control:
        switched = control.resume_source(name)
    say(f"Files of {name} are taken again." if switched.changed else f"{name} was not paused.")
