"""The Celery workers of the line, in the foreground: convert on processes, upload and poll on threads."""

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Final

from celery import signals

from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.app.shift import Shift
from wats_worker.convert import tasks as convert_tasks
from wats_worker.convert.bounds import level_of
from wats_worker.convert.interrupt import Interrupt
from wats_worker.convert.pipeline import Patience, Pipeline
from wats_worker.convert.rules import rule, thresholds
from wats_worker.convert.workshop import Workshop
from wats_worker.intake.take import Intake
from wats_worker.intake.turns import Turns
from wats_worker.poll import tasks as poll_tasks
from wats_worker.poll.polling import Polling
from wats_worker.pulse import worker_name
from wats_worker.settings import ConvertSettings, ScheduledSource
from wats_worker.spool.names import process_list
from wats_worker.upload import tasks as upload_tasks
from wats_worker.upload.breaker import Breaker
from wats_worker.upload.client import WatsClient
from wats_worker.upload.delivery import Delivery
from wats_worker.upload.drain import Drain
from wats_worker.upload.processes import ProcessSync
from wats_worker.upload.recheck import Recheck
from wats_worker.upload.schedule import Schedule
from wats_worker.version import RELEASE

#: A pool process is replaced after so many files, or above so many kB, whatever leaks in it.
_FILES_PER_PROCESS: Final = 5000
_KB_PER_PROCESS: Final = 400_000
#: Seconds for a question to the server to be answered when the process ends; its connection ends with it.
_GOODBYE_S: Final = 3.0


class NoServer(Exception):
    """No server is configured: set [server] url and token_file."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def run_convert(line: Line, workshop: Workshop, stop: threading.Event) -> int:
    """Convert files until told to stop; the exit code."""
    pool = line.settings.pool(line.pools[0])
    parts = _ConvertParts(line, pool, workshop)
    convert_tasks.install(line.celery, pipeline=lambda: parts.pipeline, parking=lambda: line.parking)

    def interrupt(processes: Sequence[int]) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    return Shift(
        line,
        stop,
        pools=line.pools,
        hand_back=interrupt,
        jail=level_of(line.settings).name.lower(),  # a worker that could not build it has not begun
        pool="prefork",
        concurrency=pool.processes,
        max_tasks_per_child=_FILES_PER_PROCESS,
        max_memory_per_child=_KB_PER_PROCESS,
    ).run()


def run_upload(line: Line, stop: threading.Event) -> int:
    """Deliver reports until told to stop; the exit code.

    Raises:
        NoServer: nobody said where to.
    """
    parts = _UploadParts(line)
    upload_tasks.install(line.celery, drain=parts.drain, parking=line.parking, over=stop)

    def repair_wake_ups() -> None:
        """Lost ones, and those for retries that fall due."""
        line.dispatch.drain(line.queue.wake())

    def hand_back(_: Sequence[int]) -> None:
        # Threads that wait for a server can't be ended; the process can.
        parts.drain.hand_back()
        shift.leave()

    shift = Shift(
        line,
        stop,
        pools=[Stage.UPLOAD],
        chores=[repair_wake_ups, parts.recheck.look],
        hand_back=hand_back,
        pool="threads",
        concurrency=line.settings.upload.threads,
    )
    # Not a chore: a server that takes its time to answer must not silence the heartbeat.
    syncing = threading.Thread(target=parts.processes.run, args=(stop,), name="processes", daemon=True)
    syncing.start()
    try:
        return shift.run()
    finally:
        stop.set()
        syncing.join(_GOODBYE_S)
        if not syncing.is_alive():
            parts.close()


def run_poll(line: Line, stop: threading.Event) -> int:
    """Poll scheduled sources until told to stop; the exit code."""
    turns = Turns()

    def intake(source: ScheduledSource) -> Intake:
        action, done = line.post_action(source.name)
        return Intake(
            source=source.name,
            priority=source.priority,
            keep=False,
            action=action,
            done=done,
            spool=line.spool,
            queue=line.queue,
            journal=line.journal,
            dispatch=line.dispatch,
            turns=turns,
            traces=line.traces,
        )

    polling = Polling(
        line.settings,
        worker=worker_name(Stage.POLL),
        polls=line.polls,
        spool=line.spool,
        queue=line.queue,
        journal=line.journal,
        intake=intake,
        stop=stop.is_set,
    )
    poll_tasks.install(line.celery, polling=polling, parking=line.parking)

    def hand_back(_: Sequence[int]) -> None:
        # What was taken is remembered, and the pollers' processes end with this one.
        shift.leave()

    shift = Shift(
        line,
        stop,
        pools=[Stage.POLL],
        hand_back=hand_back,
        pool="threads",
        concurrency=line.settings.poll.threads,
    )
    return shift.run()


class _ConvertParts:
    """What a pool process needs to convert. Opened by its first task, so in the process that uses it."""

    def __init__(self, line: Line, pool: ConvertSettings, workshop: Workshop) -> None:
        self._line = line
        self._pool = pool
        self._workshop = workshop

    @cached_property
    def pipeline(self) -> Pipeline:
        line, pool = self._line, self._pool
        interrupt = Interrupt()
        signals.worker_process_shutdown.connect(lambda **_: line.traces.close(), weak=False)
        interrupt.listen()  # not earlier: the pool sets its processes' signals itself until their first task
        return Pipeline(
            worker=worker_name(Stage.CONVERT),
            spool=line.spool,
            journal=line.journal,
            queue=line.queue,
            dispatch=line.dispatch,
            switches=line.switches,
            workshop=self._workshop,
            knowledge=line.knowledge,
            rules={source.name: rule(source, line.settings) for source in line.settings.all_sources()},
            thresholds=thresholds(pool),
            patience=Patience(pool.max_attempts, pool.unfinished_s),
            interrupt=interrupt,
            fleet=line.fleet,
            traces=line.traces,
        )


class _UploadParts:
    """What an upload process needs; its threads share one client and its connections."""

    def __init__(self, line: Line) -> None:
        server, upload = line.settings.server, line.settings.upload
        if server.url is None or server.token is None:
            raise NoServer
        self._client = WatsClient(
            url=server.url,
            token=server.token.get_secret_value(),
            connect_s=server.connect_timeout_s,
            read_s=server.read_timeout_s,
            ca_file=server.ca_file,
            verify=server.verify,
            proxy=server.proxy.get_secret_value() if server.proxy else None,
            agent=f"wats-worker/{RELEASE}",
        )
        self.recheck = Recheck(queue=line.queue, client=self._client)
        self.processes = ProcessSync(
            client=self._client,
            board=line.board,
            queue=line.queue,
            copy=process_list(line.settings.spool.folder),
            keep=line.spool.keep_processes,
        )
        delivery = Delivery(
            queue=line.queue,
            spool=line.spool,
            journal=line.journal,
            client=self._client,
            finish=line.spool.finish,
            archived=line.archived_receipts,
            wake=line.dispatch.drain,
            breaker=Breaker(),
            schedule=Schedule(tuple(upload.retry_schedule_s), upload.retry_jitter),
            suspect_after=upload.suspect_after,
            traces=line.traces,
        )
        self.drain = Drain(queue=line.queue, deliver=delivery.run, wake=line.dispatch.drain)

    def close(self) -> None:
        self._client.close()
