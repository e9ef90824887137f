"""Keeps the line's list of the server's processes fresh: asked for now and then, the last good answer stays.

The answer goes onto the board for the convert workers, and as a copy onto the spool for a broker that loses
its memory. Nothing waits for it: without a list files are converted all the same.
"""

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Final

from redis.exceptions import RedisError

from wats_broker.board import Board, Notice
from wats_broker.queue import UploadQueue
from wats_worker.reports.processes import Copy, Processes
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.upload.client import ProcessesUnknown, WatsClient
from wats_worker.upload.schedule import Schedule

log = logging.getLogger(__name__)

#: Seconds after which a list is asked for again.
_EVERY_S: Final = 3600.0
#: Seconds within which one question is enough for the whole line, whoever wants a newer list. Longer than a
#: question may take.
_TURN_S: Final = 45
#: Seconds within which the processes of a starting line ask one after the other.
_START_S: Final = 5.0
#: Seconds between two looks at the board.
_LOOK_S: Final = 2.0


class ProcessSync:
    """Looks after the list. One per process, in a thread of its own: a server may take its time to answer.

    Args:
        client: Asks the server.
        board: Where the list is put up.
        queue: Whether the server is to be left alone just now.
        copy: Where the copy lies.
        keep: Writes it.
        clock: Source of the time. Only for testing.
        chance: Evenly spread from 0 up to 1. Only for testing.
    """

    def __init__(
        self,
        *,
        client: WatsClient,
        board: Board,
        queue: UploadQueue,
        copy: Path,
        keep: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._board = board
        self._queue = queue
        self._copy = copy
        self._keep = keep
        self._clock = clock
        self._chance = chance
        self._schedule = Schedule((60, 300, 900, _EVERY_S))
        self._failures = 0
        self._not_before = clock() + _START_S * chance()
        self._lasts_s = self._next_span()
        self._started_at: float | None = None

    def run(self, over: Event) -> None:
        """Look until told to stop."""
        while not over.wait(_LOOK_S):
            try:
                self.look()
            except RedisError as error:
                log.debug("processes_not_looked_at", extra={"reason": str(error)})

    def look(self) -> None:
        """Ask the server if it is time to, and up to us."""
        now = self._board.time()
        if self._started_at is None:
            self._started_at = now
        notice = self._board.look()
        if not notice.version and self._put_up_the_copy():
            return
        patient = not notice.wanted and self._clock() < self._not_before
        if patient or not self._is_due(notice, now):
            return
        census = self._queue.census()
        if census.paused or census.gated_s > 0 or not self._board.take_turn(_TURN_S):
            return
        self._ask(notice)

    def _is_due(self, notice: Notice, now: float) -> bool:
        """Never asked, asked by an earlier line, of another server, wanted, or simply old."""
        fresh = notice.version and notice.server == self._client.url and not notice.wanted
        since = max(self._started_at or now, now - self._lasts_s)
        return not fresh or not since <= notice.confirmed_at <= now + _LOOK_S

    def _ask(self, notice: Notice) -> None:
        try:
            copy = self._fetched()
        except ProcessesUnknown as error:
            self._failed(notice, error)
            return
        self._failures, self._not_before = 0, 0.0
        self._lasts_s = self._next_span()
        try:
            self._keep(copy.dump())
        except (SpoolUnusable, OSError) as error:
            log.warning("processes_not_kept", extra={"reason": str(error)})
        self._put_up(copy)
        if copy.version != notice.version:
            log.info("processes_changed", extra={"processes": len(copy.processes)})

    def _fetched(self) -> Copy:
        try:
            found = Processes.of(self._client.processes())
        except ValueError as error:
            raise ProcessesUnknown(
                f"the list of processes from {self._client.url} is none: {error}"
            ) from None
        if not len(found):
            # Whoever believed it would refuse every report there is.
            raise ProcessesUnknown(f"the list of processes from {self._client.url} is empty")
        return Copy(server=self._client.url, confirmed_at=self._board.time(), processes=tuple(found))

    def _failed(self, notice: Notice, error: Exception) -> None:
        self._failures += 1
        self._not_before = self._clock() + self._schedule.retry(self._failures, self._chance())
        reason = " ".join(str(error).split())[:300]
        self._board.tell_trouble(reason)
        if reason != notice.trouble:
            log.warning("processes_unknown", extra={"reason": reason})

    def _put_up_the_copy(self) -> bool:
        """The broker has lost its memory, or is new."""
        try:
            copy = Copy.load(self._copy.read_bytes())
        except (OSError, ValueError):  # there is none, or it is no use to anybody
            return False
        if copy.server != self._client.url:
            return False
        self._put_up(copy)
        return True

    def _put_up(self, copy: Copy) -> None:
        self._board.put_up(
            copy.dump(),
            version=copy.version,
            server=copy.server,
            size=len(copy.processes),
            confirmed_at=copy.confirmed_at,
        )

    def _next_span(self) -> float:
        """Spread a little, so that the lines of a factory don't ask in step."""
        return _EVERY_S * (0.9 + 0.2 * self._chance())
