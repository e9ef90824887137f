"""Replays of many files, as they are asked for and looked at through the door."""

import pytest

from wats_broker.access import Scope
from wats_worker.control.client import Denied
from wats_worker.control.models.finding import Search
from wats_worker.control.models.jobs import FileChange, JobState, JobWanted, ReportChange, Verdict

CHANGE = ReportChange(
    report_id="5b1c0f7e-8d0e-4a39-9d1c-0e3f5a3f7a11", change="changed", fields=['rev: "A" → "B"']
)


def wanted(**how):
    return JobWanted(**{"source": "ict", "reason": "the limits were wrong"} | how)


def changed(n):
    return FileChange(
        file_id=f"{n:032x}", name=f"{n}.log", verdict=Verdict.DIFFERENT, converter="ict 2", reports=[CHANGE]
    )


def test_a_job_waits_for_who_works_on_it(client):
    """With the name of who wanted it; what is asked next tells how far it is."""
    job = client.create_replay_job(wanted())

    assert (job.state, job.done, job.wanted.reason) == (JobState.WAITING, 0, "the limits were wrong")
    assert job.who.startswith("local (")
    assert client.replay_job(job.id) == job
    assert client.replay_jobs().jobs == [job]


def test_what_it_found_is_told_page_by_page(client, desk):
    """Each file once, though a killed worker wrote one twice and tore a line."""
    job = client.create_replay_job(wanted())
    for n in (1, 2, 2, 3):
        desk.jobs.note(job.id, changed(n))
    folder = desk.settings.replay_folder() / job.id
    with (folder / "differences.jsonl").open("ab") as file:
        file.write(b'{"file_id":"tor')
    desk.jobs.note(job.id, changed(4))

    first = client.replay_differences(job.id, count=2)
    second = client.replay_differences(job.id, after=first.next)

    assert [file.name for file in first.files + second.files] == ["1.log", "2.log", "3.log", "4.log"]
    assert first.files[0].reports == [CHANGE]
    assert client.replay_differences(job.id, after=second.next).next == 0


def test_a_job_is_cancelled_once(client):
    """After that it is over."""
    job = client.create_replay_job(wanted())

    assert client.cancel_replay_job(job.id).state is JobState.CANCELLED
    with pytest.raises(Denied, match="over already"):
        client.cancel_replay_job(job.id)


def test_who_cancels_and_who_works_do_not_overwrite_each_other(client, desk):
    """The worker writes how far it is, a moment after."""
    job = client.create_replay_job(wanted())
    client.cancel_replay_job(job.id)

    desk.jobs.save(job.model_copy(update={"state": JobState.RUNNING, "done": 5, "total": 9}))

    assert client.replay_job(job.id).state is JobState.CANCELLED


@pytest.mark.parametrize(
    "how",
    [
        {"source": None},
        {"file_ids": ["0" * 32]},
        {"version": "recorded", "converter": "better"},
        {"colour": "green"},
    ],
)
def test_what_makes_no_sense_is_refused(how):
    """Before anything is entered."""
    with pytest.raises(ValueError, match=r"say which files|say one of the two|not permitted"):
        wanted(**how)


def test_files_are_chosen_by_the_words_that_find_them(client):
    """Every one of them, and none is left out on the way."""
    words = {
        "find": "PCB", "serial": "SN", "part": "PN", "name": "board", "sha256": "a" * 64, "report": "r",
        "station": "ICT", "source": "ict", "state": "delivered", "since": 1.0, "until": 2.0,
    }  # fmt: skip
    assert words.keys() == Search.model_fields.keys()

    job = client.create_replay_job(wanted(**words))

    assert client.replay_job(job.id).wanted.said() == words


def test_a_converter_that_nobody_has(client):
    """It would fail at every file."""
    with pytest.raises(Denied, match="no converter 'nobody'"):
        client.create_replay_job(wanted(converter="nobody"))


def test_a_job_that_nobody_knows(client):
    """With where to look."""
    with pytest.raises(Denied, match="no replay job"):
        client.replay_job("0" * 16)


def test_not_everybody_may(client, place):
    """Looking is not acting."""
    from pydantic import SecretStr

    from wats_worker.control.client import Client

    token = client.create_token("viewer", Scope.READ).text
    with Client(place.address, SecretStr(token)) as viewer, pytest.raises(Denied, match="operate is needed"):
        viewer.create_replay_job(wanted())


def test_old_jobs_are_forgotten(desk):
    """The hundred newest that are over stay."""
    first = desk.jobs.create(wanted(), "local")
    desk.jobs.cancel(first.id)
    for _ in range(101):
        desk.jobs.cancel(desk.jobs.create(wanted(), "local").id)

    desk.jobs.create(wanted(), "local")

    assert desk.jobs.find(first.id) is None
