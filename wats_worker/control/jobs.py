"""Replay jobs on disk: what is wanted, how far each one is, what it has found.

    replays/<id>/files               the ids of its files, written once when it begins
    replays/<id>/job.json            replaced after each file: whoever goes on after a kill goes on there
    replays/<id>/cancelled           somebody wants no more of it
    replays/<id>/differences.jsonl   a line for each file that is not the same

A file of its own says that a job is cancelled, so that who cancels and who works never overwrite each other.
"""

import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from wats_broker.files import append_line, create_once, private_folder, write_atomically
from wats_worker.control.models.jobs import FileChange, FileChanges, Job, JobState, JobWanted

#: Jobs that are over and kept; the oldest go.
_KEPT: Final = 100
#: Bytes of a line in the list of files: an id and its end.
_LINE: Final = 33


class Jobs:
    """The jobs of one line.

    Args:
        folder: Where they lie; all control stages of a line have the same.
        clock: Source of the time. Only for testing.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def create(self, wanted: JobWanted, who: str) -> Job:
        """Enter a job. Somebody will begin it."""
        private_folder(self._folder)
        job = Job(
            id=secrets.token_hex(8), who=who, created_at=self._clock(), state=JobState.WAITING, wanted=wanted
        )
        private_folder(self._folder / job.id)
        self.save(job)
        for old in [one for one in self.all() if one.is_over][_KEPT:]:
            shutil.rmtree(self._folder / old.id, ignore_errors=True)
        return job

    def all(self) -> list[Job]:
        """Every job, the newest first."""
        found = [self.find(path.parent.name) for path in self._folder.glob("*/job.json")]
        return sorted((job for job in found if job), key=lambda job: (-job.created_at, job.id))

    def find(self, job_id: str) -> Job | None:
        """One of them, if there is such a one."""
        home = self._folder / job_id
        try:
            job = Job.model_validate_json((home / "job.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        if not job.is_over and (home / "cancelled").exists():
            return job.model_copy(update={"state": JobState.CANCELLED, "waits_for": ""})
        return job

    def save(self, job: Job) -> None:
        """Write down how far a job is. A power cut may take its last files back; they are done again."""
        write_atomically(
            self._folder / job.id / "job.json",
            job.model_dump_json().encode(),
            durable=job.state is not JobState.RUNNING,
        )

    def choose(self, job_id: str, file_ids: Iterable[str]) -> int:
        """Write down which files a job is about, whatever comes in later; how many they are."""
        lines = b"".join(f"{file_id}\n".encode() for file_id in dict.fromkeys(file_ids))
        write_atomically(self._folder / job_id / "files", lines)
        return len(lines) // _LINE

    def chosen(self, job_id: str, *, after: int) -> Iterator[str]:
        """The files of a job, but for the first so many."""
        with (self._folder / job_id / "files").open("rb") as lines:
            lines.seek(after * _LINE)
            for line in lines:
                yield line.decode().rstrip()

    def cancel(self, job_id: str) -> None:
        """Want no more of it. What was sent stays sent."""
        create_once(self._folder / job_id / "cancelled", b"")

    def note(self, job_id: str, change: FileChange) -> None:
        """Keep what came of a file."""
        append_line(self._folder / job_id / "differences.jsonl", change.model_dump_json().encode())

    def changes(self, job_id: str, *, after: int, count: int) -> FileChanges:
        """What came of the files that are not the same; a page of it.

        Args:
            job_id: The job.
            after: Bytes of the list that were read before.
            count: At most so many.
        """
        found: dict[str, FileChange] = {}
        try:
            with (self._folder / job_id / "differences.jsonl").open("rb") as lines:
                lines.seek(after)
                while (line := lines.readline()).endswith(b"\n"):
                    change = _read(line)
                    # A file that was done again after a kill stands there twice, one line after the other.
                    if change and len(found) == count and change.file_id not in found:
                        break
                    after = lines.tell()
                    if change:
                        found[change.file_id] = change
        except FileNotFoundError:
            pass  # nothing was found yet
        return FileChanges(files=list(found.values()), next=after if found else 0)


def _read(line: bytes) -> FileChange | None:
    try:
        return FileChange.model_validate_json(line)
    except ValidationError:
        return None  # half a line that a crash left; its file was done again
