"""``wats-worker audit``: who did what through the control door."""

import sys
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from wats_worker.cli.common import Config, door

app = typer.Typer(no_args_is_help=True)


class Form(StrEnum):
    """How it is written."""

    JSONL = "jsonl"
    CSV = "csv"


@app.callback()
def audit() -> None:
    """Tell who did what through the control door."""


@app.command()
def export(
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, by UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day. Else today.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="One JSON object a line, or a table.")] = Form.JSONL,
    config: Config = None,
) -> None:
    """Write the audit trail to the standard output: each act with its token's name, reason and outcome."""
    with door(config) as control:
        for piece in control.audit(since=_day(since), until=_day(until), form=form.value):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None
