"""Opens a paused lane again when what shut it has been mended on the server's side.

A lane that is paused for a refused token or a wrong address stands still until a person acts. Often the
person acts somewhere else: makes the token valid again, renews a certificate, starts the right server. A
cheap authenticated question now and then finds that out. What a person paused, a person resumes.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from wats_broker.queue import UploadQueue
from wats_worker.upload import verdict
from wats_worker.upload.client import WatsClient

log = logging.getLogger(__name__)

_EVERY_S: Final = 60.0
_SELDOM_S: Final = 3600.0


class Recheck:
    """Looks after a paused lane. One per process.

    Args:
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self, *, queue: UploadQueue, client: WatsClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._queue = queue
        self._client = client
        self._clock = clock
        self._every_s = _EVERY_S
        self._due = 0.0
        self._opened = False

    def look(self) -> None:
        """Ask the server, at most once a minute and only while the lane is paused. A chore; call it often."""
        if self._clock() < self._due:
            return
        reason = self._queue.census().paused
        # We opened it and it is shut again: the ping is well and the reports are not. Each time that happens
        # somebody is alarmed anew, so it had better not happen every minute.
        self._every_s = min(2 * self._every_s, _SELDOM_S) if reason and self._opened else _EVERY_S
        self._due = self._clock() + self._every_s
        self._opened = False
        if reason and verdict.may_heal(reason) and verdict.is_healthy_ping(self._client.ping()):
            self._queue.gate(0, "one report goes ahead alone after a pause")
            self._queue.resume()
            self._opened = True
            log.info("lane_resumed", extra={"reason": "the server takes our token again"})
