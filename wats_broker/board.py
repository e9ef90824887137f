"""The board: one list that the upload stage puts up for all others, the server's processes.

Only that stage may reach the server, and a convert worker may reach nothing but the broker. What hangs here
is a text; who reads it judges it.
"""

from dataclasses import dataclass
from typing import Final

from wats_broker.names import Keys
from wats_broker.scripts import Client

#: A list that the server has not confirmed for so many seconds is old.
OLD_S: Final = 86400.0
_FIELDS: Final = ("version", "server", "size", "confirmed_at", "asked_at", "trouble")


@dataclass(frozen=True)
class Notice:
    """What stands beside the list. Times are seconds since 1970 by the broker's clock, 0 for never."""

    version: str = ""  #: another one when the list changes; empty while there is none
    server: str = ""  #: whose list it is
    size: int = 0  #: how many are on it
    confirmed_at: float = 0.0  #: when the server last gave just this list
    asked_at: float = 0.0  #: when the server was last asked, with or without success
    trouble: str = ""  #: why that gave no list; empty if it did
    wanted: bool = False  #: somebody would like it sooner than it is due


class Board:
    """The board of one factory."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.board()
        self._turn = keys.board_turn()
        self._wish = keys.board_wish()

    def time(self) -> float:
        """The clock that the times here are told by."""
        seconds, micros = self._redis.time()
        return float(seconds + micros / 1e6)

    def look(self) -> Notice:
        """What stands beside the list; cheap, for asking often."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hmget(self._key, _FIELDS)
        pipeline.exists(self._wish)
        (version, server, size, confirmed, asked, trouble), wanted = pipeline.execute()
        return Notice(
            version=version or "",
            server=server or "",
            size=int(size or 0),
            confirmed_at=float(confirmed or 0),
            asked_at=float(asked or 0),
            trouble=trouble or "",
            wanted=bool(wanted),
        )

    def text(self) -> str:
        """The list itself; empty while there is none."""
        return self._redis.hget(self._key, "text") or ""

    def put_up(self, text: str, *, version: str, server: str, size: int, confirmed_at: float) -> None:
        """Put up the list that the server has just given, or one that it gave earlier."""
        told = {
            "text": text,
            "version": version,
            "server": server,
            "size": size,
            "confirmed_at": repr(confirmed_at),
            "asked_at": repr(confirmed_at),
        }
        with self._redis.pipeline() as together:
            together.hset(self._key, mapping=told)
            together.hdel(self._key, "trouble")
            together.delete(self._wish)
            together.execute()

    def tell_trouble(self, reason: str) -> None:
        """The server was asked and gave no list; what hangs here stays."""
        with self._redis.pipeline() as together:
            together.hset(self._key, mapping={"trouble": reason, "asked_at": repr(self.time())})
            together.delete(self._wish)
            together.execute()

    def want(self) -> None:
        """Ask for a newer list than this one, before it is due."""
        self._redis.set(self._wish, "1", ex=round(OLD_S))

    def take_turn(self, term_s: int) -> bool:
        """Whether it is up to the caller to ask the server; to nobody else then for so many seconds."""
        return bool(self._redis.set(self._turn, "1", nx=True, ex=term_s))
