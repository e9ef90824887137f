"""The whole line on one machine: every stage as a child of one supervisor."""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from wats_broker.connection import connect
from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker import logs
from wats_worker.app import CANNOT_BEGIN
from wats_worker.convert.bounds import level_of
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.levels import require
from wats_worker.settings import WorkerSettings
from wats_worker.supervisor import Child, Supervisor

log = logging.getLogger(__name__)

#: Seconds that a stage has to finish what is in its hands: a conversion or a request may be under way.
_GRACE_S: Final = {
    Stage.BROKER: 30.0,
    Stage.WATCH: 15.0,
    Stage.CONVERT: 60.0,
    Stage.UPLOAD: 60.0,
    Stage.POLL: 60.0,
    Stage.BEAT: 15.0,
    Stage.CONTROL: 15.0,
}
#: A lower rank starts before a higher one and stops after it.
_RANK: Final = {
    Stage.BROKER: 0,
    Stage.CONTROL: 1,
    Stage.UPLOAD: 1,
    Stage.CONVERT: 1,
    Stage.WATCH: 2,
    Stage.POLL: 2,
    Stage.BEAT: 3,
}


def run_all(settings: WorkerSettings, config: Path | None) -> int:
    """Run the line until a signal ends it; the exit code.

    Args:
        settings: The configuration, already found to be without mistakes.
        config: Its file; the children read it again.
    """
    logs.setup("up", settings)
    try:
        require(level_of(settings), settings.scratch_folder())
    except JailUnavailable as unavailable:
        log.critical("line_cannot_begin", extra={"reason": str(unavailable)})
        return CANNOT_BEGIN
    return Supervisor(_children(settings, config)).run()


def _children(settings: WorkerSettings, config: Path | None) -> list[Child]:
    stages: list[tuple[str, Stage, list[str]]] = []
    if settings.broker.embedded_folder is not None:
        stages.append(("broker", Stage.BROKER, []))
    stages.append(("control", Stage.CONTROL, []))
    stages += [(pool, Stage.CONVERT, ["--pool", pool]) for pool in settings.pool_names()]
    if settings.server.url is None:
        log.warning("nothing_is_uploaded", extra={"hint": "set [server] url and token_file"})
    else:
        stages += [(f"upload-{n + 1}", Stage.UPLOAD, []) for n in range(settings.upload.processes)]
    stages.append(("watch", Stage.WATCH, []))
    if settings.scheduled:
        stages += [("poll", Stage.POLL, []), ("beat", Stage.BEAT, [])]
    where = ["--config", str(config)] if config else []
    return [
        Child(
            name=name,
            argv=[sys.executable, "-m", "wats_worker", stage.value, *options, *where],
            grace_s=_GRACE_S[stage],
            order=_RANK[stage],
            ready=partial(_broker_answers, settings) if stage is Stage.BROKER else None,
        )
        for name, stage, options in stages
    ]


def _broker_answers(settings: WorkerSettings) -> bool:
    try:
        with connect(settings.broker) as redis:
            return bool(redis.ping())
    except (RedisError, BrokerError):
        return False
