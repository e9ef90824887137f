"""Notices a worker that has gone deaf: messages wait in its queue, it has nothing to do, and takes none.

That can happen after a connection to the broker broke and was made anew, for good and without an error
anywhere. The heartbeat says nothing about it: it runs on another connection. Only a new process helps.
"""

import time
from collections.abc import Callable
from typing import Final

#: Other workers may take what waits, but one that listens is lucky once in so many seconds.
_PATIENCE_S: Final = 20.0
#: Asking how many wait is a connection of its own.
_LOOK_S: Final = 2.0


class Ears:
    """The hearing of one worker.

    Args:
        waiting: How many messages wait in its queues.
        busy: Whether it has a message in hand, so that it need not take another.
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self,
        *,
        waiting: Callable[[], int],
        busy: Callable[[], bool],
        patience_s: float = _PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waiting = waiting
        self._busy = busy
        self._patience_s = patience_s
        self._clock = clock
        self._looked = float("-inf")
        self._since: float | None = None  # when messages were first found waiting for an idle worker

    def heard(self) -> None:
        """A message came."""
        self._since = None

    def deaf(self) -> bool:
        """Whether messages have waited for too long. A chore; call it often.

        Raises:
            redis.exceptions.RedisError, kombu.exceptions.OperationalError: the broker is away.
        """
        now = self._clock()
        if now - self._looked < _LOOK_S:
            return False
        frozen = now - self._looked > self._patience_s
        since, self._since, self._looked = self._since, None, now
        if frozen or self._busy() or not self._waiting():
            return False
        self._since = now if since is None else since
        return now - self._since >= self._patience_s
