"""One lent report on its way: read it, post it, understand the answer, settle.

Killed between any two steps, nothing is lost and nothing is stored twice under different ids:

    read the report        the lease ends by its term, the report is lent again
    post it                the same; the server sees the same id again and overwrites
    note it on the spool   the same, but now the next holder finds the receipt instead of the report, posts
                           nothing and goes on with the next step
    settle *done*          the queue knows, the receipt is on disk; when it was the file's last report,
                           reconciling finds the file in ``files/`` with nothing pending and finishes it
    tell the journal       the same
    finish the file        the folder has moved to where it waits for the archive; that is the last step
                           because the folder is what reconciling looks for

The spool comes before the queue: if the queue were told first and Redis then lost its data, or the disk were
full, the report would stand on the spool as undelivered beside nobody who knows better. It would only be sent
again under the same id, but it need not be.

An ordinary report costs three round trips to Redis: lease, settle, record.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from redis.exceptions import RedisError

from wats_broker.errors import IllegalMove
from wats_broker.journal import Journal
from wats_broker.messages import Bury, Done, Later
from wats_broker.metrics import WHOSE, counted, observed
from wats_broker.queue import Lease, UploadQueue
from wats_broker.states import FileState
from wats_worker.archive.errors import ArchiveError
from wats_worker.spool.errors import NotInSpool, SpoolError, SpoolUnusable
from wats_worker.spool.spool import Spool
from wats_worker.store.errors import StoreError
from wats_worker.telemetry import SILENCE, Span, Traces
from wats_worker.upload import verdict
from wats_worker.upload.answer import Answer
from wats_worker.upload.breaker import Blame, Breaker
from wats_worker.upload.client import WatsClient
from wats_worker.upload.schedule import Schedule
from wats_worker.upload.verdict import Kind, Verdict

log = logging.getLogger(__name__)

#: Seconds by which a report that met a server in trouble lets the others go first: each of them is a better
#: probe than the one that may have caused it.
_AFTER_YOU: Final = 0.2
#: The gate alone keeps it longer than this; so it is back at once when a person opens the lane.
_LONG: Final = 60.0
#: Seconds until a report is tried again that the disk did not let us read or note.
_DISK_WAIT: Final = 30.0
#: Seconds until it is looked whether a disk that took nothing takes something again. A look sends nothing.
_DISK_LOOK: Final = 3.0
#: Bytes that the disk has to have left for receipts. Claiming and converting stop long before.
_LEAST_ROOM: Final = 2**20


class Delivery:
    """Delivers lent reports. One per process, shared by its threads.

    Args:
        finish: Called with the id of a file whose every report is delivered: it is to go into the archive.
            False when it could not be done yet; reconciling tries again.
        archived: What the server said to the reports of a file that the spool has no more.
        wake: Sends a drain for each of these permits.
        suspect_after: So many faults of one report, while others pass, and a person has to look at it.
        traces: Who is told of each file's way.
        chance: Evenly spread from 0 up to 1. Only for testing.
    """

    def __init__(
        self,
        *,
        queue: UploadQueue,
        spool: Spool,
        journal: Journal,
        client: WatsClient,
        finish: Callable[[str], object],
        archived: Callable[[str], Sequence[Mapping[str, Any]]],
        wake: Callable[[Sequence[str]], object],
        breaker: Breaker,
        schedule: Schedule,
        suspect_after: int = 8,
        traces: Traces = SILENCE,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._spool = spool
        self._journal = journal
        self._client = client
        self._finish = finish
        self._archived = archived
        self._wake = wake
        self._breaker = breaker
        self._schedule = schedule
        self._suspect_after = suspect_after
        self._traces = traces
        self._chance = chance

    def run(self, lease: Lease) -> Kind:
        """Bring one report, lent just now, as far as it gets today.

        Raises:
            redis.exceptions.RedisError: the broker is away; whatever was not settled is lent again.
        """
        try:
            with self._traces.span(
                "deliver", lease.file_id, report_id=lease.report_id, attempt=lease.attempts + 1
            ) as span:
                kind = self._run(lease, time.monotonic(), span)
                span.add(verdict=kind)
                return kind
        except (SpoolError, ArchiveError, StoreError, OSError) as problem:
            # The disk's trouble, not this report's. If the server has it already it is posted once more.
            reason = f"spool or archive could not be read or written: {problem}"
            log.warning("spool_trouble", extra={**_about(lease), "reason": reason})
            wait = _DISK_WAIT
            if isinstance(problem, SpoolUnusable):
                # No receipt can be written at all: every report would be sent, and sent again.
                wait = _DISK_LOOK
                self._queue.gate(wait, reason)
            return self._give_back(lease, Later(wait, reason, counts=False), "spool")

    def _run(self, lease: Lease, lent_at: float, span: Span) -> Kind:
        try:
            report = self._spool.report(lease.file_id, lease.report_id)
        except NotInSpool:
            return self._without_report(lease)
        self._see_that_a_receipt_can_be_written()
        beat_s = self._queue.limits.term_s / 3
        if time.monotonic() - lent_at > beat_s and not self._queue.renew(lease):
            # A slow disk, or this process was frozen. Somebody else has it and may be sending just now.
            log.warning("lease_lost", extra=_about(lease))
            return Kind.LATER
        with self._traces.span("post", lease.file_id, within=span, report_id=lease.report_id) as posting:
            answer = self._client.post(report, beat=lambda: self._renew(lease), every_s=beat_s)
            posting.add(status=answer.status, fault=answer.fault)
        found = verdict.read(answer)
        match found.kind:
            case Kind.DONE:
                return self._note(lease, found, answer)
            case Kind.BURY:
                self._breaker.passed()  # it turned the report down for good reason: the server is well
                return self._bury(lease, found.reason, found.words)
            case _:
                return self._not_now(lease, found)

    def _see_that_a_receipt_can_be_written(self) -> None:
        room = self._spool.room()
        if not room.writable:
            raise SpoolUnusable(self._spool.root, room.trouble or "the disk is read-only")
        if room.free_bytes < _LEAST_ROOM:
            raise SpoolUnusable(self._spool.root, "the disk is full")

    def _renew(self, lease: Lease) -> None:
        """Keep the lease while the server thinks.

        Sending has begun: breaking it off would not take the report back from the server. So a lease that is
        lost meanwhile changes nothing, and the answer still counts.
        """
        try:
            if not self._queue.renew(lease):
                log.warning("lease_lost", extra=_about(lease))
        except RedisError as error:
            log.warning("lease_not_renewed", extra={**_about(lease), "reason": str(error)})

    def _note(self, lease: Lease, found: Verdict, answer: Answer) -> Kind:
        receipt = {
            "stored_as": found.stored_as,
            "delivered_at": datetime.fromtimestamp(answer.at, UTC).isoformat(timespec="milliseconds"),
            "attempt": lease.attempts + 1,
        }
        self._breaker.passed()
        try:
            pending = self._spool.delivered(lease.file_id, lease.report_id, receipt)
        except FileNotFoundError:
            # With our receipt nothing of the file was pending any more, and whoever noticed first has taken
            # the folder away under our hands. The receipt is there.
            return self._without_report(lease)
        return self._done(lease, found.stored_as, pending, took_s=answer.took_s)

    def _without_report(self, lease: Lease) -> Kind:
        """Its bytes are not there: delivered by somebody who died before he could say so, or lost."""
        receipt: Mapping[str, Any] | None
        try:
            receipt = self._spool.receipt(lease.file_id, lease.report_id)
            pending = len(self._spool.pending(lease.file_id))
        except NotInSpool:
            told = self._archived(lease.file_id)
            receipt = next((one for one in told if one["report_id"] == lease.report_id), None)
            pending = 0
        if receipt is not None:
            return self._done(lease, receipt.get("stored_as"), pending)
        return self._bury(lease, "the spool has neither the report's bytes nor a receipt for it", "")

    def _done(
        self, lease: Lease, stored_as: str | None, pending: int, *, took_s: float | None = None
    ) -> Kind:
        settled = self._queue.settle(lease, Done(stored_as))
        took_ms = round((took_s or 0) * 1000)
        tallies = [counted("reports", WHOSE, "delivered")]
        if took_s is not None:
            tallies.append(observed("answer", seconds=took_s))
        tell = partial(
            self._journal.record,
            lease.file_id,
            "report_delivered",
            report=lease.report_id,
            stored_as=stored_as,
            attempt=lease.attempts + 1,
            took_ms=took_ms,
            tallies=tallies,
        )
        try:
            if pending:
                tell()
            elif tell(state=FileState.DELIVERED):
                self._finish_file(lease)
            else:
                # Two reports of one file were the last at the same moment. The journal has chosen the other.
                tell()
        except IllegalMove:
            # The file is being converted once more. Whoever does that needs its folder; reconciling ends it.
            log.warning("file_not_finished", extra=_about(lease))
        log.info("report_delivered", extra={**_about(lease), "stored_as": stored_as, "took_ms": took_ms})
        if settled.permits:
            self._wake(settled.permits)
        return Kind.DONE

    def _finish_file(self, lease: Lease) -> None:
        if self._traces.on:
            for known in self._journal.records([lease.file_id]):
                began_at, source = (known.seen_at, known.source) if known else (time.time(), "")
                self._traces.whole(lease.file_id, began_at=began_at, source=source)
        try:
            self._finish(lease.file_id)
        except (SpoolError, OSError) as problem:
            # Nothing hangs on it: every report is delivered, and reconciling tries again.
            log.warning("file_not_finished", extra={**_about(lease), "reason": str(problem)})

    def _not_now(self, lease: Lease, found: Verdict) -> Kind:
        """Tell trouble of the server from trouble of the report, and shut the lane or delay the report.

        The lane is shut before the report is given back: else another drain could lend it in between.
        """
        blame = self._breaker.blame(found.about)
        if found.kind is Kind.PAUSE and blame is Blame.SERVER:
            return self._pause(lease, found)
        if blame is not Blame.REPORT:
            return self._gate(lease, found)
        attempts = lease.attempts + 1
        if found.limited and attempts >= self._suspect_after:
            reason = f"suspect: failed {attempts} times while other reports passed, at last: {found.reason}"
            return self._bury(lease, reason, found.words)
        wait = self._schedule.retry(attempts, self._chance())
        if found.wait_s is not None:
            wait = max(wait, self._schedule.asked(found.wait_s))
        return self._give_back(lease, Later(wait, found.reason), found.cause)

    def _pause(self, lease: Lease, found: Verdict) -> Kind:
        if self._queue.pause(found.reason):
            # Only who shuts it says so: one alarm, however many requests were in flight.
            log.error("lane_paused", extra={**_about(lease), "reason": found.reason})
            self._journal.record(lease.file_id, "lane_paused", reason=found.reason)
        return self._give_back(lease, Later(0, found.reason, counts=False), found.cause)

    def _gate(self, lease: Lease, found: Verdict) -> Kind:
        if found.wait_s is not None:
            wait = self._schedule.asked(found.wait_s)
        else:
            wait = self._schedule.probe(self._breaker.lasted_s, self._chance())
        self._queue.gate(wait, found.reason)
        log.warning("lane_gated", extra={**_about(lease), "wait_s": round(wait, 1), "reason": found.reason})
        later = Later(min(wait, _LONG) + _AFTER_YOU, found.reason, counts=False)
        return self._give_back(lease, later, found.cause)

    def _give_back(self, lease: Lease, later: Later, cause: str) -> Kind:
        if not self._queue.settle(lease, later).ours:
            log.warning("lease_lost", extra=_about(lease))
            return Kind.LATER
        self._journal.record(
            lease.file_id,
            "report_later",
            report=lease.report_id,
            reason=later.reason,
            delay_s=round(later.delay_s, 1),
            counts=later.counts,
            tallies=[counted("retries", "upload", cause)],
        )
        return Kind.LATER

    def _bury(self, lease: Lease, reason: str, words: str) -> Kind:
        if not self._queue.settle(lease, Bury(reason, words)).ours:
            log.warning("lease_lost", extra=_about(lease))
            return Kind.LATER
        self._journal.record(
            lease.file_id,
            "report_buried",
            report=lease.report_id,
            reason=reason,
            answer=words,
            tallies=[counted("reports", WHOSE, "buried")],
        )
        try:
            self._journal.record(
                lease.file_id, "file_buried", state=FileState.BURIED, fields={"reason": reason}
            )
        except IllegalMove:
            log.warning("file_not_buried", extra=_about(lease))  # it is being converted once more
        log.warning("report_buried", extra={**_about(lease), "reason": reason})
        return Kind.BURY


def _about(lease: Lease) -> dict[str, str]:
    return {"file_id": lease.file_id, "report_id": lease.report_id}
