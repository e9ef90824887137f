"""The archive stage: keeps what is delivered, and what can be found, until a signal ends it."""

import logging
import os
import threading
from typing import Final

from redis.exceptions import RedisError

from wats_broker.names import Stage
from wats_worker.app.line import Line
from wats_worker.archiving.archivist import Archivist
from wats_worker.catalogue.errors import CatalogueError
from wats_worker.pulse import Pulse, worker_name
from wats_worker.spool.errors import SpoolError
from wats_worker.store.errors import StoreError

log = logging.getLogger(__name__)

#: Seconds between two looks while nothing is to be done.
_EVERY_S: Final = 1.0
#: Seconds between two tries while the archive takes nothing.
_AGAIN_S: Final = 5.0
#: Seconds for which one archivist has the spool to itself; whoever dies leaves it to the next after so long.
_TERM_S: Final = 30.0
#: By how much this stage goes behind those that a tester or a person waits for.
_NICER: Final = 10


def run_archive(line: Line, stop: threading.Event) -> int:
    """Archive until told to stop; the exit code."""
    os.nice(_NICER)
    keeping = Keeping(line)
    pulse = Pulse(line.fleet, Stage.ARCHIVE, work=lambda: keeping.work)
    pulse.start()
    try:
        while not stop.wait(keeping.turn()):
            continue
    finally:
        keeping.close()
        pulse.stop()
    return 0


class Keeping:
    """What one archive worker does, turn by turn.

    Args:
        line: The line it works for.
    """

    def __init__(self, line: Line) -> None:
        self.work = ""
        self._line = line
        self._name = worker_name(Stage.ARCHIVE)
        self._archivist: Archivist | None = None
        self._trouble = ""

    def turn(self) -> float:
        """Do what there is to do; seconds until it is worth looking again."""
        try:
            holder = self._line.archive_lease.acquire(self._name, term_s=_TERM_S)
            if holder != self._name:
                self.work = f"stands by for {holder}"
                return _EVERY_S
            went = self._archive()
            read = self._line.feed.catch_up()
            self._content()
        except (StoreError, CatalogueError, SpoolError, OSError) as problem:
            self._complain(str(problem))
            return _AGAIN_S
        except RedisError as problem:
            log.warning("archiving_interrupted", extra={"reason": str(problem)})
            return _AGAIN_S
        self.work = f"{went} archived a moment ago" if went else "waits for delivered files"
        return 0.0 if went or not read else _EVERY_S

    def close(self) -> None:
        """Let the next one in."""
        if self._archivist is not None:
            self._archivist.close()
        try:
            self._line.archive_lease.release(self._name)
        except RedisError as problem:
            log.info("lease_not_released", extra={"reason": str(problem)})  # it ends by its term

    def _archive(self) -> int:
        if self._archivist is None:
            line = self._line
            self._archivist = Archivist(
                spool=line.spool,
                archive=line.archive,
                enter=line.catalogue.enter,
                stories=line.journal.stories,
                post_action=line.post_action,
                now=line.journal.time,
            )
        return self._archivist.round()

    def _complain(self, trouble: str) -> None:
        """Say what is wrong: once in the log, and as long as it lasts to whoever asks how the line is."""
        self.work = "can't archive"
        if trouble != self._trouble:
            log.error("archiving_stopped", extra={"reason": trouble})
            self._trouble = trouble
        try:
            self._line.fleet.complain(self._name, "archive", trouble)
        except RedisError as problem:
            log.warning("complaint_not_heard", extra={"reason": str(problem)})

    def _content(self) -> None:
        if self._trouble:
            log.info("archiving_goes_on")
            self._trouble = ""
            self._line.fleet.content(self._name, "archive")
