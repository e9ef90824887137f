"""Parked messages go on as soon as a worker comes that can read them."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from wats_broker.dispatch import Dispatch
from wats_broker.names import pool_of
from wats_broker.parking import Parked, Parking

log = logging.getLogger(__name__)

#: Seconds between two looks. Nothing hurries: a file's next message comes from reconciling anyway.
_LOOK_S: Final = 60.0


class Unparking:
    """Looks after the parked messages of one worker's queues: at its start, and now and then.

    Args:
        pools: What the worker eats from.
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self,
        parking: Parking,
        dispatch: Dispatch,
        pools: Sequence[str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parking = parking
        self._dispatch = dispatch
        self._pools = pools
        self._clock = clock
        self._looked = float("-inf")

    def look(self) -> None:
        """Send on what this release can read. A chore; call it often.

        Raises:
            redis.exceptions.RedisError, kombu.exceptions.OperationalError: the broker is away.
        """
        now = self._clock()
        if now - self._looked < _LOOK_S:
            return
        if self._parking.look().count and (sent := self._parking.release(self._send)):
            log.info("messages_unparked", extra={"count": sent})
        self._looked = now  # not before it is done: a broker that went away meanwhile is asked again at once

    def _send(self, parked: Parked) -> bool:
        return pool_of(parked.queue) in self._pools and self._dispatch.again(parked)
