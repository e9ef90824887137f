"""``wats-worker archive verify``: is everything that is kept what it was?"""

from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.cli.common import Config, Exit, Json, fail, load, print_json, problems, say, unix_only
from wats_worker.store.errors import StoreError
from wats_worker.trail.seal import NoKey, Witness


def verify(
    public_key: Annotated[
        Path | None,
        typer.Option(help="The key to check with, if it was kept elsewhere. Else the trail's own."),
    ] = None,
    expect: Annotated[
        list[str] | None, typer.Option(help="The hash of a manifest that was kept elsewhere; repeatable.")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Check the audit trail, the sealed days, and every byte of the archive; name what is not as it was.

    It needs no running line, and takes as long as reading the archive does. Exit code 1: something is wrong.
    """
    unix_only()
    from wats_worker.app.proving import prove  # noqa: PLC0415  see cli/main.py

    line = Line(load(config), Stage.CONTROL)
    try:
        witness = Witness.read(public_key or line.trail.layout.public_key)
        with Status("", console=problems) as shown:
            proved = prove(line, witness, expected=expect or (), progress=shown.update)
    except (NoKey, StoreError, OSError) as problem:
        fail(str(problem))
    proof = proved.proof
    if as_json:
        print_json(
            {
                "findings": [vars(finding) for finding in proof.findings],
                "trail_lines": proof.lines,
                "sealed_days": proof.days,
                "records": proof.records,
                "files": proved.files,
                "bytes": proved.bytes,
                "last_manifest": proof.last,
                "key": proof.key,
            }
        )
    else:
        for finding in proof.findings:
            say(str(finding), style="red")
        say(
            f"{proof.lines} lines of the trail, {proof.days} sealed days with {proof.records} records, "
            f"{proved.files} files with {proved.bytes} bytes: "
            + ("nothing was changed" if not proof.findings else f"{len(proof.findings)} things are wrong")
        )
        say(f"key {proof.key}")
        if proof.last:
            say(f"last manifest {proof.last}")
    if proof.findings:
        raise typer.Exit(Exit.ATTENTION)
