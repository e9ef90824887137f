"""What every stage of the line shares: the broker's parts and the spool, opened from one configuration."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wats_broker.board import Board
from wats_broker.connection import connect
from wats_broker.fleet import ArchiveLease, BeatLease, DutyLease, Fleet, WatchLease
from wats_broker.journal import Journal
from wats_broker.names import Keys, Stage
from wats_broker.parking import Parking
from wats_broker.polls import Polls
from wats_broker.queue import QueueLimits, UploadQueue
from wats_broker.scripts import Client
from wats_broker.switches import Kind, Switches
from wats_worker.pulse import worker_name
from wats_worker.settings import AnySource, Source, WorkerSettings
from wats_worker.spool.names import process_list
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.spool import Spool
from wats_worker.spool.store import DiskSpool
from wats_worker.store.errors import StoreError
from wats_worker.telemetry import Traces, traces
from wats_worker.trail.book import Book

if TYPE_CHECKING:
    from celery import Celery

    from wats_broker.dispatch import Dispatch
    from wats_worker.archive.archive import Archive
    from wats_worker.catalogue.catalogue import Catalogue
    from wats_worker.catalogue.feed import Feed
    from wats_worker.convert.known import Knowledge
    from wats_worker.store.store import Store


@dataclass
class Line:
    """One process's view of the line. Nothing is opened before it is used, so a fork inherits nothing.

    Args:
        settings: The whole configuration.
        stage: What this process does.
        pools: For convert workers: the pools they eat from.
    """

    settings: WorkerSettings
    stage: Stage
    pools: tuple[str, ...] = ()

    @cached_property
    def keys(self) -> Keys:
        """The factory's key layout."""
        return Keys(self.settings.broker.namespace)

    @cached_property
    def redis(self) -> Client:
        """The connection to the broker."""
        return connect(self.settings.broker)

    @cached_property
    def journal(self) -> Journal:
        """The truth about state."""
        days = self.settings.broker.journal_retention_days
        return Journal(self.redis, self.keys, retention_s=days * 86400.0)

    @cached_property
    def queue(self) -> UploadQueue:
        """The bounded queue in front of the server."""
        return UploadQueue(self.redis, self.keys, limits=queue_limits(self.settings))

    @cached_property
    def parking(self) -> Parking:
        """Where messages wait that nobody can read."""
        return Parking(self.redis, self.keys)

    @cached_property
    def board(self) -> Board:
        """Where the server's list of processes is put up."""
        return Board(self.redis, self.keys)

    @cached_property
    def knowledge(self) -> "Knowledge":
        """What is known of the server."""
        from wats_worker.convert.known import Knowledge  # noqa: PLC0415  loads the report model

        return Knowledge(
            board=self.board,
            copy=process_list(self.settings.spool.folder),
            server=self.settings.server.url,
        )

    @cached_property
    def fleet(self) -> Fleet:
        """Who lives."""
        return Fleet(self.redis, self.keys)

    @cached_property
    def watch_lease(self) -> WatchLease:
        """Who watches which source."""
        return WatchLease(self.redis, self.keys)

    @cached_property
    def beat_lease(self) -> BeatLease:
        """Whose clock ticks for the scheduled sources."""
        return BeatLease(self.redis, self.keys)

    @cached_property
    def duty_lease(self) -> DutyLease:
        """Who does what has to be done now and then."""
        return DutyLease(self.redis, self.keys)

    @cached_property
    def archive_lease(self) -> ArchiveLease:
        """Who archives."""
        return ArchiveLease(self.redis, self.keys)

    @cached_property
    def polls(self) -> Polls:
        """Where the scheduled sources stand."""
        return Polls(self.redis, self.keys)

    @cached_property
    def switches(self) -> Switches:
        """What a person has switched off."""
        return Switches(self.redis, self.keys)

    @cached_property
    def traces(self) -> Traces:
        """Who is told of each file's way."""
        return traces(self.settings.telemetry, self.stage, worker_name(self.stage))

    @cached_property
    def celery(self) -> "Celery":
        """The Celery app of this stage."""
        # Most questions of the command line send nothing, and Celery takes its time to load.
        from wats_broker.dispatch import celery_app  # noqa: PLC0415

        # The jail's wall clock ends a conversion; Celery's limit is for a worker that hangs itself. Probing
        # and converting are two runs in the jail.
        slowest = self.settings.longest_wall_s(*(self.pools or ("convert",)))
        return celery_app(self.settings.broker, self.stage, pools=self.pools, task_limit_s=2 * slowest + 60.0)

    @cached_property
    def dispatch(self) -> "Dispatch":
        """Who sends messages."""
        from wats_broker.dispatch import Dispatch  # noqa: PLC0415  as above

        return Dispatch(self.celery)

    @cached_property
    def spool(self) -> Spool:
        """The truth about data."""
        disk = DiskSpool(
            self.settings.spool.folder,
            slow_bytes=self.settings.spool.slow_below_mb * 2**20,
            remembered=self.remembers,
        )
        if self.settings.spool.url is None:
            return disk
        # They load a library that a line on one machine has no need of.
        from wats_worker.spool.shared import SharedSpool  # noqa: PLC0415
        from wats_worker.store.opening import open_bucket  # noqa: PLC0415

        return SharedSpool(open_bucket(self.settings.spool), disk)

    @cached_property
    def archive(self) -> "Archive":
        """Everything that was delivered."""
        from wats_worker.archive.archive import Archive  # noqa: PLC0415  most questions need none of it

        return Archive(self.archive_store)

    @cached_property
    def archive_store(self) -> "Store":
        """Where the archive lies."""
        if self.settings.archive.url is not None:
            from wats_worker.store.opening import open_bucket  # noqa: PLC0415  as above

            return open_bucket(self.settings.archive)
        from wats_worker.store.folder import FolderStore  # noqa: PLC0415  as above

        return FolderStore(self.settings.archive_folder())

    @cached_property
    def catalogue(self) -> "Catalogue":
        """Where files are found."""
        from wats_worker.catalogue.catalogue import Catalogue  # noqa: PLC0415  a database takes its time

        return Catalogue.open(self.settings.catalogue.url, self.settings.catalogue_file())

    @cached_property
    def feed(self) -> "Feed":
        """What the journal tells the catalogue."""
        from wats_worker.catalogue.feed import Feed  # noqa: PLC0415  as above

        return Feed(journal=self.journal, spool=self.spool, catalogue=self.catalogue)

    def remembers(self, file_id: str) -> bool:
        """Whether a file is in the archive.

        While that can't be asked, nothing is. The worst that comes of it: bytes that come a second time are
        delivered a second time, under the same ids.
        """
        try:
            return self.archive.has(file_id)
        except StoreError:
            return False

    def archived_receipts(self, file_id: str) -> list[dict[str, Any]]:
        """What the server said to the reports of an archived file; nothing if it is not in the archive."""
        record = self.archive.record(file_id)
        told = record.reports if record else ()
        return [{**receipt, "report_id": one.card.report_id} for one in told for receipt in one.receipts]

    @cached_property
    def trail(self) -> Book:
        """Who did what."""
        return Book(self.settings.audit_folder(), key=self.settings.audit.key_file)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The watched sources by name."""
        return {source.name: source for source in self.settings.sources}

    @cached_property
    def all_sources(self) -> dict[str, AnySource]:
        """The watched and the scheduled ones."""
        return {source.name: source for source in self.settings.all_sources()}

    def why_paused(self, source: str) -> str:
        """Why nothing is to be taken from a source just now; empty if it is."""
        off = self.switches.off_lately(Kind.SOURCE).get(source)
        return str(off) if off else ""

    def post_action(self, source: str) -> tuple[PostAction, Path]:
        """What becomes of a delivered file of this source, and where. A source that is gone archives."""
        found = self.all_sources.get(source)
        action = PostAction(found.after) if found else PostAction.ARCHIVE
        # Only actions that need a done folder look at it, and the settings see to it that they have one.
        return action, (found.done_folder if found else None) or self.settings.spool.folder

    def close(self) -> None:
        """Leave nothing half-made on the spool, and nothing untold."""
        if "traces" in vars(self):
            self.traces.close()
        if "spool" in vars(self):
            self.spool.close()
        if "catalogue" in vars(self):
            self.catalogue.close()


def queue_limits(settings: WorkerSettings) -> QueueLimits:
    """The queue's bounds and terms as they are configured."""
    broker = settings.broker
    return QueueLimits(
        max_size=broker.max_queue_size,
        width=broker.max_concurrent_uploads,
        per_minute=settings.server.requests_per_minute,
        term_s=broker.upload_lease_s,
        reservation_s=broker.reservation_s,
        remember_s=broker.delivered_retention_days * 86400.0,
        remember_count=broker.delivered_retention_count,
    )
