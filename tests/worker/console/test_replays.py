"""How a replay of archived files is told."""

import pytest

from wats_worker.console.replays import aim, judged, standing, tally, what
from wats_worker.control.models.jobs import Job, JobState, JobWanted, Verdict


def job(state=JobState.DONE, wanted=None, **told):
    wanted = JobWanted(**(wanted or {"source": "ict"}), reason="a new release")
    return Job(id="0" * 16, who="hall 3", created_at=0, state=state, wanted=wanted, **told)


def test_what_a_replay_has_found_stands_before_what_is_the_same():
    """And nothing is counted that is not there."""
    counts = {Verdict.SAME: 1234, Verdict.FAILED: 1, Verdict.DIFFERENT: 2, Verdict.SKIPPED: 0}

    assert tally(job(counts=counts)) == "2 different, 1 failed, 1\N{NO-BREAK SPACE}234 same"


@pytest.mark.parametrize(
    ("state", "text"), [(JobState.RUNNING, "nothing yet"), (JobState.DONE, "no archived file fits")]
)
def test_a_replay_that_found_nothing_says_whether_it_is_over(state, text):
    """Nothing yet is not nothing."""
    assert tally(job(state)) == text


def test_a_replay_says_which_files_and_what_for():
    """By what was asked, one after another."""
    two = job(wanted={"file_ids": ["a" * 32, "b" * 32], "mode": "compare-and-send"}).wanted

    assert (what(two), aim(two)) == ("2 files", "compare and send what differs")
    assert what(job(wanted={"since": 0.0, "until": 60.0}).wanted).startswith("from ")


def test_every_state_and_every_verdict_has_a_colour():
    """A new one has to get one as well."""
    assert {standing(job(state)) for state in JobState} == {"warn", "busy", "good", "idle"}
    assert {judged(one) for one in Verdict} == {"good", "warn", "busy", "bad", "idle"}
