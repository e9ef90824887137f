"""Which file told of which unit: an index for people who have a board in their hand.

It is bounded and expires; what it has forgotten the server still knows.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts

#: Entries, one for each unit of each file: some days of a busy plant, in some 30 MB.
MOST: Final = 100_000
#: Of one file: a lot of semiconductors has more units than anybody looks for one by one.
_MOST_OF_A_FILE: Final = 5000
_AT_ONCE: Final = 500
#: Whatever comes after a serial number in an entry is behind it in order, and no serial number has it.
_BETWEEN: Final = "\n"
_AFTER_ALL: Final = "\U0010ffff"


class Serials:
    """The index of one factory.

    Args:
        redis: Client with ``decode_responses=True``.
        keys: The factory's key layout.
        retention_s: How long an entry is kept.
        most: How many entries are kept.
        clock: Source of the time in seconds. Only for testing; else the server's clock counts.
    """

    def __init__(
        self,
        redis: Client,
        keys: Keys,
        *,
        retention_s: float = 30 * 86400.0,
        most: int = MOST,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis = redis
        self._key = keys.journal("serials")
        self._scripts = Scripts(redis, "journal", keys.journal)
        self._keep_ms = round(retention_s * 1000)
        self._most = most
        self._clock = clock or time.time
        self._own_clock = clock is not None

    def note(self, file_id: str, serials: Iterable[str]) -> None:
        """A file told of these units."""
        entries = [f"{_folded(serial)}{_BETWEEN}{file_id}" for serial in dict.fromkeys(serials) if serial]
        for start in range(0, min(len(entries), _MOST_OF_A_FILE), _AT_ONCE):
            self._scripts.run(
                "serials",
                *entries[start : start + _AT_ONCE],
                now=str(int(self._clock() * 1000)) if self._own_clock else "",
                most=self._most,
                keep_ms=self._keep_ms,
            )

    def find(self, beginning: str, *, count: int = 100) -> list[str]:
        """The ids of files that told of a unit whose serial number begins like this, whatever the case."""
        wanted = _folded(beginning)
        entries = self._redis.zrange(
            self._key, f"[{wanted}", f"[{wanted}{_AFTER_ALL}", bylex=True, offset=0, num=count
        )
        return list(dict.fromkeys(entry.rpartition(_BETWEEN)[2] for entry in entries))


def _folded(serial: str) -> str:
    r"""How a serial number stands in the index.

    >>> _folded(" PCB\n0042 ")
    'pcb 0042'
    """
    return " ".join(serial.split()).lower()[:100]
