"""Take a batch of finished files in: room first, then the claim, then the journal, then the message.

Killed after any of these steps, nothing is lost: a reservation runs out, a claimed file is found on the
spool, an entered one is sent by reconciling.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wats_broker.dispatch import Dispatch
from wats_broker.journal import Journal, Seen
from wats_broker.messages import FileSeen
from wats_broker.queue import UploadQueue
from wats_broker.states import FileState
from wats_worker.intake.turns import Turns
from wats_worker.spool.errors import SpoolError
from wats_worker.spool.model import Claimable, Claimed, Outcome, Place
from wats_worker.spool.names import printable
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.spool import Spool
from wats_worker.telemetry import SILENCE, Traces

log = logging.getLogger(__name__)


@dataclass
class Taking:
    """What became of a batch."""

    taken: list[Claimable] = field(default_factory=list)  #: new or known, they need no further look
    again: list[Claimable] = field(default_factory=list)  #: changed or gone: look again
    refused: list[tuple[Claimable, str]] = field(default_factory=list)  #: they can't be had, and why
    full: bool = False  #: the queue had no room for all; the rest stays where it is


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Takes the files of one source in.

    Args:
        source: Its name.
        priority: 0 soonest … 9.
        keep: Its files stay where they are.
        action: What becomes of them, which is also what becomes of a second copy.
        done: Where.
        turns: Which source goes first while there is not room for all.
        give_up: Asked between pieces of a large copy; True leaves the file where it is.
        traces: Who is told of each file's way.
        steady: The clock that tells since when files are finished. Only for testing.
    """

    source: str
    priority: int
    keep: bool
    action: PostAction
    done: Path
    spool: Spool
    queue: UploadQueue
    journal: Journal
    dispatch: Dispatch
    turns: Turns
    give_up: Callable[[], bool] = bool
    traces: Traces = SILENCE
    steady: Callable[[], float] = time.monotonic

    def take(self, files: Sequence[Claimable]) -> Taking:
        """Take as many of these files as there is room for, in their order.

        Raises:
            SpoolUnusable: the disk takes nothing; all files are still where they were.
        """
        taking = Taking()
        delivered = self._delivered(files)
        places = self.spool.places([file.file_id for file in files])
        new = [
            file.file_id
            for file, place in zip(files, places, strict=True)
            # It will be converted, so its reports need room.
            if place is Place.QUARANTINED or (place is None and file.file_id not in delivered)
        ]
        reserved = set(self._reserve(new))
        admitted: list[Claimable] = []
        for file in files:
            if file.file_id in new and file.file_id not in reserved:
                taking.full = True  # nothing overtakes it, not even what needs no room
                break
            admitted.append(file)
        try:
            self._claim(admitted, delivered, reserved, taking)
        finally:
            # Whatever did not become a file on its way to the queue gives its room back.
            for file_id in reserved:
                self.queue.release(file_id)
        return taking

    def _delivered(self, files: Sequence[Claimable]) -> set[str]:
        """The ids that the journal knows as delivered; the spool may have forgotten them."""
        ids = [file.file_id for file in files]
        return {
            file_id
            for file_id, standing in zip(ids, self.journal.standing(ids), strict=True)
            if standing is not None and standing.state is FileState.DELIVERED
        }

    def _reserve(self, wanted: Sequence[str]) -> Sequence[str]:
        """The files that have room now."""
        if not wanted:
            return ()
        found = self.queue.reserve_all(wanted) if self.turns.may_go(self.source, self.priority) else 0
        if found:
            self.turns.served(self.source, found)
        if found < len(wanted):
            self.turns.waits(self.source, self.priority)
        return wanted[:found]

    def _claim(
        self, files: Sequence[Claimable], delivered: set[str], reserved: set[str], taking: Taking
    ) -> None:
        entering: list[Claimable] = []
        for claimed in self.spool.claim(files, keep=self.keep, give_up=self.give_up):
            file = claimed.file
            match claimed.outcome:
                case Outcome.CLAIMED if file.file_id in delivered:
                    self._close(file)
                    taking.taken.append(file)
                case Outcome.CLAIMED:
                    entering.append(file)
                    taking.taken.append(file)
                case Outcome.KNOWN:
                    if self.spool.place(file.file_id) is Place.QUARANTINED:
                        self.spool.replay(file.file_id)
                        entering.append(file)
                    else:
                        self._recognise(file)
                    self._dispose(claimed)
                    taking.taken.append(file)
                case Outcome.BUSY | Outcome.GONE:
                    taking.again.append(file)
            if claimed.reason:
                taking.refused.append((file, claimed.reason))
        self._enter(entering)
        reserved.difference_update(file.file_id for file in entering)

    def _enter(self, files: Sequence[Claimable]) -> None:
        if not files:
            return
        for file, seen in zip(files, self.journal.seen_all(self._seen(file) for file in files), strict=True):
            log.info("file_claimed", extra={**_about(file), "size": file.size, "seen": seen.value})
            if self.traces.on:
                self.traces.past(
                    "claim",
                    file.file_id,
                    lasted_s=self._waited(file) or 0.0,
                    source=file.source,
                    size=file.size,
                    seen=seen.value,
                )
        self.dispatch.convert(
            [(file.file_id, file.pool, file.priority) for file in files],
            names={file.file_id: printable(file.name) for file in files},
        )

    def _recognise(self, file: Claimable) -> None:
        if self.journal.seen(self._seen(file)) is Seen.AGAIN:
            log.info("file_known", extra=_about(file))
        elif self.spool.place(file.file_id) in {None, Place.FINISHED}:
            # The journal had lost it, and all of it is delivered: there is nothing more to be done.
            for state in (FileState.CONVERTING, FileState.CONVERTED, FileState.DELIVERED):
                self.journal.record(file.file_id, "file_recovered", state=state)
        # Otherwise reconciling will find out how far it had come.

    def _seen(self, file: Claimable) -> FileSeen:
        return FileSeen(
            file.file_id,
            file.source,
            printable(file.name),
            file.size,
            file.pool,
            file.priority,
            waited_s=self._waited(file),
        )

    def _waited(self, file: Claimable) -> float | None:
        return None if file.ready_at is None else max(0.0, self.steady() - file.ready_at)

    def _close(self, file: Claimable) -> None:
        """Archive bytes that were delivered before the spool forgot them: there is nothing to convert."""
        self._recognise(file)
        self.spool.save_reports(file.file_id, {})
        self.spool.finish(file.file_id)

    def _dispose(self, claimed: Claimed) -> None:
        try:
            self.spool.dispose(claimed, self.action, self.done)
        except SpoolError as problem:
            # The bytes are safe in the spool; this copy goes from ``incoming`` with the next recovery.
            log.warning("copy_not_disposed", extra={**_about(claimed.file), "reason": str(problem)})


def _about(file: Claimable) -> dict[str, str]:
    # "name" is a log record's own attribute.
    return {"file_id": file.file_id, "source": file.source, "file": printable(file.name)}
