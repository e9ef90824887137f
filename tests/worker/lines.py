"""A factory's line with everything but converters and uploaders, for tests of the watch stage."""

from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.fleet import WatchLease
from wats_broker.journal import Journal
from wats_broker.names import Keys, Stage, celery_queue
from wats_broker.queue import QueueLimits, UploadQueue
from wats_broker.settings import BrokerSettings
from wats_worker.settings import Source
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.store import DiskSpool
from wats_worker.watch.overdue import Patience
from wats_worker.watch.reconcile import Reconciler
from wats_worker.watch.watcher import Watcher


@dataclass
class Line:
    """One factory's line, seen from the watch stage."""

    root: Path
    redis: Redis
    broker: BrokerSettings
    limits: QueueLimits = field(default_factory=QueueLimits)

    def __post_init__(self) -> None:
        self.keys = Keys()
        self.folder = self.root / "in"
        self.folder.mkdir(exist_ok=True)
        self.archived: set[str] = set()
        self.spool = DiskSpool(
            self.root / "spool", floor_bytes=0, floor_files=0, remembered=self.archived.__contains__
        )
        self.queue = UploadQueue(self.redis, self.keys, limits=self.limits)
        self.journal = Journal(self.redis, self.keys)
        self.lease = WatchLease(self.redis, self.keys)
        self.celery = celery_app(self.broker, Stage.WATCH)
        self.dispatch = Dispatch(self.celery)

    def source(self, **changes: object) -> Source:
        settings = {"name": "ict", "folder": self.folder, "quiet_s": 0.05, "look_s": 0.1}
        return Source.model_validate(settings | changes)

    def watcher(self, *sources: Source, **changes: object) -> Watcher:
        parts = {
            "spool": self.spool,
            "queue": self.queue,
            "journal": self.journal,
            "dispatch": self.dispatch,
            "lease": self.lease,
            "sources": sources or [self.source()],
            "holder": "watch-1",
            "backlog": self.backlog,
            "post_action": self.post_action,
            "reconcile_s": 0.2,
        }
        return Watcher(**(parts | changes))

    def reconciler(self, **changes: object) -> Reconciler:
        parts = {
            "spool": self.spool,
            "queue": self.queue,
            "journal": self.journal,
            "dispatch": self.dispatch,
            "backlog": self.backlog,
            "patience": Patience(taken_s=0, suspended_s=0),
        }
        return Reconciler(**(parts | changes))

    def post_action(self, _source: str) -> tuple[PostAction, Path]:
        return PostAction.ARCHIVE, self.folder / "Done"

    def backlog(self, pool: str) -> int:
        with self.celery.pool.acquire(block=True) as connection:
            # On Redis declaring makes nothing; it counts.
            return connection.default_channel.queue_declare(celery_queue(pool)).message_count

    def messages(self, pool: str = "convert") -> list[str]:
        """The file ids of all messages that wait, which are taken out by this."""
        ids = []
        with self.celery.connection_for_read() as connection:
            while message := connection.default_channel.basic_get(celery_queue(pool), no_ack=True):
                ids.append(message.decode()[1]["file_id"])
        return ids

    def in_folder(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def names(self) -> list[str]:
        """The names of all files in the spool."""
        return sorted(self.spool.meta(file_id).name for file_id in self.spool.waiting())
