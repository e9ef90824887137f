"""One stage in the foreground, until a signal ends it."""

import logging
import signal
import threading
from contextlib import closing
from pathlib import Path

from wats_broker.connection import doubts, reach
from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker import logs
from wats_worker.app import CANNOT_BEGIN
from wats_worker.app.line import Line
from wats_worker.app.workers import NoServer, run_convert, run_poll, run_upload
from wats_worker.child import die_with_parent
from wats_worker.convert.workshop import Workshop
from wats_worker.poll.ticks import Ticks
from wats_worker.pulse import Pulse, worker_name
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.settings import WorkerSettings
from wats_worker.watch.watcher import Watcher

log = logging.getLogger(__name__)


def run(
    stage: Stage,
    settings: WorkerSettings,
    pools: tuple[str, ...] = (),
    *,
    config: Path | None = None,
) -> int:
    """Run one stage; the exit code.

    Args:
        stage: Which.
        settings: The configuration.
        pools: For convert workers: the pools they eat from.
        config: The configuration's file, for the stage that shows and changes it.
    """
    die_with_parent()
    logs.setup(stage, settings)
    stop = _stop_on_signals()
    try:
        if stage is Stage.BROKER:
            return _broker(settings, stop)
        if stage is Stage.CONVERT:
            return _convert(settings, pools or ("convert",), stop)
        if stage is Stage.CONSOLE:
            return _console(settings, stop)
        with closing(_line(settings, stage, pools, stop)) as line:
            match stage:
                case Stage.WATCH:
                    return _watch(line, stop)
                case Stage.UPLOAD:
                    return run_upload(line, stop)
                case Stage.POLL:
                    return run_poll(line, stop)
                case Stage.BEAT:
                    return _beat(line, stop)
                case Stage.ARCHIVE:
                    return _archive(line, stop)
                case Stage.CONTROL:
                    return _control(line, config, stop)
    except (BrokerError, JailUnavailable, NoServer) as error:
        if stop.is_set():
            return 0
        log.critical("stage_cannot_begin", extra={"reason": str(error)})
        return CANNOT_BEGIN


def _line(settings: WorkerSettings, stage: Stage, pools: tuple[str, ...], stop: threading.Event) -> Line:
    """The line, once the broker answers."""
    with reach(settings.broker, stop=stop) as redis:
        for doubt in doubts(redis):
            log.warning("broker_doubtful", extra={"hint": doubt})
    return Line(settings, stage, pools)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _broker(settings: WorkerSettings, stop: threading.Event) -> int:
    from wats_broker.embedded import stage  # noqa: PLC0415  needs a Unix; connecting does not

    stage.run(settings.broker, stop)
    return 0


def _convert(settings: WorkerSettings, pools: tuple[str, ...], stop: threading.Event) -> int:
    """The jail before all else: without it there is no need to reach for the broker."""
    workshop = Workshop(settings, scratch=settings.scratch_folder(), pool=pools[0])
    workshop.prove()
    workshop.tell()
    with closing(_line(settings, Stage.CONVERT, pools, stop)) as line:
        return run_convert(line, workshop, stop)


def _watch(line: Line, stop: threading.Event) -> int:
    if not line.all_sources:
        log.warning("nothing_to_watch", extra={"hint": "add a [[sources]] table to the configuration"})
    watcher = Watcher(
        spool=line.spool,
        queue=line.queue,
        journal=line.journal,
        dispatch=line.dispatch,
        lease=line.watch_lease,
        sources=list(line.sources.values()),
        holder=worker_name(Stage.WATCH),
        backlog=line.dispatch.backlog,
        post_action=line.post_action,
        paused=line.why_paused,
        traces=line.traces,
    )
    pulse = Pulse(
        line.fleet,
        Stage.WATCH,
        work=lambda: ", ".join(f"{name}: {n} waiting" for name, n in watcher.waiting.items() if n),
    )
    pulse.start()
    watcher.run(stop)
    pulse.stop()
    return 0


def _archive(line: Line, stop: threading.Event) -> int:
    from wats_worker.app.archive import run_archive  # noqa: PLC0415  a database, which few stages need

    return run_archive(line, stop)


def _beat(line: Line, stop: threading.Event) -> int:
    from wats_worker.app.beat import run_beat  # noqa: PLC0415  Celery's clock, which no other stage needs

    if not line.settings.scheduled:
        log.warning("nothing_is_scheduled", extra={"hint": "add a [[scheduled]] table to the configuration"})
    ticks = Ticks(
        [source.name for source in line.settings.scheduled],
        polls=line.polls,
        dispatch=line.dispatch,
        lease=line.beat_lease,
        holder=worker_name(Stage.BEAT),
        now=line.journal.time,
        paused=line.why_paused,
    )
    pulse = Pulse(
        line.fleet,
        Stage.BEAT,
        work=lambda: f"stands by for {ticks.standing_by_for}" if ticks.standing_by_for else "ticks",
    )
    pulse.start()
    run_beat(line.celery, line.settings.scheduled, ticks, stop)
    pulse.stop()
    return 0


def _control(line: Line, config: Path | None, stop: threading.Event) -> int:
    from wats_worker.app.door import run_control  # noqa: PLC0415  a web server, which no other stage needs
    from wats_worker.control.serving import CannotListen  # noqa: PLC0415  as above

    try:
        return run_control(line, config, stop)
    except CannotListen as error:
        log.critical("stage_cannot_begin", extra={"reason": str(error)})
        return CANNOT_BEGIN


def _console(settings: WorkerSettings, stop: threading.Event) -> int:
    """It asks the door and not the broker, so it begins without one, and tells when the door is away."""
    try:
        from wats_worker.console.serving import (  # noqa: PLC0415  its library is large
            CannotListen,
            run_console,
        )
    except ModuleNotFoundError as missing:
        log.critical("stage_cannot_begin", extra={"reason": f"{missing}: install wats-worker[console]"})
        return CANNOT_BEGIN
    try:
        return run_console(settings, stop)
    except CannotListen as error:
        log.critical("stage_cannot_begin", extra={"reason": str(error)})
        return CANNOT_BEGIN
