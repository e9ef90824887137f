"""``wats-worker status``: is it healthy, what is it doing, what waits for a person?"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer
from rich.table import Table

from wats_broker.fleet import Worker
from wats_broker.journal import Trouble
from wats_broker.names import Stage
from wats_broker.queue import Census
from wats_broker.states import FileState
from wats_worker.app.line import Line
from wats_worker.cli.common import Config, Exit, Json, asking, console, print_json
from wats_worker.converters.plugins import search
from wats_worker.settings import WorkerSettings


def status(config: Config = None, as_json: Json = False) -> None:
    """Show the line at a glance. Exit code 0: healthy. 1: something waits for a person. 2: no broker."""
    with asking(config) as line:
        workers, census, states = line.fleet.alive(), line.queue.census(), line.journal.states()
        troubles = [trouble for source in line.sources for trouble in line.journal.troubles(source)]
        parked = line.journal.parked(count=10)
        sources = [{"name": source.name, "folder": str(source.folder)} for source in line.sources.values()]
    concerns = _concerns(line, workers, census, states, troubles, len(parked))
    if as_json:
        print_json(
            {
                "healthy": not concerns,
                "concerns": concerns,
                "workers": [asdict(worker) for worker in workers],
                "queue": asdict(census) | {"depth": census.depth},
                "files": {state.value: count for state, count in states.items()},
                "sources": sources,
                "sandbox": {"level": line.settings.sandbox.level, "trusted": _trusted(line.settings)},
                "troubles": [asdict(trouble) for trouble in troubles],
                "parked": len(parked),
            }
        )
    else:
        _print(workers, census, states, concerns)
        for note in _jail(line.settings):
            console.print(note, style="yellow", highlight=False, markup=False)
    raise typer.Exit(Exit.ATTENTION if concerns else Exit.FINE)


def _concerns(
    line: Line,
    workers: list[Worker],
    census: Census,
    states: dict[FileState, int],
    troubles: list[Trouble],
    parked: int,
) -> list[str]:
    """What a person should know, one sentence each with what to do."""
    found = []
    alive = {worker.stage for worker in workers}
    needed = [Stage.WATCH, Stage.CONVERT] + ([Stage.UPLOAD] if line.settings.server.url else [])
    missing = [stage for stage in needed if stage not in alive]
    if missing:
        found.append(f"no {' and no '.join(missing)} worker is alive: start the line with 'wats-worker up'")
    if not line.settings.server.url:
        found.append("no server is configured, so reports wait on the spool: set [server] url and token_file")
    if census.paused:
        found.append(f"uploads are paused: {census.paused}. When that is mended: 'wats-worker queue resume'")
    if states[FileState.QUARANTINED]:
        found.append(
            f"{states[FileState.QUARANTINED]} quarantined file(s): 'wats-worker files --state quarantined'"
        )
    if census.buried:
        found.append(f"{census.buried} buried report(s): 'wats-worker queue buried'")
    found += [f"source {one.source}: {one.name}: {one.reason}" for one in troubles[:20]]
    found += _converters(line.settings)
    if parked:
        found.append("messages of another release are parked: update all workers of the line")
    return found


def _trusted(settings: WorkerSettings) -> list[str]:
    return [name for name, converter in settings.converters.items() if converter.trusted]


def _jail(settings: WorkerSettings) -> Iterator[str]:
    """Whatever is less than a whole jail is wanted so, and is said all the same for as long as it is so."""
    if (level := settings.sandbox.level) != "strict":
        yield f"The jail is of level {level} and not strict, as [sandbox] level says."
    for name in _trusted(settings):
        yield f"Converter {name} runs outside the jail, as [converters.{name}] trusted says."


def _converters(settings: WorkerSettings) -> Iterator[str]:
    found = search(settings.convert.plugins)
    if not (found.plugins or found.aside):
        return
    # Takes its time to load, and most lines have no plugins.
    from wats_worker.convert.roster import roster  # noqa: PLC0415

    for entry in roster(settings, found).aside:
        yield f"converter {entry.name or entry.origin} is set aside: {entry.reason}"


def _print(
    workers: list[Worker],
    census: Census,
    states: dict[FileState, int],
    concerns: list[str],
) -> None:
    files = Table("state", "files", title="Files", title_justify="left")
    for state, count in states.items():
        files.add_row(state.value, str(count))
    limit = str(census.max_size) if census.max_size else "no bound"
    reports = Table(
        "where", "reports", title=f"Upload queue, {census.depth} of {limit}", title_justify="left"
    )
    for name, count in _places(census).items():
        reports.add_row(name, str(count))
    if census.gated_s:
        reports.add_row("waiting for the server", f"{census.gated_s:.0f} s: {census.gate_reason}")
    fleet = Table("stage", "worker", "release", title="Workers", title_justify="left")
    for worker in workers:
        fleet.add_row(worker.stage, worker.name, worker.release)
    console.print(files, reports, fleet)
    for concern in concerns:
        console.print(f"• {concern}", style="yellow", highlight=False, markup=False)
    if not concerns:
        console.print("Healthy.", style="green")


def _places(census: Census) -> dict[str, int]:
    counts: dict[str, Any] = asdict(census)
    return {name: counts[name] for name in ("ready", "leased", "delayed", "reserved", "held", "buried")}
