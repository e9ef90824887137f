"""What all commands share: where the configuration is, how an answer is printed, what an exit code means."""

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from redis.exceptions import RedisError
from rich.console import Console

from wats_broker.connection import masked
from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker import settings as configuration
from wats_worker.app.line import Line
from wats_worker.settings import Misconfigured, WorkerSettings


class Exit(IntEnum):
    """What a command's exit code says."""

    FINE = 0
    ATTENTION = 1  #: the line works, and something waits for a person
    BROKEN = 2  #: no answer from the broker, or the command could not be done
    MISCONFIGURED = 78  #: the configuration has mistakes


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The configuration file. Else WATS_CONFIG, ./wats.toml, then the platform's place.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]

console = Console()
#: A path that is broken in two can't be copied; a terminal wraps long lines by itself.
problems = Console(stderr=True, soft_wrap=True)


def load(config: Path | None, *, checks: Iterable[configuration.Check] = ()) -> WorkerSettings:
    """The settings, or an end with every mistake named."""
    try:
        return configuration.load(config, checks=checks)
    except Misconfigured as mistakes:
        problems.print(str(mistakes), style="red", highlight=False, markup=False)
        raise typer.Exit(Exit.MISCONFIGURED) from None


def load_for_converting(config: Path | None) -> WorkerSettings:
    """The same, with a look at whether the converters and their options are right."""
    # The converters take their time to load, and most commands do without them.
    from wats_worker.convert.checks import check_converters  # noqa: PLC0415

    return load(config, checks=[check_converters])


def fail(text: str, code: Exit = Exit.BROKEN) -> NoReturn:
    """End with a message and an exit code."""
    problems.print(text, style="red", highlight=False, markup=False)
    raise typer.Exit(code)


@contextmanager
def asking(config: Path | None) -> Iterator[Line]:
    """A view of the running line for one question."""
    line = Line(load(config), Stage.WATCH)
    try:
        line.redis.ping()
        yield line
    except BrokerError as error:
        fail(str(error))
    except RedisError as error:
        fail(
            f"no answer from the broker at {masked(line.settings.broker.url)}: {str(error).rstrip('.')}. "
            "Is the line running? Start it with 'wats-worker up', or check [broker] url."
        )


@contextmanager
def borrowed_scratch(settings: WorkerSettings) -> Iterator[Path]:
    """The line's own scratch folder, or one for now where that belongs to another user."""
    ours = settings.scratch_folder()
    existing = next(folder for folder in (ours, *ours.parents) if folder.exists())
    if os.access(existing, os.W_OK):
        yield ours
    else:
        with tempfile.TemporaryDirectory(prefix="wats-") as folder:
            yield Path(folder)


def keep_secret(file: Path) -> str:
    """The secret in a private file, made there when it is asked for the first time."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return file.read_text(encoding="utf-8").strip()
    secret = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(f"{secret}\n")
    return secret


def print_json(answer: Any) -> None:
    """Print one JSON document; anything that is no JSON value as text."""
    json.dump(answer, sys.stdout, default=str, indent=2)
    sys.stdout.write("\n")
