"""The last hour in numbers: how much waited, and how much was done, every few seconds.

Every replica of the control stage enters what it sees. A moment has one place, so the first one there is
kept, and any number of replicas make one trend.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from redis.exceptions import ResponseError

from wats_broker.names import Keys
from wats_broker.scripts import Client

#: Seconds from one moment to the next.
EVERY_S: Final = 10
#: Moments that are kept: an hour.
_KEPT: Final = 3600 // EVERY_S
#: A line that rests for longer begins anew.
_KEEP_S: Final = 2 * 3600
_FIELD: Final = "sample"


@dataclass(frozen=True)
class Sample:
    """The line at one moment. ``taken`` and ``delivered`` only grow, until the broker forgets them."""

    at: float  #: seconds since 1970
    taken: int = 0  #: files that were taken in, ever
    delivered: int = 0  #: reports that were delivered, ever
    converting: int = 0  #: files on their way through conversion
    queued: int = 0  #: reports and rooms in the upload queue
    held: int = 0
    buried: int = 0
    quarantined: int = 0


class Trend:
    """The trend of one factory."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.trend()

    def enter(self, at: float, look: Callable[[float], Sample]) -> bool:
        """Keep how it is now, unless this moment has its sample already; then nobody is asked."""
        moment = int(at // EVERY_S) * EVERY_S
        newest = self._redis.xrevrange(self._key, count=1)
        if newest and int(newest[0][0].partition("-")[0]) >= moment * 1000:
            return False
        sample = {_FIELD: json.dumps(asdict(look(float(moment))))}
        try:
            self._redis.xadd(self._key, sample, id=f"{moment * 1000}-0", maxlen=_KEPT, approximate=False)
        except ResponseError as error:
            if "equal or smaller" not in str(error):
                raise
            return False  # another replica was quicker
        self._redis.expire(self._key, _KEEP_S)
        return True

    def read(self, *, since: float = 0.0) -> list[Sample]:
        """What was entered after a time, the oldest first."""
        entries = self._redis.xrange(self._key, min=f"({int(since * 1000)}")
        return [Sample(**json.loads(fields[_FIELD])) for _, fields in entries]
