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
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from wats_broker.errors import VersionMismatchError
from wats_broker.files import READABLE, create_once
from wats_worker import settings as configuration
from wats_worker.child import PARENT
from wats_worker.settings import Misconfigured, WorkerSettings
from wats_worker.settings.changing import outdated

if TYPE_CHECKING:
    from collections.abc import Callable

    from wats_worker.control.client import Client

Answer = TypeVar("Answer")


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
        settings = configuration.load(config, checks=checks)
        # A stage that a supervisor started has had this said for it.
        if PARENT not in os.environ and (word := outdated(config)):
            problems.print(word, style="yellow", highlight=False, markup=False)
        return settings  # noqa: TRY300  both may find mistakes
    except Misconfigured as mistakes:
        problems.print(str(mistakes), style="red", highlight=False, markup=False)
        raise typer.Exit(Exit.MISCONFIGURED) from None


def load_for_converting(config: Path | None) -> WorkerSettings:
    """The same, with a look at whether the converters and their options are right."""
    # The converters take their time to load, and most commands do without them.
    from wats_worker.convert.checks import check_converters  # noqa: PLC0415

    return load(config, checks=[check_converters])


def load_for_polling(config: Path | None) -> WorkerSettings:
    """The same, with a look at the pollers and their options."""
    from wats_worker.poll.checks import check_pollers  # noqa: PLC0415  as above

    return load(config, checks=[check_pollers])


def load_for_everything(config: Path | None) -> WorkerSettings:
    """The same, with a look at both."""
    from wats_worker.convert.checks import check_converters  # noqa: PLC0415  as above
    from wats_worker.poll.checks import check_pollers  # noqa: PLC0415

    return load(config, checks=[check_converters, check_pollers])


def fail(text: str, code: Exit = Exit.BROKEN) -> NoReturn:
    """End with a message and an exit code."""
    problems.print(text, style="red", highlight=False, markup=False)
    raise typer.Exit(code)


def unix_only() -> None:
    """End with a word where there can be no spool: it is made of what files can do on a Unix."""
    try:
        import fcntl  # noqa: F401, PLC0415  Windows has none
    except ImportError:
        fail(
            "The line runs on Linux, and on macOS where [sandbox] level allows it. Here converters can be "
            "written and tried: 'wats-worker converters'. For the line take its container, or WSL 2."
        )


@contextmanager
def door(config: Path | None) -> Iterator["Client"]:
    """The control door of the line, for one question."""
    unix_only()
    from wats_worker.control.client import Client, ControlError  # noqa: PLC0415  see cli/main.py

    settings = load(config)
    try:
        with Client.local(settings) as client:
            yield client
    except (ControlError, VersionMismatchError) as error:
        fail(str(error))
    except ValidationError as error:  # of what is to be asked; what was answered is a ControlError
        first = error.errors(include_url=False)[0]
        said = first["msg"].removeprefix("Value error, ")
        fail(": ".join(filter(None, [".".join(map(str, first["loc"])), said])))


def from_line(settings: WorkerSettings, ask: "Callable[[Client], Answer]") -> "Answer | None":
    """What the running line answers; nothing where none runs, for questions that can do without."""
    from wats_worker.control.client import Client, ControlError, NoDoor  # noqa: PLC0415  see cli/main.py

    try:
        with Client.local(settings) as client:
            return ask(client)
    except NoDoor:
        return None
    except (ControlError, VersionMismatchError) as error:
        fail(str(error))


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
    if not file.exists():
        create_once(file, f"{secrets.token_urlsafe(32)}\n".encode())
    return file.read_text(encoding="utf-8").strip()


def write_new(file: Path, text: str) -> None:
    """Make a file for a person, or end with a word why not."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        made = create_once(file, text.encode(), mode=READABLE)
    except OSError as error:
        fail(f"{file} can't be written: {error.strerror}")
    if not made:
        fail(f"{file} is there already")


def ago(seconds: float) -> str:
    """A span as people say it.

    >>> ago(9), ago(150), ago(8000), ago(300_000)
    ('9 s', '2 min', '2 h', '3 days')
    """
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def say(text: str, *, style: str | None = None) -> None:
    """Print one line as it is. It is not broken in two, so that a path in it can be copied."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def print_json(answer: Any) -> None:
    """Print one JSON document; anything that is no JSON value as text."""
    json.dump(answer, sys.stdout, default=str, indent=2)
    sys.stdout.write("\n")
