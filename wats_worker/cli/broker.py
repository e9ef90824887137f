"""``wats-worker broker``: run the embedded one, or tell another one who may do what."""

import secrets
from pathlib import Path
from typing import Annotated, Final

import typer

from wats_broker.files import create_once, private_folder, write_atomically
from wats_broker.names import Stage
from wats_broker.roles import Role, users_file
from wats_worker.cli.common import Config, fail, load, say, unix_only

app = typer.Typer(
    help="Run the embedded broker, or make the users of another one.", invoke_without_command=True
)

#: In a folder that nobody else may enter, so that a container finds its own password readable when it is
#: mounted there: it keeps the mode and knows another owner.
_MOUNTED: Final = 0o444


@app.callback()
def broker(context: typer.Context, config: Config = None) -> None:
    """Run the embedded broker alone."""
    if context.invoked_subcommand:
        return
    unix_only()
    from wats_worker.app import stages  # noqa: PLC0415  a question should be answered at once

    raise typer.Exit(stages.run(Stage.BROKER, load(config)))


@app.command()
def acl(
    to: Annotated[Path, typer.Argument(help="The file to write, for the server's setting aclfile.")],
    passwords: Annotated[
        Path,
        typer.Option(
            help="The folder of the passwords, <role>.password each. Those that are missing are made."
        ),
    ],
    config: Config = None,
) -> None:
    """Write the users of a Redis or Valkey server, 7.0 or newer: one for each stage, with what it needs.

    Run it again after an upgrade or a change of passwords, and have the server read it: ACL LOAD.
    """
    settings = load(config).broker
    try:
        known = {role: _password(passwords, role) for role in Role}
        text = users_file(known, settings.namespace, database=settings.database)
        write_atomically(to, text.encode(), mode=0o644)
    except OSError as error:
        fail(f"{error.filename or to} can't be written: {error.strerror}")
    say(f"{to}: {len(known)} users of the factory {settings.namespace!r}, their passwords in {passwords}")


def _password(folder: Path, role: Role) -> str:
    file = folder / f"{role}.password"
    if not file.exists():
        if not folder.exists():
            private_folder(folder)
        closed = not folder.stat().st_mode & 0o077
        create_once(file, f"{secrets.token_urlsafe(32)}\n".encode(), **({"mode": _MOUNTED} if closed else {}))
    return file.read_text(encoding="utf-8").strip()
