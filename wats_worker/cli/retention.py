"""``wats-worker archive purge`` and ``archive hold``: how long the bytes of archived files stay."""

import getpass
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.archive.errors import ArchiveError
from wats_worker.cli.common import Config, Json, console, door, fail, load, print_json, say, unix_only
from wats_worker.cli.files import checked
from wats_worker.control.models.holds import HoldWanted
from wats_worker.store.errors import StoreError
from wats_worker.trail.book import TrailUnusable

holds = typer.Typer(
    help="Keep files whatever the rules say, until the label is released.", no_args_is_help=True
)

Label = Annotated[str, typer.Argument(help="A name for it, such as a case number.")]


def purge(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go, and why. Nothing goes.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take away the bytes of archived files whose time is over, as [[sources]] keep_days and others say.

    The line does so by itself, every [archive] purge_s. Records stay, and the audit trail tells what went.
    """
    unix_only()
    from wats_worker.app.retention import run  # noqa: PLC0415  see cli/main.py
    from wats_worker.catalogue.errors import CatalogueError  # noqa: PLC0415  a database takes its time

    line = Line(load(config), Stage.CONTROL)
    try:
        plan, purged = run(line, f"command line, {getpass.getuser()}", lambda: True, dry=dry_run)
    except (ArchiveError, CatalogueError, StoreError, TrailUnusable, OSError) as problem:
        fail(str(problem))
    finally:
        line.close()
    wanted = [(one.file.file_id, one.file.source, one.file.size, one.why) for one in plan.victims]
    if as_json:
        victims = [dict(zip(("file_id", "source", "size", "why"), one, strict=True)) for one in wanted]
        told = {"files": plan.files, "bytes": plan.bytes, "held": plan.held}
        print_json({**told, "purged": purged.files, "victims": victims})
        return
    for (source, why), count in Counter((one[1], one[3]) for one in wanted).items():
        say(f"{source}: {count} file(s), {why}")
    went = f"{sum(one[2] for one in wanted)} bytes would go" if dry_run else f"{purged.bytes} bytes went"
    say(f"{plan.files} file(s) have their bytes, {plan.held} of them held; of {len(wanted)} {went}")


@holds.command("add")
def add(
    label: Label,
    serial: Annotated[
        list[str] | None, typer.Option(help="Every file with a unit of this serial number; repeatable.")
    ] = None,
    file: Annotated[list[str] | None, typer.Option(help="A file, by its whole id; repeatable.")] = None,
    reason: Annotated[str, typer.Option(help="Stands in the audit trail.")] = "by an operator",
    config: Config = None,
) -> None:
    """Keep files under a label. What it holds already stays held."""
    given = {
        "label": label,
        "serials": serial or [],
        "file_ids": [checked(one) for one in file or []],
        "reason": reason,
    }
    if not serial and not file:
        fail("say what: --serial or --file")
    with door(config) as control:
        hold = control.add_hold(HoldWanted.model_validate(given))
    say(f"{hold.label} holds {len(hold.file_ids)} file(s) and {len(hold.serials)} serial number(s)")


@holds.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List the labels, with what each one holds."""
    with door(config) as control:
        found = control.holds().holds
    if as_json:
        print_json([hold.model_dump(mode="json") for hold in found])
        return
    table = Table("label", "files", "serial numbers", "since", "by", "reason")
    for hold in found:
        since = f"{datetime.fromtimestamp(hold.at, UTC).astimezone():%Y-%m-%d}"
        row = (hold.label, str(len(hold.file_ids)), ", ".join(hold.serials), since, hold.who, hold.reason)
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


@holds.command()
def release(label: Label, config: Config = None) -> None:
    """Hold nothing under a label any more. What the rules want goes at the next look."""
    with door(config) as control:
        control.release_hold(label)
    say(f"{label} holds nothing any more")
