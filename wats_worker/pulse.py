"""The heartbeat of one process: tells the fleet that it lives, and does its small periodic chores."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from wats_broker.files import write_atomically
from wats_broker.fleet import Fleet, Worker
from wats_broker.messages import PROTOCOL
from wats_broker.names import Stage
from wats_worker.version import RELEASE

log = logging.getLogger(__name__)

_BEAT_S = 5.0
#: Variable with a file that is written anew with every heartbeat, so that a container's health check need not
#: start a program and ask the broker what this process has just told it.
HEARTBEAT = "WATS_HEARTBEAT"


def worker_name(stage: Stage) -> str:
    """A name for this process that no other one has: host, stage and process id."""
    return f"{socket.gethostname()}-{stage}-{os.getpid()}"


class Pulse:
    """Beats in a thread of its own until it is stopped.

    Args:
        chores: Called once a second. One that fails for want of the broker is tried again a second later.
        work: Says in a few words what the process is doing.
        jail: The level of the jail that it has built, if it needs one.
    """

    def __init__(
        self,
        fleet: Fleet,
        stage: Stage,
        *,
        chores: Sequence[Callable[[], object]] = (),
        work: Callable[[], str] = lambda: "",
        jail: str = "",
    ) -> None:
        self._fleet = fleet
        self._stage = stage
        self._chores = chores
        self._work = work
        self._jail = jail
        self._name = worker_name(stage)
        self._started_at = time.time()
        self._over = threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Say goodbye and stop."""
        self._over.set()
        if self._thread.is_alive():  # else the worker has never become ready
            self._thread.join(timeout=5)
        try:
            self._fleet.gone(self._name)
        except RedisError:
            log.debug("goodbye_unheard")  # silence says the same after a while

    def _run(self) -> None:
        beaten = 0.0
        while not self._over.is_set():
            due = time.monotonic() - beaten >= _BEAT_S
            try:
                if due:
                    self._fleet.beat(self._myself())
                    beaten = time.monotonic()
                    _leave_sign()
                for chore in self._chores:
                    chore()
            except (RedisError, OperationalError) as error:
                if not self._away:
                    log.warning("broker_away", extra={"reason": str(error)})
                self._away = True
            else:
                if self._away:
                    log.info("broker_back")
                self._away = False
            self._over.wait(1.0)

    def _myself(self) -> Worker:
        return Worker(
            name=self._name,
            stage=self._stage,
            host=socket.gethostname(),
            pid=os.getpid(),
            release=RELEASE,
            protocol=PROTOCOL,
            started_at=self._started_at,
            work=self._work(),
            jail=self._jail,
        )


def _leave_sign() -> None:
    if file := os.environ.get(HEARTBEAT):
        try:
            write_atomically(Path(file), b"")
        except OSError as error:  # the line goes on without it, and whoever looks sees that it is old
            log.debug("heartbeat_unwritten", extra={"reason": str(error)})
