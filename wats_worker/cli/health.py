"""`wats-worker health`: an exit code for container health checks and scripts. 0 is healthy, 1 is not."""

import socket
from typing import Annotated

import typer
from redis.exceptions import RedisError

from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.cli.common import Config, Exit, Json, fail, load, print_json, say, unix_only
from wats_worker.settings import WorkerSettings


def health(
    stage: Annotated[
        Stage | None, typer.Option(help="Only this stage, and only on this machine or in this container.")
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="Only this machine or container, whatever stages run in it.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Is the line ready, or what runs here alive and at work? Exit code 0: yes. 1: no."""
    unix_only()
    settings = load(config)
    failing = _here(settings, stage) if here or stage is not None else _line(settings)
    if as_json:
        print_json({"healthy": not failing, "failing": failing})
    else:
        for one in failing:
            say(one, style="red")
        if not failing:
            say("healthy")
    raise typer.Exit(Exit.ATTENTION if failing else Exit.FINE)


def _line(settings: WorkerSettings) -> list[str]:
    """What fails, in the door's own words."""
    from wats_worker.control.client import Client, ControlError  # noqa: PLC0415  see cli/main.py
    from wats_worker.control.place import Place  # noqa: PLC0415

    control = settings.control
    verify = str(control.ca_file) if control.ca_file else True
    try:
        with Client(control.url or Place.of(settings).address, None, verify=verify) as client:
            return client.readiness().failing
    except ControlError as error:
        fail(str(error), Exit.ATTENTION)


def _here(settings: WorkerSettings, stage: Stage | None) -> list[str]:
    """What keeps a stage, or all of them, from work on this machine, as its processes told the broker."""
    here = socket.gethostname()
    line = Line(settings, stage or Stage.WATCH)
    own = f"{here}-{stage}-" if stage else f"{here}-"
    try:
        if stage is Stage.BROKER:
            line.redis.ping()
            return []
        workers = [one for one in line.fleet.alive() if one.host == here and stage in {None, one.stage}]
        complaints = [one for one in line.fleet.complaints() if one.worker.startswith(own)]
    except (BrokerError, RedisError) as error:
        return [f"no answer from the broker: {error}"]
    if not workers:
        return [f"no {stage} worker lives on {here}" if stage else f"no worker lives on {here}"]
    return [f"{one.worker}: {one.reason}" for one in complaints]
