"""``/replays/jobs``: many archived files once more, compared or sent, at their own pace."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from wats_worker.control import problems, replaying
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.jobs import FileChanges, Job, JobId, Jobs, JobWanted

Id = Annotated[JobId, Path(description="A job's id.")]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/replays/jobs", tags=["replay jobs"])

    @rooms.post("", status_code=201)
    def create(wanted: JobWanted, who: Operates) -> Job:
        """Have archived files converted again, behind everything that comes in.

        They are compared to what was sent. With mode "compare-and-send" those that are different are sent as
        well, with mode "send" all are, and nothing is compared. Their reports keep their ids, so the server
        replaces what it has. Which files fit is looked up once, when the job begins.
        """
        replaying.knows(desk, wanted.converter)
        job = desk.jobs.create(wanted, who.name)
        desk.did("replay_wanted", who.name, job.id, reason=wanted.reason, mode=wanted.mode)
        return job

    @rooms.get("")
    def jobs(_: Reads) -> Jobs:
        """List the jobs, the newest first."""
        return Jobs(jobs=desk.jobs.all())

    @rooms.get("/{job_id}")
    def job(job_id: Id, _: Reads) -> Job:
        """Tell how far a job is."""
        return _found(desk, job_id)

    @rooms.get("/{job_id}/differences")
    def differences(
        job_id: Id,
        _: Reads,
        after: Annotated[int, Query(ge=0, le=1 << 50, description="Where the page before ended.")] = 0,
        count: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> FileChanges:
        """Tell which files would not give the reports that they gave, field by field."""
        return desk.jobs.changes(_found(desk, job_id).id, after=after, count=count)

    @rooms.post("/{job_id}/cancel")
    def cancel(job_id: Id, who: Operates) -> Job:
        """Want no more of a job. What was sent stays sent."""
        if _found(desk, job_id).is_over:
            raise problems.conflict(f"job {job_id} is over already")
        desk.jobs.cancel(job_id)
        desk.did("replay_cancelled", who.name, job_id)
        return _found(desk, job_id)

    return rooms


def _found(desk: Desk, job_id: str) -> Job:
    job = desk.jobs.find(job_id)
    if job is None:
        raise problems.not_found(
            f"there is no replay job {job_id}", fix="GET /api/v2/replays/jobs lists them"
        )
    return job
