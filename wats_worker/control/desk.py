"""What the rooms behind the door work with: one line, seen from one process."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from wats_broker.access import Access
from wats_broker.board import Board
from wats_broker.fleet import Fleet, WatchLease
from wats_broker.journal import Fact, Journal
from wats_broker.names import Keys
from wats_broker.parking import Parking
from wats_broker.polls import Polls
from wats_broker.queue import UploadQueue
from wats_broker.scripts import Client
from wats_broker.switches import Switches
from wats_worker.archive.archive import Archive
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.feed import Feed
from wats_worker.catalogue.finding import Wanted
from wats_worker.catalogue.numbers import Numbers
from wats_worker.control import problems
from wats_worker.control.jobs import Jobs
from wats_worker.control.models.converters import ConverterCard, Tried
from wats_worker.control.models.processes import ProcessList
from wats_worker.retention.holds import Holds
from wats_worker.settings import Check, WorkerSettings
from wats_worker.spool.names import is_file_id
from wats_worker.spool.spool import Spool
from wats_worker.trail.book import Book

if TYPE_CHECKING:
    from wats_broker.dispatch import Dispatch

log = logging.getLogger(__name__)

#: Of what has happened, read for one question; the archive stage reads all of it in any case.
_PORTIONS: Final = 4


#: Tries a file: its bytes, its name, the source and the converter, if somebody names them.
Trial = Callable[[Path, str, str | None, str | None], Tried]


@dataclass(frozen=True)
class Neighbours:
    """What other stages know and do. Stages never look at each other; who builds the desk does.

    Args:
        converters: The converters as a convert worker has them.
        set_aside: Those that somebody has to look at; cheap where there are no plugins.
        processes: The server's processes, as a convert worker knows them.
        trial: Tries a file in the jail as the line would: where it lies, its name, a source, a converter.
        finish: Lays a delivered file where it waits for the archive.
        checks: What else is looked at in a configuration.
        unfit: Why the line could not run here with a configuration; empty if it could.
        reload: Has the line take a changed configuration up; False if somebody else has to.
    """

    converters: Callable[[], list[ConverterCard]]
    set_aside: Callable[[], list[ConverterCard]]
    processes: Callable[[], ProcessList]
    finish: Callable[[str], bool]
    trial: Trial
    checks: Sequence[Check] = ()
    unfit: Callable[[WorkerSettings], str] = lambda _: ""
    reload: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Desk:
    """The parts of a line. Who builds it passes in what belongs to other stages.

    Args:
        config: The configuration's file, if there is one.
        archive: Gives the archive. Its disk may be away, which must not keep the door shut.
        catalogue: Gives the catalogue. So may its database.
        feed: Gives what tells the catalogue of files on their way.
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
    watching: WatchLease
    board: Board
    polls: Polls
    switches: Switches
    parking: Parking
    spool: Spool
    archive: Callable[[], Archive]
    catalogue: Callable[[], Catalogue]
    feed: Callable[[], Feed]
    trail: Book
    jobs: Jobs
    holds: Callable[[], Holds]
    numbers: Callable[[], Numbers]
    dispatch: Callable[[], "Dispatch"]
    neighbours: Neighbours
    #: Another one after each start.
    instance: str = field(default_factory=lambda: uuid4().hex)

    def did(self, event: str, who: str, about: str, **facts: Fact) -> None:
        """Somebody changed something: it is noted for people, and logged."""
        self.access.note(event, who, about)
        log.info(event, extra={"who": who, "about": about, **facts})

    def known(self) -> Catalogue:
        """The catalogue, with all that has happened until now: nobody misses what he has just done."""
        self.feed().catch_up(most=_PORTIONS)
        return self.catalogue()

    def whole(self, beginning: str) -> str:
        """The one file id that begins like this; a whole one stands for itself, known or not.

        Raises:
            Problem: no file id begins like this, or several do.
        """
        if is_file_id(beginning):
            return beginning
        found = self.known().find(Wanted(file_id=beginning), count=2).entries
        if len(found) == 1:
            return found[0].file_id
        if found:
            raise problems.conflict(f"more than one file id begins with {beginning}", fix="add a digit")
        raise problems.not_found(
            f"no file id begins with {beginning!r}", fix="'wats-worker files find TEXT' finds files"
        )
