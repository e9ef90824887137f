"""What the rooms behind the door work with: one line, seen from one process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from wats_broker.access import Access
from wats_broker.fleet import Fleet
from wats_broker.journal import Journal
from wats_broker.names import Keys
from wats_broker.queue import UploadQueue
from wats_broker.scripts import Client
from wats_worker.settings import WorkerSettings
from wats_worker.spool.store import Spool

if TYPE_CHECKING:
    from wats_broker.dispatch import Dispatch


@dataclass(frozen=True)
class Desk:
    """The parts of a line. Who builds it passes in what belongs to other stages.

    Args:
        config: The configuration's file, if there is one.
        dispatch: Gives the sender of messages; Celery takes its time to load, so it is asked for late.
    """

    settings: WorkerSettings
    config: Path | None
    redis: Client
    keys: Keys
    access: Access
    journal: Journal
    queue: UploadQueue
    fleet: Fleet
    spool: Spool
    dispatch: Callable[[], "Dispatch"]
    #: Another one after each start.
    instance: str = field(default_factory=lambda: uuid4().hex)
