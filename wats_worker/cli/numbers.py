"""``wats-worker numbers``: how much came, how much of it was good, what is wrong with the rest."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from wats_worker.cli.common import Config, Json, console, door, print_json
from wats_worker.cli.files import When, moment
from wats_worker.control.models.numbers import By

app = typer.Typer(
    help="Count files, reports and good units, and what is in quarantine.", no_args_is_help=True
)

Csv = Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")]


@app.command()
def hours(
    since: When = None, until: When = None, config: Config = None, as_json: Json = False, as_csv: Csv = False
) -> None:
    """Files taken in and reports delivered, hour by hour; of the last day unless you say otherwise."""
    if as_csv:
        _csv(config, "hours", since, until)
        return
    with door(config) as control:
        found = control.numbers_by_hour(since=moment(since), until=moment(until))
    if as_json:
        print_json(found.model_dump(mode="json")["hours"])
        return
    table = Table("hour", "files", "reports")
    for one in found.hours:
        at = datetime.fromtimestamp(one.at, UTC).astimezone()
        table.add_row(f"{at:%Y-%m-%d %H:%M}", str(one.files), str(one.reports))
    console.print(table)


@app.command("yield")
def yields(
    by: Annotated[list[By] | None, typer.Option(help="What is told apart; repeatable. Else all.")] = None,
    since: When = None,
    until: When = None,
    config: Config = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """How many units passed their first test, and their last, by when the tests began."""
    wanted = [one.value for one in by or []]
    if as_csv:
        _csv(config, "yields", since, until, by=wanted)
        return
    with door(config) as control:
        found = control.yields(by=wanted, since=moment(since), until=moment(until))
    if as_json:
        print_json(found.model_dump(mode="json")["yields"])
        return
    table = Table("part", "station", "process", "units", "tests", "first pass", "last")
    for one in found.yields:
        counts = (str(one.units), str(one.tests), f"{one.first_pass_yield:.1%}", f"{one.last_pass_yield:.1%}")
        table.add_row(*(Text(cell) for cell in (one.part, one.station, one.process, *counts)))
    console.print(table)


@app.command()
def reasons(
    since: When = None, until: When = None, config: Config = None, as_json: Json = False, as_csv: Csv = False
) -> None:
    """Why files are in quarantine, the most frequent reason first."""
    if as_csv:
        _csv(config, "reasons", since, until)
        return
    with door(config) as control:
        found = control.reasons(since=moment(since), until=moment(until))
    if as_json:
        print_json(found.model_dump(mode="json")["reasons"])
        return
    table = Table("files", "source", "reason")
    for one in found.reasons:
        table.add_row(str(one.files), one.source, Text(one.reason))
    console.print(table)


def _csv(
    config: Config, which: str, since: datetime | None, until: datetime | None, *, by: list[str] | None = None
) -> None:
    with door(config) as control:
        table = control.numbers_as_csv(which, by=by or [], since=moment(since), until=moment(until))
    sys.stdout.buffer.write(table)
    sys.stdout.buffer.flush()
