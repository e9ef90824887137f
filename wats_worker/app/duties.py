"""What has to be done now and then, by one process of the line at a time: any control stage may be the one.

Who holds the post does every duty when its time has come; the others stand by, and one of them goes on when
it falls silent. A new holder begins with everything at once, so each duty has to be one that may be repeated.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from redis.exceptions import RedisError

from wats_broker.fleet import DutyLease
from wats_worker.archive.errors import ArchiveError
from wats_worker.catalogue.errors import CatalogueError
from wats_worker.store.errors import StoreError
from wats_worker.trail.book import TrailUnusable

log = logging.getLogger(__name__)

#: Seconds between two looks whether something is due.
_LOOK_S: Final = 5.0
#: How long the post is held without a sign of life.
_TERM_S: Final = 30.0
#: What may keep a duty from being done, and ends by itself or is mended by a person.
_NOT_NOW: Final = (OSError, RedisError, TrailUnusable, StoreError, ArchiveError, CatalogueError)


@dataclass(frozen=True)
class Duty:
    """Something that is to be done every so often.

    Args:
        do: Does it. What it is given says whether to go on; to be asked every few seconds.
        alone: Sees to it by itself that nobody else does it at the same time. It is done while the broker is
            away, too: what keeps the broker from working may be what this duty is to mend.
    """

    name: str
    every_s: float
    do: Callable[[Callable[[], bool]], object]
    alone: bool = False


class Duties:
    """Does them in a thread of its own.

    Args:
        holder: Name of this process.
        clock: Source of the steady time. Only for testing.
    """

    def __init__(
        self,
        lease: DutyLease,
        holder: str,
        duties: Sequence[Duty],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._holder = holder
        self._duties = duties
        self._clock = clock
        self._due: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="duties", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is being done is left at its next step."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        with suppress(RedisError):  # else it runs out
            self._lease.release(self._holder)

    def look(self) -> list[str]:
        """Do what is due, if the post is ours; what was done."""
        try:
            ours = self._is_ours()
        except RedisError as problem:  # nobody holds the post while the broker is away
            log.debug("duties_wait", extra={"reason": str(problem)})
            return self._do([duty for duty in self._duties if duty.alone], self._goes_on)
        if not ours:
            self._due = {}
            return []
        return self._do(self._duties, self._is_still_ours)

    def _do(self, duties: Sequence[Duty], go_on: Callable[[], bool]) -> list[str]:
        done = []
        for duty in duties:
            if self._due.get(duty.name, 0.0) > self._clock() or self._over.is_set():
                continue
            self._due[duty.name] = self._clock() + duty.every_s
            try:
                duty.do(go_on)
            except _NOT_NOW as problem:  # its next time will come
                log.warning("duty_not_done", extra={"duty": duty.name, "reason": str(problem)})
            else:
                done.append(duty.name)
        return done

    def _run(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(_LOOK_S)

    def _is_ours(self) -> bool:
        return self._lease.acquire(self._holder, term_s=_TERM_S) == self._holder

    def _goes_on(self) -> bool:
        return not self._over.is_set()

    def _is_still_ours(self) -> bool:
        """Whether a duty that takes long may go on. Asking keeps the post."""
        return self._goes_on() and self._is_ours()
