"""The shift of one Celery worker: it takes messages until a signal ends it, and hands over what is left.

    SIGTERM ──► takes nothing more, finishes what it holds ──────────────────► exit code 0
                         └─ not done in time: hands it back ─────────────────┘

Celery's own handlers print to the terminal and wait for ever; ours log an event and have an end.
"""

import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

import billiard.pool
from billiard.util import get_logger
from celery import signals
from celery.apps.worker import Worker
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning
from celery.worker import state

from wats_broker.names import celery_queue
from wats_worker.app.ears import Ears
from wats_worker.app.line import Line
from wats_worker.app.unparking import Unparking
from wats_worker.pulse import Pulse, worker_name

log = logging.getLogger(__name__)

#: What is in hand gets so long to be finished; then it is handed back, which takes seconds.
GRACE_S: Final = 20.0
#: Before a pool process ends it waits until its parent has read all its results, in steps of 0.1 s, and by
#: default 300 of them. A parent that ends as well may never read the last one, and to us it is worth nothing.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10
#: Exit code of a worker that takes no messages although some wait for it.
DEAF: Final = 75


class _Worker(Worker):  # type: ignore[misc]  # Celery is not typed
    """Celery's worker without its signal handlers."""

    def install_platform_tweaks(self, worker: Worker) -> None:
        """Leave the signals to us."""


class Shift:
    """One Celery worker in this process.

    Args:
        line: The line it works for.
        stop: Set when it is to end.
        pools: The queues it eats from.
        chores: Called once a second.
        hand_back: Called once a second when the grace time is over, with the ids of the pool's processes.
        jail: The level of the jail that was built, if there is one.
        options: Celery's own.
    """

    def __init__(
        self,
        line: Line,
        stop: threading.Event,
        *,
        pools: Sequence[str],
        chores: Sequence[Callable[[], object]] = (),
        hand_back: Callable[[Sequence[int]], object],
        jail: str = "",
        **options: Any,
    ) -> None:
        self._stop = stop
        self._ended = threading.Event()
        self._hand_back = hand_back
        self._pools = pools
        self._ears = Ears(
            waiting=lambda: sum(line.dispatch.backlog(pool) for pool in pools),
            busy=lambda: bool(state.reserved_requests),
        )
        unparking = Unparking(line.parking, line.dispatch, pools)
        self._pulse = Pulse(line.fleet, line.stage, chores=[*chores, self._listen, unparking.look], jail=jail)
        # Celery warns of root because messages might be code. Ours are JSON ids, and converters are jailed.
        warnings.simplefilter("ignore", SecurityWarning)
        # Our log handlers are in place already; Celery sets up none where somebody listens here.
        signals.setup_logging.connect(_nothing, weak=False)
        signals.worker_ready.connect(self._ready, weak=False)
        signals.task_received.connect(self._heard, weak=False)
        self._worker = _Worker(
            app=line.celery,
            hostname=f"{line.stage}@{worker_name(line.stage)}",
            queues=[celery_queue(pool) for pool in pools],
            without_gossip=True,
            without_mingle=True,
            quiet=True,
            **options,
        )

    def run(self) -> int:
        """Work until told to stop; the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        farewell = threading.Thread(target=self._farewell, name="farewell", daemon=True)
        farewell.start()
        if self._stop.is_set():  # before our handlers were in place
            state.should_stop = os.EX_OK
        self._worker.start()
        self._ended.set()
        self._pulse.stop()
        return int(self._worker.exitcode or 0)

    def leave(self) -> None:
        """End this process here and now, in good order as far as others can see."""
        self._pulse.stop()
        logging.shutdown()
        os._exit(os.EX_OK)

    def _told_to_stop(self, *_: object) -> None:
        state.should_stop = os.EX_OK
        self._stop.set()

    def _farewell(self) -> None:
        self._stop.wait()
        log.info("worker_stopping", extra={"in_hand": len(state.reserved_requests)})
        if self._ended.wait(GRACE_S):
            return
        log.warning("worker_hands_back", extra={"in_hand": len(state.reserved_requests)})
        while not self._ended.is_set():
            self._hand_back(self._worker.pool.info.get("processes", ()))
            self._ended.wait(1.0)

    def _ready(self, **_: object) -> None:
        # Not earlier, because Celery has its own ideas about both. With each lost connection it warns of a
        # default that will change, and we have set the key; what its pool says goes past our handlers.
        warnings.simplefilter("ignore", CPendingDeprecationWarning)
        get_logger().propagate = True
        log.info("worker_ready", extra={"pools": self._pools, "concurrency": self._worker.concurrency})
        self._pulse.start()

    def _heard(self, **_: object) -> None:
        self._ears.heard()

    def _listen(self) -> None:
        if self._ears.deaf() and not self._stop.is_set():
            log.critical("worker_deaf", extra={"hint": "messages wait and none comes; a new process helps"})
            logging.shutdown()
            os._exit(DEAF)  # it has nothing in hand, and what hangs can't be ended in order


def _nothing(**_: object) -> None:
    """Hear a signal."""
