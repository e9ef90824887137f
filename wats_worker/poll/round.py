"""One poll of one source: what its poller offers is landed, claimed in portions, and remembered.

Room, claim, journal and message come first (``intake``), the memory last. Killed in between, the next poll is
offered the same items again, and their content says that they are known. The cursor goes as far as the first
item that was not taken, whatever came after it.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from wats_broker.polls import Outcome
from wats_worker.intake.take import Intake
from wats_worker.poll import wire
from wats_worker.poll.memory import Memory
from wats_worker.poll.names import file_name
from wats_worker.poll.talk import PollFailed, Talk, TimeOver
from wats_worker.poll.wire import End, Offer
from wats_worker.settings import ScheduledSource
from wats_worker.spool.errors import SpoolUnusable
from wats_worker.spool.files import READ_SAFELY, Stamp, pieces
from wats_worker.spool.model import Claimable
from wats_worker.spool.names import Identity, numbered
from wats_worker.spool.spool import Spool

#: Items claimed together: each costs open descriptors, and the first waits for the last.
BATCH: Final = 64
_BATCH_BYTES: Final = 64 * 2**20


class Interrupted(Exception):
    """The worker goes home."""


@dataclass(frozen=True)
class _Landed:
    offer: Offer
    file: Claimable


@dataclass(kw_only=True)
class Round:
    """One poll of one source.

    Args:
        source: The source.
        spool: Where its items land.
        intake: Takes them from there.
        memory: What was taken before.
        note: Told the file's id and the key of each item that was taken.
    """

    source: ScheduledSource
    spool: Spool
    intake: Intake
    memory: Memory
    note: Callable[[str, str], object]
    #: How many were taken so far.
    taken: int = 0
    #: By name, why items can't be had now.
    odd: dict[str, str] = field(default_factory=dict)
    _held: bool = False  # something was not taken: the cursor stays before it
    _batch: list[_Landed] = field(default_factory=list)

    def run(self, talk: Talk, landing: Path) -> Outcome:
        """Take all that there is room and time for.

        Args:
            talk: With the poller, not begun yet.
            landing: A private folder on the spool's disk.

        Raises:
            PollFailed: the poller failed, or brought nothing new in its time. What it gave before is taken.
            SpoolUnusable: the disk takes nothing.
        """
        try:
            heard = talk.begin()
            while isinstance(heard, Offer):
                self._land(heard, talk, landing)
                if self._is_batch_full() and not self._take():
                    return Outcome.FULL
                heard = talk.go_on()
        except TimeOver:
            return self._cut_short()
        except Interrupted:
            return Outcome.STOPPED if self._take() else Outcome.FULL
        except PollFailed:
            self._take()
            raise
        return self._finish(heard, landing) if self._take() else Outcome.FULL

    def _cut_short(self) -> Outcome:
        if not self._take():
            return Outcome.FULL
        if self.taken:
            return Outcome.UNFINISHED
        raise PollFailed(
            f"nothing new came within {self.source.limit_s:g} s", "ask for less at a time, or raise limit_s"
        )

    def _finish(self, end: End, landing: Path) -> Outcome:
        if end.seen:
            self.memory.keep(seen_file(landing).read_text(encoding="ascii").split())
        if not self._held:
            self.memory.go_on_at(end.cursor)
        # Asked at once for more that has nothing new in it, it would be asked for ever.
        return Outcome.UNFINISHED if end.more and self.taken else Outcome.DONE

    def _land(self, offer: Offer, talk: Talk, landing: Path) -> None:
        file = place(landing / "batch", file_name(offer.name))
        reason = talk.land(file)
        if reason is None:
            self._batch.append(_Landed(offer, self._identified(file)))
            return
        self._held = True
        if reason:
            self.odd[offer.name] = reason

    def _identified(self, file: Path) -> Claimable:
        identity = Identity(self.source.name)
        descriptor = os.open(file, READ_SAFELY)
        try:
            stamp = Stamp.of(os.fstat(descriptor))
            for piece in pieces(descriptor, size=stamp.size):
                identity.feed(piece)
        finally:
            os.close(descriptor)
        return Claimable(
            source=self.source.name,
            folder=file.parent,
            name=file.name,
            file_id=identity.file_id,
            sha256=identity.sha256,
            stamp=stamp,
            pool=self.source.pool,
            priority=self.source.priority,
        )

    def _is_batch_full(self) -> bool:
        size = sum(landed.file.stamp.size for landed in self._batch)
        return len(self._batch) >= BATCH or size >= _BATCH_BYTES

    def _take(self) -> bool:
        """Take what has landed, and remember it. False when there is no room for all of it."""
        if not self._batch:
            return True
        if problem := self.spool.room().problem:
            raise SpoolUnusable(self.spool.root, problem)
        batch, self._batch = self._batch, []
        taking = self.intake.take([landed.file for landed in batch])
        names = {file.name for file in taking.taken}
        taken = [landed for landed in batch if landed.file.name in names]
        self.memory.taken(wire.digest(landed.offer.key) for landed in taken)
        self._move_cursor(batch, names)
        self.taken += len(taken)
        for landed in taken:
            self.note(landed.file.file_id, landed.offer.key)
        for file, reason in taking.refused:
            self.odd[file.name] = reason
        shutil.rmtree(batch[0].file.folder)
        return not taking.full

    def _move_cursor(self, batch: list[_Landed], taken: set[str]) -> None:
        cursor: Any = None
        for landed in batch:
            self._held = self._held or landed.file.name not in taken
            if not self._held and landed.offer.cursor is not None:
                cursor = landed.offer.cursor
        if cursor is not None:
            self.memory.go_on_at(cursor)


def seen_file(landing: Path) -> Path:
    """Where a poller's process writes which keys it has seen."""
    return landing / "seen"


def place(folder: Path, name: str) -> Path:
    """A file of this name, or one like it, that is not there yet."""
    folder.mkdir(exist_ok=True)
    return next(file for number in count(1) if not os.path.lexists(file := folder / numbered(name, number)))
