"""The last hour in numbers, as the door tells it, and what else the console asks for."""

import pytest

from wats_broker.access import Scope
from wats_broker.journal import LastFile
from wats_broker.messages import FileSeen
from wats_worker.control.client import Client
from wats_worker.control.trend import Observer
from wats_worker.settings import Source


@pytest.fixture
def settings(settings, tmp_path):
    sources = (
        Source(name="ict", folder=tmp_path / "in", silent_s=60),
        Source(name="fct", folder=tmp_path / "in2", silent_s=60),
    )
    return settings.model_copy(update={"sources": sources})


def test_what_was_observed_is_told(desk, client):
    """Each moment once, with what came in until then and what waits."""
    desk.journal.seen(FileSeen("a" * 32, "ict", "board.csv", 9))
    observer = Observer(desk)
    observer.look()

    (sample,) = client.trend().samples
    assert (sample.taken, sample.converting, sample.delivered) == (1, 1, 0)
    assert client.trend(since=sample.at).samples == []


def test_a_source_is_silent_after_its_own_time(desk, client, monkeypatch):
    """One that never had a file is not silent yet, and one that is paused is so on purpose."""
    desk.journal.seen(FileSeen("a" * 32, "ict", "board.csv", 9))
    assert [one.silent for one in client.sources().sources] == [False, False]

    last = LastFile(desk.journal.time() - 61, "board.csv")
    monkeypatch.setattr(type(desk.journal), "last_files", lambda _: {"ict": last})
    assert [one.silent for one in client.sources().sources] == [True, False]

    client.pause_source("ict", reason="calibration")
    assert [one.silent for one in client.sources().sources] == [False, False]


def test_a_token_can_ask_what_it_may(desk, place):
    """Without being able to ask about any other."""
    token, text = desk.access.create("hall 3", Scope.OPERATE)

    with Client(place.address, text_of(text)) as client:
        told = client.mine().token

    assert (told.id, told.name, told.scope) == (token.id, "hall 3", Scope.OPERATE)
    assert text not in told.__repr__()


def text_of(text):
    from pydantic import SecretStr

    return SecretStr(text)
