"""``wats-worker backup`` and ``restore``: a factory to a file, and back."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from wats_broker.errors import BrokerError
from wats_broker.settings import read_secret
from wats_worker.backup.check import About, check
from wats_worker.backup.errors import BackupError
from wats_worker.backup.make import make
from wats_worker.backup.reaching import reached
from wats_worker.backup.restore import prepare
from wats_worker.backup.restore import restore as bring_back
from wats_worker.backup.retention import name, surplus
from wats_worker.cli.common import Config, Json, fail, load, print_json, say, unix_only
from wats_worker.settings import find

Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="A file with the passphrase of the secrets."),
]


def backup(
    to: Annotated[
        Path, typer.Argument(help="A folder, in which the backup is named by its time; or the new file.")
    ],
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Of this factory's backups in the folder keep the newest so many."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Make none: read this one from end to end and compare.")
    ] = False,
    passphrase_file: Passphrase = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write the whole factory to one file, while it runs. Secrets only go in under a passphrase."""
    unix_only()
    if verify:
        _tell(_checked(to), to, as_json=as_json)
        return
    settings = load(config)
    namespace = settings.broker.namespace
    file = to / name(namespace, time.time()) if to.is_dir() else to
    if keep is not None and not to.is_dir():
        fail("--keep is about a folder of backups")
    try:
        with reached(settings.broker) as redis:
            make(
                file,
                settings,
                redis=redis,
                config=find(config),
                passphrase=_passphrase(passphrase_file),
            )
        found = check(file)
        for old in surplus(file.parent, namespace, keep=keep) if keep is not None else ():
            old.unlink()
    except (BackupError, BrokerError) as problem:
        fail(str(problem))
    except OSError as problem:
        fail(f"{problem.filename or file}: {problem.strerror or problem}")
    _tell(found, file, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[
        bool,
        typer.Option("--replace", help="There is a factory already: put its files aside, and forget it."),
    ] = False,
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Make a factory of a backup. The line must not run; start it afterwards, and it goes on.

    The configuration is taken from the backup if there is none at its place.
    """
    unix_only()
    try:
        about, place, written = prepare(file, config, _passphrase(passphrase_file))
        done = bring_back(file, load(place), about, replace=replace)
    except (BackupError, BrokerError) as problem:
        fail(str(problem))
    except OSError as problem:
        fail(f"{problem.filename or file}: {problem.strerror or problem}")
    for path in written:
        say(f"{path} is written")
    for lacking in done.missing:
        say(lacking)
    for path in done.put_aside:
        say(f"what was there is in {path}")
    say(
        f"The factory {about.namespace!r} is as it was on {_day(about)}: {done.files} files are on their way."
    )


def _checked(file: Path) -> About:
    try:
        return check(file)
    except BackupError as problem:
        fail(str(problem))
    except OSError as problem:
        fail(f"{file}: {problem.strerror}")


def _tell(about: About, file: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(file), "bytes": file.stat().st_size, **asdict(about)})
        return
    secrets = "with its secrets" if about.has_secrets else "without its secrets"
    size = f"{file.stat().st_size / 2**20:.1f} MB"
    say(f"{file}: whole, {size}, of the factory {about.namespace!r} {secrets}, {_day(about)}")
    for part, place in about.elsewhere.items():
        say(f"Not in it: the {part} lies in {place}, which has to have copies of its own.")


def _day(about: About) -> str:
    return f"{datetime.fromtimestamp(about.made_at, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def _passphrase(file: Path | None) -> SecretStr | None:
    if file is None:
        return None
    try:
        return SecretStr(read_secret(file, key="passphrase_file"))
    except PydanticCustomError as problem:
        fail(f"{file}: {problem.message()}")
