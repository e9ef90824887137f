"""The watch stage: one thread per source, and one that reconciles."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from wats_broker.dispatch import Dispatch
from wats_broker.fleet import WatchLease
from wats_broker.journal import Journal
from wats_broker.queue import UploadQueue
from wats_worker.intake.take import Intake
from wats_worker.intake.troubles import Troubles
from wats_worker.intake.turns import Turns
from wats_worker.settings import Source
from wats_worker.spool.errors import SpoolError
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.spool import Spool
from wats_worker.telemetry import SILENCE, Traces
from wats_worker.watch.overdue import Patience
from wats_worker.watch.pace import Clock
from wats_worker.watch.reconcile import Reconciler
from wats_worker.watch.source import SourceWatcher

log = logging.getLogger(__name__)

#: How long a thread may take to end; after that the process ends without it.
_GOODBYE_S: Final = 5.0
#: Reconciling may take this part of the time at most: with many thousand files under way it takes seconds.
_SHARE: Final = 0.05


def _not_paused(_source: str) -> str:
    return ""


class Watcher:
    """Watches all sources and looks after the spool.

    Args:
        holder: Name of this process.
        backlog: How many messages wait in the queue of a pool.
        post_action: What becomes of the delivered files of a source, and where.
        paused: Says why nothing is to be taken from a source just now; empty if it is.
        reconcile_s: Seconds between two looks at the whole spool; more if they take long.
        patience: When reconciling thinks that somebody is lost.
        traces: Who is told of each file's way.
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        queue: UploadQueue,
        journal: Journal,
        dispatch: Dispatch,
        lease: WatchLease,
        sources: Sequence[Source],
        holder: str,
        backlog: Callable[[str], int],
        post_action: Callable[[str], tuple[PostAction, Path]],
        paused: Callable[[str], str] = _not_paused,
        reconcile_s: float = 5.0,
        patience: Patience | None = None,
        traces: Traces = SILENCE,
        clock: Clock | None = None,
    ) -> None:
        self._reconcile_s = reconcile_s
        self._over = threading.Event()
        self._failed: list[BaseException] = []
        self._reconciler = Reconciler(
            spool=spool,
            queue=queue,
            journal=journal,
            dispatch=dispatch,
            backlog=backlog,
            patience=patience,
        )
        turns = Turns()
        self._sources = {
            source.name: SourceWatcher(
                source,
                holder=holder,
                lease=lease,
                intake=_intake(
                    source, spool, queue, journal, dispatch, post_action, turns, traces, self._over
                ),
                troubles=Troubles(journal, source.name),
                spool=spool,
                over=self._over,
                paused=partial(paused, source.name),
                clock=clock,
            )
            for source in sources
        }

    @property
    def waiting(self) -> dict[str, int]:
        """By source, how many files are in its folder and not taken yet."""
        return {name: source.waiting for name, source in self._sources.items()}

    def run(self, stop: threading.Event) -> None:
        """Watch until ``stop`` is set.

        Raises:
            Exception: what a thread failed with and nobody foresaw; the process should be started anew.
        """
        threads = [
            threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            for name, work in [
                ("reconcile", self._reconcile),
                *((f"watch-{name}", source.run) for name, source in self._sources.items()),
            ]
        ]
        for thread in threads:
            thread.start()
        while not stop.wait(0.2) and not self._failed:
            continue
        self._over.set()
        for source in self._sources.values():
            source.hint()
        for thread in threads:
            thread.join(timeout=_GOODBYE_S)
        if self._failed:
            raise self._failed[0]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:  # a thread that dies unnoticed would leave a source unwatched
            log.exception("watch_failed")
            self._failed.append(problem)

    def _reconcile(self) -> None:
        weather = ""
        while True:
            began = time.monotonic()
            try:
                self._reconciler.run()
                weather = ""
            except (RedisError, OperationalError, SpoolError, OSError) as problem:
                # It is repeated anyway; what ends by itself needs no more than being said once.
                if str(problem) != weather:
                    weather = str(problem)
                    log.warning("reconciling_interrupted", extra={"reason": weather})
            took = time.monotonic() - began
            if self._over.wait(max(self._reconcile_s, took * (1 / _SHARE - 1))):
                return


def _intake(
    source: Source,
    spool: Spool,
    queue: UploadQueue,
    journal: Journal,
    dispatch: Dispatch,
    post_action: Callable[[str], tuple[PostAction, Path]],
    turns: Turns,
    traces: Traces,
    over: threading.Event,
) -> Intake:
    action, done = post_action(source.name)
    return Intake(
        source=source.name,
        priority=source.priority,
        keep=source.mode != "move",
        action=action,
        done=done,
        spool=spool,
        queue=queue,
        journal=journal,
        dispatch=dispatch,
        turns=turns,
        traces=traces,
        give_up=over.is_set,
    )
