"""What the broker remembers and nobody else knows, written down and read back.

What is under way is not in it: which reports are ready, lent or waiting is made anew from the spool, and who
lives will say so. What is in it are the stories of files, what was delivered and buried, the tokens of the
control door, switches and polls. It is told entry by entry, so that another make or release of the server
can take it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from wats_broker.names import Keys
from wats_broker.scripts import Client
from wats_broker.states import FileState

#: Entries of one line, and keys asked about at once.
_PORTION: Final = 500
#: Behind the prefix of a factory. The lane has a line of its own: only that a person paused it is to be kept.
_KEPT: Final = re.compile(
    r"(file|story|poll):.+|board|trend|switches|access:(tokens|notes)"
    r"|queue:(buried|buried_info|delivered|metrics)"
    r"|journal:(counters|metrics|recent|tail|sources|parked|runs|runs_order|runs_of_unit"
    r"|trouble:.+)"
)
#: Whose story is told to its end, be the file here or not.
_TOLD: Final = frozenset({FileState.DELIVERED})


def write(redis: Client, keys: Keys) -> Iterator[bytes]:
    """What is remembered, in lines of JSON; while others go on changing it."""
    prefix = keys.prefix()
    for portion in _portions(redis.scan_iter(match=f"{prefix}*", count=_PORTION)):
        wanted = [key for key in portion if _KEPT.fullmatch(key.removeprefix(prefix))]
        kinds, ends = _about(redis, wanted)
        for key, kind, end in zip(wanted, kinds, ends, strict=True):
            for entries in _portions(_READ[kind](redis, key)) if kind in _READ else ():
                yield _line(key.removeprefix(prefix), kind, entries, end)
    paused = redis.hget(keys.queue("lane"), "paused")
    if paused is not None:
        yield _line("queue:lane", "hash", [["paused", paused]], None)


def is_empty(redis: Client, keys: Keys) -> bool:
    """Whether nothing at all is known of this factory."""
    return next(redis.scan_iter(match=f"{keys.prefix()}*", count=_PORTION), None) is None


def clear(redis: Client, keys: Keys) -> None:
    """Forget everything about a factory, messages on their way included."""
    for prefix in (keys.prefix(), keys.celery_prefix()):
        for portion in _portions(redis.scan_iter(match=f"{prefix}*", count=_PORTION)):
            redis.unlink(*portion)


def read(redis: Client, keys: Keys, lines: Iterable[bytes], *, is_here: Callable[[str], bool]) -> None:
    """Remember what the lines tell.

    Args:
        redis: A server that knows nothing of the factory.
        keys: The factory's key layout.
        lines: As ``write`` gave them.
        is_here: Whether the file of an id is here. The story of one that came too late for the spool's copy
            is forgotten: nobody would ever go on with it.
    """
    for line in lines:
        told = json.loads(line)
        name, kind, entries = told["key"], told["kind"], told["entries"]
        if not _KEPT.fullmatch(name) and name != "queue:lane":
            continue  # of a release that keeps more
        key = keys.prefix() + name
        with redis.pipeline(transaction=False) as pipeline:
            _WRITE[kind](pipeline, key, entries)
            if told["until_ms"] is not None:
                pipeline.pexpireat(key, told["until_ms"])
            pipeline.execute()
    _forget_unfinished(redis, keys, is_here)


def _forget_unfinished(redis: Client, keys: Keys, is_here: Callable[[str], bool]) -> None:
    prefix = keys.file("")
    for portion in _portions(redis.scan_iter(match=f"{prefix}*", count=_PORTION)):
        for key in portion:
            file_id = key.removeprefix(prefix)
            state = redis.hget(key, "state")
            if state is None or FileState(state) in _TOLD or is_here(file_id):
                continue
            redis.unlink(key, keys.story(file_id))
            redis.hincrby(keys.journal("counters"), f"state:{state}", -1)


def _about(redis: Client, keys: list[str]) -> tuple[list[str], list[int | None]]:
    """Of each key its kind, and when it ends by the server's clock in ms; None for never."""
    pipeline = redis.pipeline(transaction=False)
    pipeline.time()
    for key in keys:
        pipeline.type(key)
        pipeline.pttl(key)
    (seconds, micros), *told = pipeline.execute()
    now = seconds * 1000 + micros // 1000
    return list(told[::2]), [now + left if left > 0 else None for left in told[1::2]]


def _line(name: str, kind: str, entries: list[Any], until_ms: int | None) -> bytes:
    told = {"key": name, "kind": kind, "entries": entries, "until_ms": until_ms}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


_READ: Final[Mapping[str, Callable[[Client, str], Iterable[Any]]]] = MappingProxyType(
    {
        "string": lambda redis, key: [value] if (value := redis.get(key)) is not None else [],
        "hash": lambda redis, key: redis.hscan_iter(key, count=_PORTION),
        "set": lambda redis, key: redis.sscan_iter(key, count=_PORTION),
        "zset": lambda redis, key: redis.zscan_iter(key, count=_PORTION),
        "list": lambda redis, key: redis.lrange(key, 0, -1),
        "stream": lambda redis, key: redis.xrange(key),
    }
)


def _add_string(pipeline: Client, key: str, entries: list[Any]) -> None:
    pipeline.set(key, entries[0])


def _add_hash(pipeline: Client, key: str, entries: list[Any]) -> None:
    pipeline.hset(key, mapping=dict(entries))


def _add_set(pipeline: Client, key: str, entries: list[Any]) -> None:
    pipeline.sadd(key, *entries)


def _add_sorted(pipeline: Client, key: str, entries: list[Any]) -> None:
    pipeline.zadd(key, dict(entries))


def _add_list(pipeline: Client, key: str, entries: list[Any]) -> None:
    pipeline.rpush(key, *entries)


def _add_stream(pipeline: Client, key: str, entries: list[Any]) -> None:
    for number, fields in entries:
        pipeline.xadd(key, fields, id=number)


_WRITE: Final[Mapping[str, Callable[[Client, str, list[Any]], None]]] = MappingProxyType(
    {
        "string": _add_string,
        "hash": _add_hash,
        "set": _add_set,
        "zset": _add_sorted,
        "list": _add_list,
        "stream": _add_stream,
    }
)


def _portions(entries: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(entries)
    while portion := list(islice(rest, _PORTION)):
        yield portion
