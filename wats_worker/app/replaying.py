"""The duty that works on replay jobs: some files at a time, below whatever comes in.

    next file ──► compare in the jail ──► different, and to be sent? ──► out of the archive, behind everything
        ▲                                                                           │
        └──── write down how far we are ◄───────────────────────────────────────────┘

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
from wats_worker.catalogue.finding import Wanted
from wats_worker.control import replaying
from wats_worker.control.desk import Desk
from wats_worker.control.models.jobs import FileChange, Job, JobState, Verdict
from wats_worker.sandbox.errors import JailUnavailable

log = logging.getLogger(__name__)

#: Files that wait for their conversion, or are in it, above which live traffic goes first.
_BUSY_FILES: Final = 20
#: The same for the part of the upload queue that is taken.
_BUSY_QUEUE: Final = 0.5
#: Files of units with one serial number.
_OF_ONE_SERIAL: Final = 1000
#: Seconds of its allowance that a job may use at once after a pause.
_BURST_S: Final = 5.0
#: Records that are looked at between two notes of how far we are.
_LOOKED: Final = 1000


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
        if not open_jobs:
            self._comparer.close()
            self._paid_until.clear()
            return
        job = open_jobs[0]
        try:
            self._some_of(job, go_on)
        except JailUnavailable as unavailable:
            self._wait(job, str(unavailable))

    def _some_of(self, job: Job, go_on: Callable[[], bool]) -> None:
        if job.state is JobState.WAITING:
            job = job.model_copy(update={"state": JobState.RUNNING})
            log.info("replay_begun", extra={"job": job.id, "who": job.who})
        for looked, (file_id, share) in enumerate(self._ids(job), start=1):
            if not go_on() or self._is_cancelled(job):
                return
            record = self._record(file_id)
            if record is None or _fits(record, job):
                if reason := self._not_now(job):
                    self._wait(job, reason)
                    return
                try:
                    job = self._do(job, file_id, record)
                except replaying.Full:
                    self._wait(job, "the upload queue is full")
                    return
            job = job.model_copy(update={"after": file_id, "progress": share, "waits_for": ""})
            if record is None or _fits(record, job) or not looked % _LOOKED:
                self._jobs.save(job)
        self._jobs.save(job.model_copy(update={"state": JobState.DONE, "progress": 1.0, "waits_for": ""}))
        log.info("replay_done", extra={"job": job.id, "files": job.done})

    def _do(self, job: Job, file_id: str, record: KeptFile | None) -> Job:
        change = self._compared(job, file_id, record)
        if change.verdict is Verdict.DIFFERENT and job.wanted.mode == "send":
            change = self._sent(job, change)
        if change.verdict is not Verdict.SAME:
            self._jobs.note(job.id, change)
        counts = {**job.counts, change.verdict: job.counts.get(change.verdict, 0) + 1}
        return job.model_copy(update={"done": job.done + 1, "counts": counts})

    def _compared(self, job: Job, file_id: str, record: KeptFile | None) -> FileChange:
        if record is None:
            why = "the archive does not have it, or it is damaged there"
            return FileChange(file_id=file_id, name="", verdict=Verdict.SKIPPED, why=why)
        return self._comparer.compare(record, job.wanted)

    def _sent(self, job: Job, change: FileChange) -> FileChange:
        """Send it again; its reports keep their ids, so the server replaces what it has."""
        why_not = replaying.from_archive(
            self._desk,
            change.file_id,
            converter=job.wanted.converter or "",
            who=job.who,
            reason=job.wanted.reason,
        )
        if why_not:
            return change.model_copy(update={"why": f"not sent: {why_not}"})
        return change.model_copy(update={"verdict": Verdict.SENT})

    def _ids(self, job: Job) -> Iterator[tuple[str, float]]:
        """The files that may be wanted, in order of their ids, and how far each one is on the way."""
        wanted = job.wanted
        if not wanted.file_ids and wanted.serial is None:
            # Ids are hashes: they lie evenly between the first and the last.
            for file_id in self._line.archive.file_ids(after=job.after):
                yield file_id, int(file_id[:8], 16) / 2**32
            return
        ids = set(wanted.file_ids)
        if wanted.serial is not None:
            known = self._line.catalogue.find(
                Wanted(serial=wanted.serial, archived=True), count=_OF_ONE_SERIAL
            )
            ids |= {entry.file_id for entry in known.entries}
        ordered = sorted(ids)
        for number, file_id in enumerate(ordered, start=1):
            if file_id > job.after:
                yield file_id, number / len(ordered)

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


def _fits(record: KeptFile, job: Job) -> bool:
    wanted, card = job.wanted, record.card
    taken_in = datetime.fromisoformat(card.claimed_at).timestamp()
    return (
        wanted.source in {None, card.source}
        and taken_in >= (wanted.since or 0.0)
        and (wanted.until is None or taken_in <= wanted.until)
    )
