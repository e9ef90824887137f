"""The configuration: is it right, what is in force, and the file brought up to date, mended or taken over."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from wats_broker.files import NoGoodBackup, Occupied, create_once
from wats_worker.cli.common import (
    Config,
    Exit,
    Json,
    door,
    fail,
    load,
    load_for_everything,
    print_json,
    say,
)
from wats_worker.control.models.configuration import Meant
from wats_worker.settings import Misconfigured, WorkerSettings, find
from wats_worker.settings.changing import ChangedMeanwhile, Repaired, Way, repair, upgrade
from wats_worker.settings.described import json_schema
from wats_worker.settings.editing import NoSuchPlace, value_of, with_value, without
from wats_worker.settings.pywats import NotPywats, moved
from wats_worker.settings.repair import NothingLeft
from wats_worker.settings.showing import shown

if TYPE_CHECKING:
    from wats_worker.control.client import Client

app = typer.Typer(help="Check, show and change the configuration.", no_args_is_help=True)

File = Annotated[
    Path | None,
    typer.Argument(help="The file. Else WATS_CONFIG, ./wats.toml, then the platform's place."),
]


@app.command()
def check(file: File = None) -> None:
    """Check the configuration and name every mistake with its line and its fix."""
    settings = load_for_everything(file)
    where = find(file)
    count = len(settings.all_sources())
    say(f"{where or 'no file, only defaults'}: no mistakes; {count} source{'' if count == 1 else 's'}")
    if not settings.all_sources():
        say("No source is configured, so nothing is watched.", style="yellow")
    _tell_of_converters(settings)


@app.command()
def show(config: Config = None, as_json: Json = False) -> None:
    """Show every key, its value, and where that comes from. Secrets are masked."""
    keys = list(shown(load(config), config))
    if as_json:
        print_json([asdict(one) for one in keys])
        return
    width = min(max(len(one.key) for one in keys), 44)
    for one in keys:
        say(f"{one.key:<{width}}  {_value(one.value)}", style="dim" if one.origin == "default" else None)
        if one.origin != "default":
            say(f"{'':<{width}}    from {one.origin}", style="cyan")


@app.command()
def schema() -> None:
    """Print the configuration's JSON Schema, for editors that check a file while it is written."""
    print_json(json_schema())


@app.command(name="upgrade")
def bring_up(file: File = None) -> None:
    """Write a file of an older schema anew in today's. Comments stay; a backup is kept."""
    where = _existing(file)
    with _changing(where):
        new, put = upgrade(where)
    if put.backup is None:
        say(f"{where}: is written for today's schema; nothing to do")
        return
    for change in new.changes:
        say(f"  {change}")
    say(f"{where}: upgraded from schema {new.was}; what it was before is in {put.backup.name}")


@app.command(name="repair")
def mend(
    file: File = None,
    backup: Annotated[
        bool, typer.Option("--backup", help="Put the newest good backup back, even if nothing is damaged.")
    ] = False,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Keep what can still be read, even if there is a good backup.")
    ] = False,
) -> None:
    """Mend a damaged or half-written file: from its newest good backup, else from what can still be read."""
    where = _existing(file)
    with _changing(where):
        try:
            done = repair(where, Way.BACKUP if backup else Way.SALVAGE if salvage else Way.ANY)
        except NoGoodBackup as error:
            _refuse(f"{where}: {error}.")
        except NothingLeft as error:
            _refuse(f"{where}: {error} There is no good backup beside it either.")
    if done is None:
        say(f"{where}: is not damaged. What is wrong otherwise is for a person to mend, or --backup")
        load(where)
        return
    _tell_of_repair(where, done)
    load(where)


@app.command(name="import")
def take_over(
    file: Annotated[Path, typer.Argument(help="The config.json of a pyWATS client.")],
    to: Annotated[Path, typer.Option(help="The file to write, which is not there yet.")] = Path("wats.toml"),
    path: Annotated[
        list[str] | None,
        typer.Option(help="What the beginning of its paths is here, such as 'C:/testers=/mnt/testers'."),
    ] = None,
) -> None:
    """Make a configuration of that of a pyWATS client, and name what has no counterpart."""
    paths = dict(_pair(one) for one in path or [])
    to, token = to.absolute(), to.absolute().with_name("wats-token")
    try:
        taken = moved(file.read_bytes(), token_file=token, paths=paths)
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror}")
    except NotPywats as error:
        fail(f"{file}: {error}")
    if to.exists() or (taken.token and token.exists()):
        fail(f"{to if to.exists() else token} is there already; name another file with --to")
    try:
        if taken.token:
            create_once(token, f"{taken.token}\n".encode())
        create_once(to, taken.text.encode())
    except OSError as error:
        fail(f"{to} can't be written: {error.strerror}")
    say(f"{to}: written" + (f"; the token is in {token}" if taken.token else ""))
    if taken.notes:
        say("What is different here, or has no counterpart:")
    for note in taken.notes:
        say(f"  {note}")
    load_for_everything(to)


Key = Annotated[str, typer.Argument(help="As in the file: server.url, or sources.ict.station.")]
Restart = Annotated[
    bool, typer.Option("--restart", help="Write it even if the line has to be stopped and started for it.")
]


@app.command(name="set")
def set_(
    key: Key,
    value: Annotated[str, typer.Argument(help="As in the file; '-' reads it from the standard input.")],
    restart: Restart = False,
    config: Config = None,
) -> None:
    """Set one key of the running line's configuration, and have the line take it up."""
    given = sys.stdin.readline().rstrip("\n") if value == "-" else value
    with door(config) as control:
        text, etag = _text(control)
        with _placed():
            text = with_value(text, key, value_of(given))
        _change(control, text, etag, restart=restart)


@app.command()
def unset(key: Key, restart: Restart = False, config: Config = None) -> None:
    """Take one key, or a whole table, out of the running line's configuration: its default counts then."""
    with door(config) as control:
        text, etag = _text(control)
        with _placed():
            text = without(text, key)
        _change(control, text, etag, restart=restart)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="The new text; '***' in it is what stands there now.")],
    restart: Restart = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would change.")] = False,
    config: Config = None,
) -> None:
    """Give the running line another configuration, and have it taken up.

    Exit code 0: taken up, or with --dry-run it would be. 1: written, and somebody has to start stages again.
    2: nothing was changed.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error}")
    with door(config) as control:
        if not dry_run:
            _change(control, text, control.config().etag or "", restart=restart)
            return
        found = control.check_config(text)
    for one in found.mistakes:
        say(f"{one.place}: {one.key}: {one.what}; {one.fix}", style="red")
    if found.meant is None:
        _refuse("It can't be used.", Exit.MISCONFIGURED)
    _tell_meaning(found.meant)


def _text(control: "Client") -> tuple[str, str]:
    """The running line's configuration as it is written, secrets masked."""
    shown = control.config()
    if shown.text is None or shown.etag is None:
        _refuse(
            f"the text of {shown.file or 'the configuration'} can't be shown: there is none, or it is damaged"
        )
    return shown.text, shown.etag


@contextmanager
def _placed() -> Iterator[None]:
    try:
        yield
    except NoSuchPlace as error:
        _refuse(f"{error}.")


def _change(control: "Client", text: str, etag: str, *, restart: bool) -> None:
    done = control.change_config(text, etag=etag, restart=restart)
    _tell_meaning(done.meant)
    if done.backup:
        say(f"Written; what it was before is in {done.backup}")
    if done.live:
        say("The line is taking it up.")
    elif done.meant.changed:
        fail("Nobody takes it up by himself here: start these stages again.", Exit.ATTENTION)


def _tell_meaning(meant: Meant) -> None:
    if not meant.changed:
        say("Nothing that the line runs with is different.")
        return
    say(f"Changed: {', '.join(meant.changed)}")
    say(f"Stages that start anew: {', '.join(meant.stages) or 'none'}")
    for key, what in meant.needs_restart.items():
        say(f"{key} can't change while the line runs: {what}", style="yellow")


def _existing(file: Path | None) -> Path:
    where = find(file)
    if where is None or not where.exists():
        fail(f"there is no file {where}" if where else "there is no configuration file")
    return where


@contextmanager
def _changing(file: Path) -> Iterator[None]:
    """What can stop a change, told; nothing was changed then."""
    try:
        yield
    except Misconfigured as mistakes:
        _refuse(str(mistakes), Exit.MISCONFIGURED)
    except (Occupied, ChangedMeanwhile) as error:
        _refuse(f"{file}: {error}")
    except OSError as error:
        _refuse(f"{file} can't be changed: {error.strerror}")


def _refuse(text: str, code: Exit = Exit.BROKEN) -> NoReturn:
    fail(f"{text}\nNothing was changed.", code)


def _tell_of_repair(file: Path, done: Repaired) -> None:
    for lost in done.lost:
        say(f"  line {lost.line}: {lost.text}: {lost.why}", style="yellow")
    if done.backup:
        say(f"{file}: has the content of {done.backup.name} again")
    else:
        say(f"{file}: {len(done.lost)} lines became comments that begin with '#!'; look through them")
    say(f"What it was is in {done.damaged.name}")


def _tell_of_converters(settings: WorkerSettings) -> None:
    from wats_worker.convert.roster import roster  # noqa: PLC0415  see cli/main.py
    from wats_worker.converters.plugins import search  # noqa: PLC0415

    for entry in roster(settings, search(settings.convert.plugins)).aside:
        say(f"Set aside: {entry.name or entry.origin}: {entry.reason}", style="yellow")


def _pair(text: str) -> tuple[str, str]:
    theirs, equals, ours = text.partition("=")
    if not (theirs and equals and ours):
        fail(f"{text!r} does not say what a path is here; write it like 'C:/testers=/mnt/testers'")
    return theirs, ours


def _value(value: object) -> str:
    return "not set" if value is None else str(value)
