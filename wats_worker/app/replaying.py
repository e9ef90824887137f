"""The duty that works on replay jobs: some files at a time, below whatever comes in.

    which files? ──► written down, once
                         │
                     next file ──► compare in the jail ──► different, and to be sent? ──► out of the archive,
                         ▲                                                                behind everything
                         └──── write down how far we are ◄───────────────────────────────────────┘

Whoever is killed has at most one file to do again, and that is boring: it is compared once more, and one that
is on its way already is left alone.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from wats_broker.states import FileState
from wats_worker.app.comparing import Comparer
from wats_worker.app.duties import Duty
from wats_worker.app.line import Line
from wats_worker.archive.errors import Damaged
from wats_worker.archive.record import KeptFile
from wats_worker.catalogue.entry import Page
from wats_worker.catalogue.errors import CatalogueError
from wats_worker.control import replaying
from wats_worker.control.desk import Desk
from wats_worker.control.models.jobs import FileChange, Job, JobState, JobWanted, Mode, Verdict
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.spool.errors import NotInSpool
from wats_worker.store.errors import StoreError

log = logging.getLogger(__name__)

#: Files that wait for their conversion, or are in it, above which live traffic goes first.
_BUSY_FILES: Final = 20
#: The same for the part of the upload queue that is taken.
_BUSY_QUEUE: Final = 0.5
#: Seconds of its allowance that a job may use at once after a pause.
_BURST_S: Final = 5.0
#: Files that the catalogue is asked for at once.
_PAGE: Final = 5000
#: What ends by itself: the job says what it waits for, and goes on.
_WEATHER: Final = (JailUnavailable, CatalogueError, StoreError, replaying.Full)


class _Interrupted(Exception):
    """Somebody else goes on, or nobody."""


def replays(line: Line, desk: Desk) -> Duty:
    """Work on the jobs."""
    return Duty("replays", 0.0, Replayer(line, desk, Comparer(line)).work)


class Replayer:
    """Works on the oldest job that is not over.

    Args:
        line: Whose archive and configuration count.
        desk: How files are sent again.
        comparer: Compares one file.
        clock: Source of the steady time. Only for testing.
    """

    def __init__(
        self,
        line: Line,
        desk: Desk,
        comparer: Comparer,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = line
        self._desk = desk
        self._jobs = desk.jobs
        self._clock = clock
        self._comparer = comparer
        self._paid_until: dict[str, float] = {}

    def work(self, go_on: Callable[[], bool]) -> None:
        """Do as many files as are due."""
        open_jobs = [job for job in reversed(self._jobs.all()) if not job.is_over]
        if open_jobs:
            self._some_of(open_jobs[0], go_on)
            return
        self._comparer.close()
        self._paid_until.clear()

    def _some_of(self, job: Job, go_on: Callable[[], bool]) -> None:
        try:
            if job.state is JobState.WAITING:
                job = self._begun(job, go_on)
            for file_id in self._jobs.chosen(job.id, after=job.done):
                if not go_on() or self._is_cancelled(job):
                    return
                if reason := self._not_now(job):
                    self._wait(job, reason)
                    return
                job = self._do(job, file_id)
                self._jobs.save(job)
        except _Interrupted:
            return
        except _WEATHER as reason:
            self._wait(job, str(reason))
            return
        self._jobs.save(job.model_copy(update={"state": JobState.DONE, "waits_for": ""}))
        log.info("replay_done", extra={"job": job.id, "files": job.done})

    def _begun(self, job: Job, go_on: Callable[[], bool]) -> Job:
        """Write down which files it is about, so that what comes in later changes nothing about that."""
        total = self._jobs.choose(job.id, self._found(job, go_on))
        job = job.model_copy(update={"state": JobState.RUNNING, "total": total, "waits_for": ""})
        self._jobs.save(job)
        log.info("replay_begun", extra={"job": job.id, "who": job.who, "files": total})
        return job

    def _found(self, job: Job, go_on: Callable[[], bool]) -> Iterator[str]:
        """The files that are wanted: as they were named, or as the catalogue tells them, the latest first."""
        wanted, after = job.wanted, ""
        yield from wanted.file_ids
        while wanted.said():
            if not go_on() or self._is_cancelled(job):
                raise _Interrupted
            page = self._page(wanted, after)
            yield from (entry.file_id for entry in page.entries)
            if not page.next:
                return
            after = page.next

    def _page(self, wanted: JobWanted, after: str) -> Page:
        known, archived = self._line.catalogue, wanted.wanted(archived=True)
        if wanted.text:
            return known.look_for(wanted.text, archived, count=_PAGE, after=after)
        return known.find(archived, count=_PAGE, after=after)

    def _do(self, job: Job, file_id: str) -> Job:
        """Do the next file; what came of it is counted, and noted unless it is the same."""
        change = self._change(job, file_id)
        if change.verdict is not Verdict.SAME:
            self._jobs.note(job.id, change)
        counts = {**job.counts, change.verdict: job.counts.get(change.verdict, 0) + 1}
        return job.model_copy(update={"done": job.done + 1, "counts": counts, "waits_for": ""})

    def _change(self, job: Job, file_id: str) -> FileChange:
        record = self._record(file_id)
        if record is None:
            why = "the archive does not have it, or it is damaged there"
            return FileChange(file_id=file_id, name="", verdict=Verdict.SKIPPED, why=why)
        if job.wanted.mode is Mode.SEND:
            return self._sent(
                job, record, FileChange(file_id=file_id, name=record.card.name, verdict=Verdict.SKIPPED)
            )
        change = self._comparer.compare(record, job.wanted)
        if change.verdict is Verdict.DIFFERENT and job.wanted.mode is Mode.COMPARE_AND_SEND:
            return self._sent(job, record, change)
        return change

    def _sent(self, job: Job, record: KeptFile, change: FileChange) -> FileChange:
        """Send it again; its reports keep their ids, so the server replaces what it has."""
        by = self._comparer.rule(record, job.wanted)
        if isinstance(by, str):
            return change.model_copy(update={"why": f"not sent: {by}"})
        recorded = job.wanted.version == "recorded"
        why_not = replaying.from_archive(
            self._desk,
            record,
            converter=by.converter if recorded else job.wanted.converter or record.card.converter,
            options=dict(by.options) if recorded else None,
            who=job.who,
            reason=job.wanted.reason,
        )
        if why_not and not self._was_sent(job, record):
            return change.model_copy(update={"why": f"not sent: {why_not}"})
        return change.model_copy(update={"verdict": Verdict.SENT})

    def _was_sent(self, job: Job, record: KeptFile) -> bool:
        """Whether this job has sent it: who worked on it was killed before he wrote that down."""
        try:
            replayed_at = self._line.spool.meta(record.file_id).replayed_at
        except NotInSpool:
            return False
        return bool(replayed_at) and datetime.fromisoformat(replayed_at).timestamp() >= job.created_at

    def _record(self, file_id: str) -> KeptFile | None:
        try:
            return self._line.archive.record(file_id)
        except Damaged:
            return None

    def _not_now(self, job: Job) -> str:
        """Why the next file has to wait; empty if it need not."""
        if reason := self._busy():
            return reason
        now, each = self._clock(), 60.0 / job.wanted.per_minute
        paid = max(self._paid_until.get(job.id, 0.0), now - _BURST_S)
        if paid > now:
            return f"{job.wanted.per_minute} files a minute are allowed"
        self._paid_until[job.id] = paid + each
        return ""

    def _busy(self) -> str:
        """What comes in goes first."""
        states = self._desk.journal.states()
        waiting = states[FileState.SEEN] + states[FileState.CONVERTING]
        if waiting > _BUSY_FILES:
            return f"{waiting} files wait for their conversion"
        census = self._desk.queue.census()
        if census.max_size and census.depth > census.max_size * _BUSY_QUEUE:
            return "the upload queue is more than half full"
        return ""

    def _is_cancelled(self, job: Job) -> bool:
        found = self._jobs.find(job.id)
        return found is None or found.state is JobState.CANCELLED

    def _wait(self, job: Job, reason: str) -> None:
        self._jobs.save(job.model_copy(update={"waits_for": reason}))
