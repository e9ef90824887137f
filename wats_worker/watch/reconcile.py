"""Every file in the spool gets its next step, whatever Redis remembers and whoever died.

The spool says what there is, the journal and the queue say what they know of it, ``overdue`` says what is
missing. Everything done here may be done twice, and by several processes at once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from wats_broker.dispatch import Dispatch
from wats_broker.errors import IllegalMove
from wats_broker.journal import Fact, Journal, Standing
from wats_broker.messages import SOONEST, FileSeen, Offer
from wats_broker.queue import UploadQueue
from wats_broker.states import FileState, ReportState
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.model import FileMeta, Place
from wats_worker.spool.spool import Spool
from wats_worker.watch.overdue import Need, Patience, need

log = logging.getLogger(__name__)

#: Their reports are made, so looking after them costs more and is hardly ever needed.
_MADE: Final = frozenset({FileState.CONVERTED, FileState.BURIED, FileState.DELIVERED})
#: They have used their room, or will never need it.
_ROOMLESS: Final = _MADE | {FileState.QUARANTINED}
#: Files asked about in one round trip.
_PORTION: Final = 500
#: Seconds between two checks whether the reports of a file are where they should be.
_CHECK_S: Final = 60.0
#: Seconds that whoever claimed a file has to tell the journal.
_FRESH_S: Final = 5.0


class Reconciler:
    """Looks after the files of one spool.

    Args:
        backlog: How many messages wait in the queue of a pool.
        patience: How long to wait for what.
        clock: Steady time. Only for testing.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        queue: UploadQueue,
        journal: Journal,
        dispatch: Dispatch,
        backlog: Callable[[str], int],
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._queue = queue
        self._journal = journal
        self._dispatch = dispatch
        self._backlog = backlog
        self._patience = patience or Patience()
        self._clock = clock
        #: When the reports of a file were checked last. What was there before us is checked at once.
        self._checked: dict[str, float] = {}
        self._pools: dict[str, str] = {}
        self._begun = False

    def run(self) -> None:
        """Look at every file once.

        Raises:
            SpoolUnusable: the disk takes nothing.
        """
        self._spool.recover()
        now = self._journal.time()
        backlogs: dict[str, int] = {}
        entries: list[str] = []
        present: set[str] = set()
        for portion in _portions(self._spool.waiting()):
            present.update(portion)
            for file_id, standing in zip(portion, self._journal.standing(portion), strict=True):
                try:
                    if self._look_after(file_id, standing, backlogs, now) is Need.ENTRY:
                        entries.append(file_id)
                except NotInSpool:
                    continue  # it moved on while we looked
                except IllegalMove as problem:
                    log.warning("file_not_reconciled", extra={"file_id": file_id, "reason": str(problem)})
        self._enter(entries, now)
        self._note_quarantined(now)
        self._free_rooms()
        self._checked = {file_id: at for file_id, at in self._checked.items() if file_id in present}
        self._pools = {file_id: pool for file_id, pool in self._pools.items() if file_id in present}
        self._begun = True

    def _look_after(
        self, file_id: str, standing: Standing | None, backlogs: dict[str, int], now: float
    ) -> Need:
        if standing is not None and standing.state in _MADE and not self._is_check_due(file_id):
            return Need.NOTHING
        pool = self._pools.get(file_id) or self._spool.meta(file_id).pool
        self._pools[file_id] = pool
        if pool not in backlogs:
            backlogs[pool] = self._backlog(pool)
        found = self._need(file_id, standing, backlogs[pool], now)
        if found is Need.NOTHING or self._spool.place(file_id) is not Place.WAITING:
            return Need.NOTHING
        if found is Need.ENTRY:
            return found
        meta = self._spool.meta(file_id)
        match found:
            case Need.MESSAGE:
                self._send(meta)
            case Need.RECORD:
                self._record(meta)
                self._deliver(meta)
            case Need.DELIVERY:
                self._deliver(meta)
            case Need.CLOSING:
                self._spool.save_reports(file_id, {})
                self._finish(meta)
        return found

    def _need(self, file_id: str, standing: Standing | None, backlog: int, now: float) -> Need:
        find = partial(need, standing, backlog=backlog, now=now, patience=self._patience)
        if find(converted=False) is Need.NOTHING and not self._is_check_due(file_id):
            # That it was converted, and nobody could say so, is not asked of every file that waits its turn.
            return Need.NOTHING
        self._checked[file_id] = self._clock()
        return find(converted=self._spool.converted(file_id))

    # Files that nobody knows, or nobody has taken

    def _enter(self, file_ids: Iterable[str], now: float) -> None:
        """Enter files in the journal, most urgent and oldest first, as far as there is room for them."""
        metas = [meta for file_id in file_ids if (meta := self._meta(file_id)) is not None]
        for meta in sorted(metas, key=lambda meta: (meta.priority, meta.claimed_at, meta.file_id)):
            if self._begun and 0 <= now - datetime.fromisoformat(meta.claimed_at).timestamp() < _FRESH_S:
                continue  # whoever claimed it is just about to say so
            if self._spool.converted(meta.file_id):
                self._journal.seen(_seen(meta))
                self._record(meta)
                self._deliver(meta)
                continue
            if self._was_changed(meta):
                continue
            if not self._queue.reserve(meta.file_id):
                return
            self._journal.seen(_seen(meta))
            log.info("file_found", extra=_about(meta))
            self._dispatch.convert([(meta.file_id, meta.pool, meta.priority)])

    def _send(self, meta: FileMeta) -> None:
        if self._was_changed(meta):
            return
        self._queue.reserve(meta.file_id)  # renewed if it still has its room; else its reports may be held
        self._journal.sent([meta.file_id])
        # A message of a lesser priority waits for as long as there are better ones. Now it has waited enough.
        self._dispatch.convert([(meta.file_id, meta.pool, SOONEST)])
        log.info("file_sent_again", extra=_about(meta))

    def _was_changed(self, meta: FileMeta) -> bool:
        """Whether somebody wrote to the file after its claim. Then it goes on under the id it should have."""
        if not self._spool.changed(meta.file_id):
            return False
        became = self._spool.reidentify(meta.file_id)
        if became is not None:
            self._queue.release(meta.file_id)
            self._journal.record(meta.file_id, "file_changed", became=became)
            log.warning("file_changed", extra={**_about(meta), "became": became})
        return True

    def _free_rooms(self) -> None:
        """Give back room that was reserved for files that need none any more, or were never claimed."""
        files = self._queue.reservations(older_than_s=self._patience.room_s)
        for file_id, standing in zip(files, self._journal.standing(files), strict=True):
            if standing is None or standing.state in _ROOMLESS:
                self._queue.release(file_id)
                log.info("room_freed", extra={"file_id": file_id})

    # Files whose reports are made

    def _is_check_due(self, file_id: str) -> bool:
        last = self._checked.setdefault(file_id, self._clock() if self._begun else float("-inf"))
        return self._clock() - last >= _CHECK_S

    def _record(self, meta: FileMeta) -> None:
        """Tell the journal that the reports of a file are made."""
        pending = len(self._spool.pending(meta.file_id))
        self._journal.record(meta.file_id, "file_recovered", state=FileState.CONVERTING)
        self._journal.record(meta.file_id, "file_converted", state=FileState.CONVERTED, reports=pending)
        log.info("file_recovered", extra={**_about(meta), "pending": pending})

    def _deliver(self, meta: FileMeta) -> None:
        """See that every pending report is known to the queue; finish the file if there is none."""
        self._checked[meta.file_id] = self._clock()
        missing: list[Offer] = []
        pending = self._spool.pending(meta.file_id)
        for report_id, where in zip(pending, self._queue.where(pending), strict=True):
            if where is ReportState.DELIVERED:
                # The server has it, and the receipt was lost to a power cut.
                self._spool.delivered(meta.file_id, report_id, {"stored_as": None, "told_by": "queue"})
            elif where is None:
                size = len(self._spool.report(meta.file_id, report_id))
                missing.append(Offer(report_id, meta.priority, size))
        if missing:
            offered = self._queue.offer(meta.file_id, missing)
            log.info("reports_offered_again", extra={**_about(meta), "reports": len(missing)})
            self._dispatch.drain(offered.permits)
        if not self._spool.pending(meta.file_id):
            self._journal.record(meta.file_id, "file_delivered", state=FileState.DELIVERED)
            self._finish(meta)

    def _finish(self, meta: FileMeta) -> None:
        if self._spool.finish(meta.file_id):
            log.info("file_finished", extra=_about(meta))

    # Files that a person has to look at

    def _note_quarantined(self, now: float) -> None:
        for portion in _portions(self._spool.quarantined()):
            for file_id, standing in zip(portion, self._journal.standing(portion), strict=True):
                if standing is not None and (
                    standing.state is FileState.QUARANTINED or now <= standing.held_until
                ):
                    continue
                try:
                    self._note(self._spool.meta(file_id), self._spool.reason(file_id))
                except NotInSpool:
                    continue  # replayed while we looked
                except IllegalMove as problem:
                    log.warning("file_not_reconciled", extra={"file_id": file_id, "reason": str(problem)})

    def _note(self, meta: FileMeta, reason: dict[str, Fact]) -> None:
        self._journal.seen(_seen(meta))
        self._journal.record(
            meta.file_id,
            "file_quarantined",
            state=FileState.QUARANTINED,
            fields=reason,
            tallies=(),
            **reason,
        )

    def _meta(self, file_id: str) -> FileMeta | None:
        try:
            return self._spool.meta(file_id)
        except NotInSpool:
            return None


def _portions(file_ids: Iterator[str]) -> Iterator[Sequence[str]]:
    while portion := list(islice(file_ids, _PORTION)):
        yield portion


def _seen(meta: FileMeta) -> FileSeen:
    return FileSeen(meta.file_id, meta.source, meta.name, meta.size, meta.pool, meta.priority)


def _about(meta: FileMeta) -> dict[str, str]:
    # "name" is a log record's own attribute.
    return {"file_id": meta.file_id, "source": meta.source, "file": meta.name}
