"""One source: look at it, wait until files are finished, take them in, sleep until there is a reason to look.

Reasons to look: an event, a file that will be finished, the periodic look. While the queue is full the files
stay where they are, which is the cheapest queue there is, and nobody asks more often than there can be room.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from wats_broker.fleet import WatchLease
from wats_worker.intake.take import Intake
from wats_worker.intake.troubles import Troubles
from wats_worker.settings import Source
from wats_worker.spool.errors import SpoolUnusable, disk_weather
from wats_worker.spool.files import open_folder
from wats_worker.spool.model import Claimable
from wats_worker.spool.spool import Spool
from wats_worker.watch.hints import Hints
from wats_worker.watch.identity import Later, NotYet, Odd
from wats_worker.watch.look import FolderAway, Look
from wats_worker.watch.pace import Backoff, Clock, LookPlan
from wats_worker.watch.settle import Moment, Sighting
from wats_worker.watch.ways import Ways

log = logging.getLogger(__name__)

#: Files claimed together: each costs open descriptors, and the first waits for the last.
BATCH: Final = 64
#: With so many finished files known, looking for more can wait.
_PLENTY: Final = 1000
#: Bytes hashed before what there is goes on.
_BATCH_BYTES: Final = 64 * 2**20
#: How long a source is ours without a sign of life.
_TERM_S: Final = 15.0
#: Seconds after which somebody else's source is asked for again.
_ASK_S: Final = 1.0
#: Seconds between two portions while the disk gets full.
_SLOWLY_S: Final = 1.0
#: Seconds after which it is asked again whether file times are told by our clock.
_CLOCK_CHECK_S: Final = 60.0


class SourceWatcher:
    """Watches one source, from its own thread.

    Args:
        source: The source.
        holder: Name of this process; the source is held under it.
        lease: Who watches what.
        intake: Takes files in.
        troubles: Told of what can't be taken.
        spool: Where files go.
        over: Set when the process ends.
        paused: Says why nothing is to be taken just now; empty if it is.
        clock: Source of the time. Only for testing.
    """

    def __init__(
        self,
        source: Source,
        *,
        holder: str,
        lease: WatchLease,
        intake: Intake,
        troubles: Troubles,
        spool: Spool,
        over: threading.Event,
        paused: Callable[[], str],
        clock: Clock | None = None,
    ) -> None:
        self._source = source
        self._holder = holder
        self._lease = lease
        self._intake = intake
        self._troubles = troubles
        self._spool = spool
        self._over = over
        self._paused = paused
        self._now = (clock or Clock()).now
        self._wake = threading.Event()
        self._plan = LookPlan(source.look_s)
        self._hints = Hints(source.name, self.hint)
        self._backoff = Backoff(0.25, 5.0)
        self._our_device: int | None = None
        self._clock_checked = self._renewed = self._blocked_until = float("-inf")
        self._weather = ""
        self._leaving: dict[str, str] = {}
        self._way = Ways(
            source=source,
            spool=spool,
            now=self._now,
            our_clock=lambda device: device == self._our_device,
            leaving=lambda: self._leaving,
            give_up=over.is_set,
        ).way()
        self._candidates = self._way.candidates
        self._read: dict[str, Claimable] = {}
        #: Files in the watch folder that are not taken yet.
        self.waiting = 0

    def run(self) -> None:
        """Watch until ``over`` is set."""
        log.info("source_watched", extra={"source": self._source.name, "folder": str(self._source.folder)})
        try:
            while not self._over.is_set():
                self._wake.clear()
                self._wake.wait(max(0.0, self._round()))
        finally:
            self._hints.stop()
            with suppress(RedisError):  # else it runs out
                self._lease.release(self._source.name, self._holder)

    def hint(self) -> None:
        """Say that there may be a reason to look, or to end."""
        self._plan.hint()
        self._wake.set()

    def _round(self) -> float:
        """Do what is due and return the seconds until there is something to do again."""
        try:
            if not self._is_ours():
                return _ASK_S
            if reason := self._paused():
                self._say("source_paused", reason)
                return _ASK_S
            if self._plan.due_at() <= self._now().steady:
                self._look()
            if self._blocked_until <= self._now().steady:
                self._take_ready()
        except FolderAway as problem:
            return self._away(str(problem))
        except SpoolUnusable as problem:
            self._say("spool_unusable", problem.reason)
            self._tell({".": str(problem)})
            return self._backoff.next()
        except (RedisError, OperationalError) as problem:
            self._say("broker_away", str(problem))
            return self._backoff.next()
        self._say("", "")
        now = self._now()
        return min(self._plan.due_at(), max(self._blocked_until, self._candidates.next_at(now))) - now.steady

    def _is_ours(self) -> bool:
        now = self._now().steady
        if now - self._renewed < _TERM_S / 3:
            return True
        holder = self._lease.acquire(self._source.name, self._holder, term_s=_TERM_S)
        if holder != self._holder:
            self._say("source_watched_elsewhere", f"by {holder}")
            return False
        self._renewed = now
        return True

    def _say(self, weather: str, reason: str) -> None:
        """Log a change of the weather, once."""
        if weather == self._weather:
            return
        about = {"source": self._source.name}
        if weather:
            log.warning(weather, extra={**about, "reason": reason})
        else:
            log.info("watch_goes_on", extra=about)
            self._backoff.reset()
        self._weather = weather

    def _tell(self, troubles: dict[str, str]) -> None:
        with suppress(RedisError):  # they are told again after the next look
            self._troubles.update(troubles)

    def _away(self, reason: str) -> float:
        self._candidates.forget()
        self._hints.stop()
        self._say("folder_away", reason)
        now = self._now().steady
        self._plan.begins()
        self._plan.looked(began=now, ended=now)
        self._tell({".": f"the watch folder can't be looked into: {reason}"})
        return max(self._source.look_s, 1.0)

    def _look(self) -> None:
        began = self._now()
        if began.steady - self._clock_checked >= _CLOCK_CHECK_S:
            self._our_device = self._spool.local_clock_device()
            self._clock_checked = began.steady
        self._plan.begins()
        # First, since what a crash has left of a unit would look like another one.
        self._leaving = self._spool.finish_removals(self._source.name)
        seen = self._way.looker.look()
        now = self._now()
        self._candidates.seen(seen, now)
        self.waiting = seen.count
        self._plan.looked(began=began.steady, ended=now.steady, plenty=len(seen.files) >= _PLENTY)
        if self._source.events and self._hints.follow(
            {self._source.folder / name: inode for name, inode in seen.folders.items()}
        ):
            # Something may have happened between the look and the first event.
            self._plan.hint()
        self._troubles.update(seen.odd | self._candidates.troubles | self._leaving | self._late(seen, now))

    def _late(self, seen: Look, now: Moment) -> dict[str, str]:
        """What waits for more, and has for too long."""
        if self._way.late is None:
            return {}
        return self._way.late.overdue(seen.unready | self._candidates.waiting(now), now=now.steady)

    def _take_ready(self) -> None:
        for batch in self._batches():
            if self._over.is_set() or not self._is_ours() or not self._take(batch):
                return
        self._plan.ran_out()

    def _batches(self) -> Iterator[list[Claimable]]:
        """The finished files, read, in portions."""
        batch: list[Claimable] = []
        size = 0
        for observed in self._candidates.ready(self._now()):
            sighting = observed.sighting
            if len(batch) == BATCH or (batch and size + sighting.stamp.size > _BATCH_BYTES):
                yield batch
                batch, size = [], 0
            match self._read_before(sighting) or self._way.reader.identify(sighting):
                case NotYet():
                    self._candidates.written(sighting.name, self._now())
                case Later(until, reason):
                    self._candidates.wait(sighting.name, until, reason)
                case Odd(reason):
                    self._candidates.refuse(sighting.name, sighting.stamp, reason, self._now())
                    self._plan.hint()  # so that the trouble is told
                case file:
                    batch.append(replace(file, ready_at=self._candidates.ready_at(observed, self._now())))
                    size += sighting.stamp.size
        if batch:
            yield batch

    def _read_before(self, sighting: Sighting) -> Claimable | None:
        file = self._read.get(sighting.name)
        return file if file is not None and file.stamp == sighting.stamp else None

    def _take(self, batch: Sequence[Claimable]) -> bool:
        """Take in one batch; whether there may be room for another one."""
        room = self._spool.room()
        if room.problem:
            raise SpoolUnusable(self._spool.root, room.problem)
        if room.pace < 1:
            return self._take_slowly(batch, max(1, int(len(batch) * room.pace)))
        return self._take_all(batch)

    def _take_slowly(self, batch: Sequence[Claimable], count: int) -> bool:
        """The disk gets full: take some, and give what makes room time to do so."""
        if self._take_all(batch[:count]):
            self._blocked_until = self._now().steady + _SLOWLY_S
        self._read |= {file.name: file for file in batch[count:]}
        return False

    def _take_all(self, batch: Sequence[Claimable]) -> bool:
        taking = self._intake.take(batch)
        with disk_weather(self._spool.root):
            self._candidates.taken((file.name, file.stamp, file.file_id) for file in taking.taken)
        for file in taking.taken:
            self._drop_marker(file.name)
        for file in taking.again:
            self._candidates.changed(file.name)
        for file, reason in taking.refused:
            self._candidates.refuse(file.name, file.stamp, reason, self._now())
        if taking.again or taking.refused:
            self._plan.hint()
        if taking.taken:
            self.waiting = max(0, self.waiting - len(taking.taken))
            self._backoff.reset()
        self._read = {}
        if taking.full:
            # They will wait a while, and need not be read again then if they stay as they are.
            self._read = {file.name: file for file in batch}
            self._blocked_until = self._now().steady + self._backoff.next()
            log.debug("files_waiting", extra={"source": self._source.name, "waiting": self.waiting})
        return not taking.full

    def _drop_marker(self, name: str) -> None:
        """Remove the marker of a file that was taken away. One left behind is older than the next file."""
        if self._source.marker is None or self._source.mode == "keep":
            return
        *above, base = name.split("/")
        with suppress(OSError):
            parent = open_folder(self._source.folder, above)
            try:
                os.unlink(base + self._source.marker, dir_fd=parent)
            finally:
                os.close(parent)
