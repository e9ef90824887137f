"""Who lives, and who holds which post: watching a source, ticking for those that are scheduled, archiving."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts

#: A worker that has been silent for so many seconds is gone.
SILENCE_S: Final = 15
#: A complaint that was not repeated for so many seconds is over.
_COMPLAINT_S: Final = 60


@dataclass(frozen=True)
class Worker:
    """One process of the line, as it last described itself."""

    name: str  #: host, stage and process id
    stage: str
    host: str
    pid: int
    release: str  #: version of the package
    protocol: str
    started_at: float  #: seconds since 1970
    work: str = ""  #: what it is doing, in a few words
    jail: str = ""  #: the level of the jail that it has built, if it needs one


@dataclass(frozen=True)
class Complaint:
    """What keeps one worker from its work."""

    worker: str
    what: str  #: ``jail``, ``spool``
    reason: str
    at: float  #: seconds since 1970


class Fleet:
    """The processes of one factory."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def beat(self, worker: Worker) -> None:
        """I am alive. To be said every few seconds; silence is noticed by expiry."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.set(self._keys.worker(worker.name), json.dumps(asdict(worker)), ex=SILENCE_S)
        pipeline.sadd(self._keys.fleet(), worker.name)
        pipeline.expire(self._keys.fleet(), 86400)
        pipeline.execute()

    def gone(self, name: str) -> None:
        """I am leaving."""
        self._redis.delete(self._keys.worker(name))
        self._redis.srem(self._keys.fleet(), name)

    def alive(self) -> list[Worker]:
        """Everybody heard of lately, by stage and name. Forgets the silent ones."""
        names = sorted(self._redis.smembers(self._keys.fleet()))
        if not names:
            return []
        texts = self._redis.mget([self._keys.worker(name) for name in names])
        silent = [name for name, text in zip(names, texts, strict=True) if text is None]
        if silent:
            self._redis.srem(self._keys.fleet(), *silent)
        workers = [Worker(**json.loads(text)) for text in texts if text is not None]
        return sorted(workers, key=lambda worker: (worker.stage, worker.name))

    def complain(self, worker: str, what: str, reason: str) -> None:
        """Something keeps me from my work; to be repeated for as long as it does.

        Other than a heartbeat this is for the processes of a pool too, which have none of their own.
        """
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hset(self._keys.complaints(), f"{what} {worker}", json.dumps([reason, self._time()]))
        pipeline.expire(self._keys.complaints(), 2 * _COMPLAINT_S)
        pipeline.execute()

    def content(self, worker: str, what: str) -> None:
        """It does so no longer."""
        self._redis.hdel(self._keys.complaints(), f"{what} {worker}")

    def complaints(self) -> list[Complaint]:
        """What keeps workers from their work. Forgets what was not repeated."""
        found, over = [], []
        now = self._time()
        for name, text in sorted(self._redis.hgetall(self._keys.complaints()).items()):
            what, _, worker = name.partition(" ")
            reason, at = json.loads(text)
            if abs(now - at) > _COMPLAINT_S:
                over.append(name)
            else:
                found.append(Complaint(worker, what, reason, at))
        if over:
            self._redis.hdel(self._keys.complaints(), *over)
        return found

    def _time(self) -> float:
        seconds, micros = self._redis.time()
        return float(seconds + micros / 1e6)


class WatchLease:
    """One watcher per source, so that two don't fight over a folder."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._post = _Post(redis, keys.watch_lease)

    def acquire(self, source: str, holder: str, *, term_s: float) -> str:
        """Ask for a source, or keep it. Returns who holds it: ``holder``, or somebody else."""
        return self._post.acquire(source, holder, term_s=term_s)

    def holders(self, sources: Sequence[str]) -> dict[str, str]:
        """Who watches what, for those of these sources that anybody watches."""
        return self._post.holders(sources)

    def release(self, source: str, holder: str) -> None:
        """Let the next watcher in at once."""
        self._post.release(source, holder)


class BeatLease:
    """One clock that ticks for the scheduled sources of all hosts; the others stand by."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._post = _Post(redis, lambda _: keys.beat())

    def acquire(self, holder: str, *, term_s: float) -> str:
        """Ask to tick, or to go on. Returns who does: ``holder``, or somebody else."""
        return self._post.acquire("beat", holder, term_s=term_s)

    def release(self, holder: str) -> None:
        """Let the next clock in at once."""
        self._post.release("beat", holder)


class DutyLease:
    """One process that does what has to be done now and then; the others stand by."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._post = _Post(redis, lambda _: keys.duties())

    def acquire(self, holder: str, *, term_s: float) -> str:
        """Ask for the post, or keep it. Returns who holds it: ``holder``, or somebody else."""
        return self._post.acquire("duties", holder, term_s=term_s)

    def release(self, holder: str) -> None:
        """Let the next one in at once."""
        self._post.release("duties", holder)


class ArchiveLease:
    """One archivist for the spool of all hosts; the others stand by."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._post = _Post(redis, lambda _: keys.archiving())

    def acquire(self, holder: str, *, term_s: float) -> str:
        """Ask to archive, or to go on. Returns who does: ``holder``, or somebody else."""
        return self._post.acquire("archive", holder, term_s=term_s)

    def release(self, holder: str) -> None:
        """Let the next archivist in at once."""
        self._post.release("archive", holder)


class _Post:
    """Work of which there is one of each name, held for a term by who asked first and keeps asking."""

    def __init__(self, redis: Client, key: Callable[[str], str]) -> None:
        self._redis = redis
        self._key = key
        self._scripts = Scripts(redis, "fleet", key)

    def acquire(self, name: str, holder: str, *, term_s: float) -> str:
        return str(
            self._scripts.run(
                "hold", key=lambda _: self._key(name), holder=holder, term_ms=round(term_s * 1000)
            )
        )

    def holders(self, names: Sequence[str]) -> dict[str, str]:
        found = self._redis.mget([self._key(name) for name in names]) if names else []
        return {name: holder for name, holder in zip(names, found, strict=True) if holder}

    def release(self, name: str, holder: str) -> None:
        self._scripts.run("leave", key=lambda _: self._key(name), holder=holder)
