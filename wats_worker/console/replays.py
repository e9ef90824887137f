"""Replays of archived files, as they are said. Pure."""

from collections.abc import Mapping
from typing import Final

from wats_worker.console.words import Mood, clock, number
from wats_worker.control.models.finding import Search
from wats_worker.control.models.jobs import Job, JobState, JobWanted, Mode, Verdict

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
#: How each word of a search is said.
_WORDS: Final[Mapping[str, str]] = {
    "find": "“{}”",
    "serial": "serial number {}",
    "part": "part number {}",
    "name": "file name {}",
    "sha256": "checksum {}",
    "report": "report {}",
    "station": "station {}",
    "source": "source {}",
    "state": "state {}",
    "since": "from {}",
    "until": "until {}",
}
_AIMS: Final[Mapping[Mode, str]] = {
    Mode.COMPARE: "compare",
    Mode.COMPARE_AND_SEND: "compare and send what differs",
    Mode.SEND: "send",
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
    'serial number SN-7, source ict'
    >>> what(JobWanted(file_ids=["0123456789abcdef" * 2], reason="x"))
    '1 file'
    """
    count = len(wanted.file_ids)
    if count:
        return f"{number(count)} file{'' if count == 1 else 's'}"
    return said(wanted)


def said(search: Search) -> str:
    """What a search says, in words.

    >>> said(Search(find="PCB", state="delivered"))
    '“PCB”, state delivered'
    """
    told = search.said()
    for name in {"since", "until"} & told.keys():
        told[name] = clock(told[name])
    return ", ".join(_WORDS[name].format(value) for name, value in told.items())


def aim(wanted: JobWanted) -> str:
    """What is done with the files, and by whom.

    >>> aim(JobWanted(source="ict", mode="compare-and-send", reason="x"))
    'compare and send what differs'
    >>> aim(JobWanted(source="ict", version="recorded", reason="x"))
    'compare, by the version of then'
    """
    by = f", by {wanted.converter}" if wanted.converter else ""
    return _AIMS[wanted.mode] + (", by the version of then" if wanted.version == "recorded" else by)


def tally(job: Job) -> str:
    """What a job has found, the same files last."""
    order = [verdict for verdict in Verdict if verdict is not Verdict.SAME] + [Verdict.SAME]
    found = ", ".join(f"{number(job.counts[one])} {one}" for one in order if job.counts.get(one))
    return found or ("no archived file fits" if job.is_over else "nothing yet")
