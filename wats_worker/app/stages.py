"""One stage in the foreground, until a signal ends it."""

import logging
import signal
import threading
from contextlib import closing

from wats_broker.connection import doubts, reach
from wats_broker.errors import BrokerError
from wats_broker.names import Stage
from wats_worker import logs
from wats_worker.app import CANNOT_BEGIN
from wats_worker.app.line import Line
from wats_worker.app.workers import NoServer, run_convert, run_upload
from wats_worker.convert.workshop import Workshop
from wats_worker.pulse import Pulse, worker_name
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.settings import WorkerSettings
from wats_worker.supervisor import die_with_parent
from wats_worker.watch.watcher import Watcher

log = logging.getLogger(__name__)


def run(stage: Stage, settings: WorkerSettings, pools: tuple[str, ...] = ()) -> int:
    """Run one stage; the exit code."""
    die_with_parent()
    logs.setup(stage, settings)
    stop = _stop_on_signals()
    try:
        if stage is Stage.BROKER:
            return _broker(settings, stop)
        if stage is Stage.CONVERT:
            return _convert(settings, pools or ("convert",), stop)
        with closing(_line(settings, stage, pools, stop)) as line:
            match stage:
                case Stage.WATCH:
                    return _watch(line, stop)
                case Stage.UPLOAD:
                    return run_upload(line, stop)
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
    if not line.sources:
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
