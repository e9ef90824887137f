"""``wats-worker polls``: how it stands with the scheduled sources, and what one of them would give."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from wats_worker.cli.common import (
    Config,
    Exit,
    Json,
    ago,
    console,
    door,
    fail,
    load_for_polling,
    print_json,
    say,
)
from wats_worker.control.models.status import Scheduled
from wats_worker.settings import ScheduledSource, WorkerSettings
from wats_worker.spool.names import printable

app = typer.Typer(help="Look at the sources that are asked on a schedule.", invoke_without_command=True)


@app.callback()
def polls(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the scheduled sources: who is asked when, how the last poll went, when the next one is."""
    if context.invoked_subcommand:
        return
    with door(config) as control:
        told = control.polls()
    if as_json:
        print_json([one.model_dump(mode="json") for one in told.polls])
    else:
        console.print(table(told.polls, told.at))


@app.command("now")
def now_(name: Annotated[str, typer.Argument(help="A scheduled source.")], config: Config = None) -> None:
    """Poll one source now, whatever its schedule."""
    from wats_worker.control.client import Denied  # noqa: PLC0415  see cli/main.py

    with door(config) as control:
        try:
            control.poll_now(name)
        except Denied as denied:
            if denied.status != HTTPStatus.CONFLICT:
                raise
            fail(str(denied), Exit.ATTENTION)
    say(f"{name} is being polled")


@app.command("try")
def try_(
    name: Annotated[str, typer.Argument(help="A scheduled source.")],
    count: Annotated[int, typer.Option(min=1, max=1000, help="Look at so many items.")] = 3,
    into: Annotated[Path | None, typer.Option(help="Put them into this folder, to be looked at.")] = None,
    config: Config = None,
) -> None:
    """Ask one source here and now, and show what it would give. Nothing is taken, nothing is remembered.

    Exit code 0 if it answers, 1 if it does not.
    """
    from wats_worker.poll.trial import Tried, try_source  # noqa: PLC0415  loads the pollers

    settings = load_for_polling(config)
    source = _source(name, settings)
    with ExitStack() as stack:
        folder = into or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wats-")))
        folder.mkdir(parents=True, exist_ok=True)
        tried: Tried = try_source(source, settings, folder=folder, count=count)
    found = Table("file", "bytes", "key")
    for item in tried.items:
        found.add_row(escape(printable(item.name)), str(item.size), escape(printable(item.key)))
    console.print(found)
    for told in tried.told:
        say(told, style="yellow")
    say("Nothing was taken.")
    raise typer.Exit(Exit.FINE if tried.answered else Exit.ATTENTION)


def table(sources: Sequence[Scheduled], now: float) -> Table:
    """The scheduled sources for people."""
    made = Table(title="Scheduled sources", title_justify="left")
    for heading in ("source", "poller", "when", "last", "outcome", "taken", "dropped ticks", "next"):
        made.add_column(heading, overflow="fold")
    for source in sources:
        made.add_row(
            source.source,
            source.poller,
            escape(source.when),
            f"{ago(now - source.began_at)} ago" if source.began_at else "never",
            "under way" if source.running else source.outcome.value if source.outcome else "",
            f"{source.taken} of {source.total}",
            str(source.dropped),
            _next(source, now),
        )
    return made


def _next(state: Scheduled, now: float) -> str:
    after = state.again_at or state.next_at
    if not after:
        return ""
    return f"in {ago(after - now)}" if after > now else "due"


def _source(name: str, settings: WorkerSettings) -> ScheduledSource:
    known = {source.name: source for source in settings.scheduled}
    if name not in known:
        fail(f"there is no scheduled source {name!r}; there is {', '.join(known) or 'none at all'}")
    return known[name]
