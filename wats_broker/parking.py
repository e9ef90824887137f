"""Messages that nobody here can read: kept where a person sees them, and sent on when somebody can.

A message of another release says what it wants in words that this one may misread, so it is not tried and
not dropped. It is parked; the workers of a release that knows the words find it here when they begin. Losing
one would cost time and no data, because the spool has the file and not the message.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wats_broker.names import MAJOR, Keys
from wats_broker.scripts import Client

#: Of each release. What is older was parked in a storm of them, and the files are on the spool all the same.
_MOST: Final = 10_000
#: Told in one round trip.
_PORTION: Final = 500
#: Seconds after which nobody has to be told any more that messages came that can't be read.
_NEWS_S: Final = 86400.0


@dataclass(frozen=True)
class Parked:
    """One message that could not be read."""

    task: str  #: what it asked for
    queue: str  #: where it was sent to
    body: Mapping[str, Any]
    reason: str  #: why it could not be read
    at: float  #: when it was parked, in seconds since 1970


@dataclass(frozen=True)
class Lot:
    """How much is parked."""

    count: int = 0
    newest: Parked | None = None
    news: bool = False  #: whether one came within a day


class Parking:
    """The parked messages of one factory, those that releases before this one parked among them."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._keys = [keys.parked(major) for major in range(MAJOR, 0, -1)]
        self._own = self._keys[0]

    def park(self, task: str, queue: str, body: Mapping[str, Any], reason: str) -> None:
        """Keep a message that nobody here can read."""
        entry = {"task": task, "queue": queue, "reason": reason, "body": body, "at": self._time()}
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.lpush(self._own, json.dumps(entry, default=str))
        pipeline.ltrim(self._own, 0, _MOST - 1)
        pipeline.execute()

    def parked(self, *, count: int = 100) -> list[Parked]:
        """Messages that could not be read, of each release the newest first."""
        texts = [text for key in self._keys for text in self._redis.lrange(key, 0, count - 1)]
        return [_read(text) for text in texts[:count]]

    def look(self) -> Lot:
        """How much is parked; cheap."""
        pipeline = self._redis.pipeline(transaction=False)
        for key in self._keys:
            pipeline.llen(key)
            pipeline.lindex(key, 0)
        told = pipeline.execute()
        newest = max((_read(text) for text in told[1::2] if text), key=lambda one: one.at, default=None)
        news = newest is not None and self._time() - newest.at < _NEWS_S
        return Lot(sum(told[::2]), newest, news)

    def release(self, send: Callable[[Parked], bool]) -> int:
        """Offer every parked message to whoever may be able to read it by now; how many were sent on.

        Args:
            send: Sends a message on, or says False because it can't be read here either. Whatever kills us
                after that, the message is found here again and sent twice, which is boring.
        """
        sent = 0
        for key, text in list(self._texts()):
            if send(_read(text)):
                self._redis.lrem(key, -1, text)  # from the oldest on, which this one is
                sent += 1
        return sent

    def _texts(self) -> Iterator[tuple[str, str]]:
        """The oldest first, as they were sent."""
        for key in reversed(self._keys):
            count = self._redis.llen(key)
            for first in range(0, count, _PORTION):
                last = min(first + _PORTION, count)
                yield from ((key, text) for text in reversed(self._redis.lrange(key, -last, -first - 1)))

    def _time(self) -> float:
        seconds, micros = self._redis.time()
        return float(seconds + micros / 1e6)


def _read(text: str) -> Parked:
    return Parked(**json.loads(text))
