"""The whole line on one machine: every stage as a child of one supervisor."""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Final

from redis.exceptions import RedisError

from wats_broker.connection import connect
from wats_broker.errors import BrokerError
from wats_broker.files import Occupied
from wats_broker.names import Stage
from wats_worker import logs
from wats_worker.app import CANNOT_BEGIN
from wats_worker.child import Child
from wats_worker.convert.bounds import level_of
from wats_worker.convert.checks import check_converters
from wats_worker.poll.checks import check_pollers
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.levels import require
from wats_worker.settings import Misconfigured, WorkerSettings, load
from wats_worker.settings.changing import remember
from wats_worker.settings.difference import difference
from wats_worker.supervisor import Change, Supervisor

log = logging.getLogger(__name__)

#: Seconds that a stage has to finish what is in its hands: a conversion or a request may be under way.
_GRACE_S: Final = {
    Stage.BROKER: 30.0,
    Stage.WATCH: 15.0,
    Stage.CONVERT: 60.0,
    Stage.UPLOAD: 60.0,
    Stage.POLL: 60.0,
    Stage.BEAT: 15.0,
    Stage.ARCHIVE: 30.0,
    Stage.CONTROL: 15.0,
    Stage.CONSOLE: 15.0,
}
#: A lower rank starts before a higher one and stops after it.
_RANK: Final = {
    Stage.BROKER: 0,
    Stage.ARCHIVE: 1,
    Stage.CONTROL: 1,
    Stage.UPLOAD: 1,
    Stage.CONVERT: 1,
    Stage.WATCH: 2,
    Stage.POLL: 2,
    Stage.BEAT: 3,
    Stage.CONSOLE: 4,
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
    upkeep = _Upkeep(settings, config)
    return Supervisor(upkeep.children(), reload=upkeep.reload).run()


class _Upkeep:
    """What the line runs with, and what it has to do to run with something else."""

    def __init__(self, settings: WorkerSettings, config: Path | None) -> None:
        self._settings = settings
        self._config = config
        self._remember()

    def children(self) -> list[Child]:
        """The processes of the line."""
        if self._settings.server.url is None:
            log.warning("nothing_is_uploaded", extra={"hint": "set [server] url and token_file"})
        return [
            _child(name, stage, options, self._settings, self._config)
            for name, stage, options in _stages(self._settings)
        ]

    def reload(self) -> Change | None:
        """Read the configuration anew. One that can't be taken up changes nothing, and the log says why."""
        try:
            new = load(self._config, checks=[check_converters, check_pollers])
            found = difference(self._settings, new)
            require(level_of(new), new.scratch_folder())
        except (Misconfigured, JailUnavailable) as wrong:
            log.error("configuration_refused", extra={"reason": str(wrong)})
            return None
        if not found.is_live:
            reasons = "; ".join(f"{key} can't change now: {what}" for key, what in found.refused.items())
            log.error("configuration_refused", extra={"reason": reasons})
            return None
        if not found.keys:
            log.info("configuration_unchanged")
            return None
        self._settings = new
        logs.setup("up", new)
        self._remember()
        log.info("configuration_taken_up", extra={"keys": found.keys, "stages": found.stages})
        anew = frozenset(name for name, stage, _ in _stages(new) if stage in found.stages)
        return Change(self.children(), anew)

    def _remember(self) -> None:
        if self._config is None:
            return
        try:
            remember(self._config)
        except (OSError, Occupied) as error:
            log.info("configuration_not_kept", extra={"reason": str(error)})


def _stages(settings: WorkerSettings) -> list[tuple[str, Stage, list[str]]]:
    """The line's processes: what each is called, what it does, and its options."""
    stages: list[tuple[str, Stage, list[str]]] = []
    if settings.broker.embedded_folder is not None:
        stages.append(("broker", Stage.BROKER, []))
    stages += [("control", Stage.CONTROL, []), ("archive", Stage.ARCHIVE, [])]
    stages += [(pool, Stage.CONVERT, ["--pool", pool]) for pool in settings.pool_names()]
    if settings.server.url is not None:
        stages += [(f"upload-{n + 1}", Stage.UPLOAD, []) for n in range(settings.upload.processes)]
    stages.append(("watch", Stage.WATCH, []))
    if settings.scheduled:
        stages += [("poll", Stage.POLL, []), ("beat", Stage.BEAT, [])]
    if settings.console.enabled:
        stages.append(("console", Stage.CONSOLE, []))
    return stages


def _child(
    name: str, stage: Stage, options: list[str], settings: WorkerSettings, config: Path | None
) -> Child:
    where = ["--config", str(config)] if config else []
    return Child(
        name=name,
        argv=[sys.executable, "-m", "wats_worker", stage.value, *options, *where],
        grace_s=_GRACE_S[stage],
        order=_RANK[stage],
        ready=partial(_broker_answers, settings) if stage is Stage.BROKER else None,
    )


def _broker_answers(settings: WorkerSettings) -> bool:
    try:
        with connect(settings.broker) as redis:
            return bool(redis.ping())
    except (RedisError, BrokerError):
        return False
