"""Who lives: the heartbeats of all processes of the line, and who watches which source."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from wats_broker.names import Keys
from wats_broker.scripts import Client, Scripts

#: A worker that has been silent for so many seconds is gone.
SILENCE_S: Final = 15


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


class WatchLease:
    """One watcher per source, so that two don't fight over a folder."""

    def __init__(self, redis: Client, keys: Keys) -> None:
        self._keys = keys
        self._scripts = Scripts(redis, "fleet", keys.watch_lease)

    def acquire(self, source: str, holder: str, *, term_s: float) -> str:
        """Ask for a source, or keep it. Returns who holds it: ``holder``, or somebody else."""
        return str(
            self._scripts.run(
                "watch",
                key=lambda _: self._keys.watch_lease(source),
                holder=holder,
                term_ms=round(term_s * 1000),
            )
        )

    def release(self, source: str, holder: str) -> None:
        """Let the next watcher in at once."""
        self._scripts.run("leave", key=lambda _: self._keys.watch_lease(source), holder=holder)
