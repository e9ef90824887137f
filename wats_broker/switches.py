"""What a person has switched off while the line runs: sources that are not to be taken from, converters.
Beside it lies a bell: converters are to be loaded anew.

A switch says who turned it and why, and stays until somebody turns it back. A broker that loses its memory
loses it too; then all is on, as the configuration says.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import uuid4

from wats_broker.names import Keys
from wats_broker.scripts import Client

#: Seconds for which an answer is good enough for whoever asks often.
_FRESH_S: Final = 1.0
#: Rung when converters are to be loaded anew.
_BELL: Final = "bell"
#: So many things can be off; there are never as many.
_MOST: Final = 1000


class Kind(StrEnum):
    """What can be switched off."""

    SOURCE = "source"
    CONVERTER = "converter"


@dataclass(frozen=True)
class Off:
    """Why something is off."""

    who: str
    reason: str
    at: float  #: seconds since 1970

    def __str__(self) -> str:
        return f"switched off by {self.who}: {self.reason}"


class Switches:
    """The switches of one factory, for one thread at a time."""

    def __init__(self, redis: Client, keys: Keys, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._key = keys.switches()
        self._clock = clock
        self._asked = float("-inf")
        self._off: dict[str, Off] = {}
        self._rung = ""

    def turn_off(self, kind: Kind, name: str, *, who: str, reason: str) -> bool:
        """Switch something off; False if so much is off that this finds no room."""
        if self._redis.hlen(self._key) >= _MOST:
            return False
        seconds, _ = self._redis.time()
        self._redis.hset(self._key, f"{kind}:{name}", json.dumps([who, reason, seconds]))
        self._asked = float("-inf")
        return True

    def turn_on(self, kind: Kind, name: str) -> bool:
        """Switch something on again; False if it was on."""
        self._asked = float("-inf")
        return bool(self._redis.hdel(self._key, f"{kind}:{name}"))

    def off(self, kind: Kind) -> dict[str, Off]:
        """All of a kind that is off, by name."""
        entries = self._redis.hgetall(self._key)
        self._rung = entries.pop(_BELL, "")
        self._off = {name: Off(*json.loads(text)) for name, text in entries.items()}
        self._asked = self._clock()
        return self._of(kind)

    def off_lately(self, kind: Kind) -> dict[str, Off]:
        """The same, as it was a moment ago; for whoever asks before each piece of work."""
        return self._of(kind) if self._clock() - self._asked < _FRESH_S else self.off(kind)

    def ring(self) -> None:
        """Have everybody load the converters anew, on all hosts."""
        self._redis.hset(self._key, _BELL, uuid4().hex)
        self._asked = float("-inf")

    def rung_lately(self) -> str:
        """Another text after each ring, as it was a moment ago; empty while nobody ever rang."""
        self.off_lately(Kind.CONVERTER)
        return self._rung

    def _of(self, kind: Kind) -> dict[str, Off]:
        mark = f"{kind}:"
        return {name.removeprefix(mark): off for name, off in self._off.items() if name.startswith(mark)}
