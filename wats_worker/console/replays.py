"""Replays of archived files, as they are said. Pure."""

from collections.abc import Mapping
from typing import Final

from wats_worker.console.words import Mood, clock, number
from wats_worker.control.models.jobs import Job, JobState, JobWanted, Verdict

_STATES: Final[Mapping[JobState, Mood]] = {
    JobState.WAITING: "warn",
    JobState.RUNNING: "busy",
    JobState.DONE: "good",
    JobState.CANCELLED: "idle",
}
_VERDICTS: Final[Mapping[Verdict, Mood]] = {
    Verdict.SAME: "good",
    Verdict.DIFFERENT: "warn",
    Verdict.SENT: "busy",
    Verdict.FAILED: "bad",
    Verdict.SKIPPED: "idle",
}


def standing(job: Job) -> Mood:
    """The colour of a job's state."""
    return _STATES[job.state]


def judged(verdict: Verdict) -> Mood:
    """The colour of what came of a file."""
    return _VERDICTS[verdict]


def what(wanted: JobWanted) -> str:
    """Which files a replay is about.

    >>> what(JobWanted(source="ict", serial="SN-7", reason="x"))
    'source ict, serial number SN-7'
    >>> what(JobWanted(file_ids=["0123456789abcdef" * 2], reason="x"))
    '1 file'
    """
    count = len(wanted.file_ids)
    told = [
        f"{number(count)} file{'' if count == 1 else 's'}" if count else "",
        f"source {wanted.source}" if wanted.source else "",
        f"serial number {wanted.serial}" if wanted.serial else "",
        f"from {clock(wanted.since)}" if wanted.since is not None else "",
        f"until {clock(wanted.until)}" if wanted.until is not None else "",
    ]
    return ", ".join(filter(None, told))


def aim(wanted: JobWanted) -> str:
    """What is done with a difference.

    >>> aim(JobWanted(source="ict", mode="send", reason="x"))
    'compare and send'
    """
    return "compare and send" if wanted.mode == "send" else "compare"


def tally(job: Job) -> str:
    """What a job has found, the same files last."""
    order = [verdict for verdict in Verdict if verdict is not Verdict.SAME] + [Verdict.SAME]
    found = ", ".join(f"{number(job.counts[one])} {one}" for one in order if job.counts.get(one))
    return found or ("nothing to compare" if job.is_over else "nothing yet")
