"""The heartbeat of one process."""

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from support import wait_until

from wats_broker.fleet import Fleet
from wats_broker.names import Keys, Stage
from wats_worker.pulse import HEARTBEAT, Pulse, worker_name


@pytest.fixture
def fleet(fake_redis):
    return Fleet(fake_redis, Keys())


def test_a_process_that_beats_is_in_the_fleet_until_it_leaves(fleet):
    """What it does is told with it, and leaving needs no expiry."""
    pulse = Pulse(fleet, Stage.WATCH, work=lambda: "ict: 3 waiting")
    pulse.start()
    wait_until(fleet.alive, what="the first beat")
    (worker,) = fleet.alive()
    assert (worker.name, worker.stage, worker.work) == (worker_name(Stage.WATCH), "watch", "ict: 3 waiting")

    pulse.stop()

    assert fleet.alive() == []


def test_a_heartbeat_leaves_a_sign_for_the_container(fleet, tmp_path, monkeypatch):
    """An empty file, with each beat that the broker heard."""
    sign = tmp_path / "heartbeat"
    monkeypatch.setenv(HEARTBEAT, str(sign))
    pulse = Pulse(fleet, Stage.WATCH)
    pulse.start()
    wait_until(sign.exists, what="the sign of the first beat", timeout=60)
    pulse.stop()

    assert sign.read_bytes() == b""


def test_a_place_that_takes_no_sign_keeps_nobody_from_beating(fleet, tmp_path, monkeypatch, caplog):
    """Whoever looks for the sign finds none; the line goes on."""
    caplog.set_level("DEBUG")
    monkeypatch.setenv(HEARTBEAT, str(tmp_path / "away/heartbeat"))
    pulse = Pulse(fleet, Stage.WATCH)
    pulse.start()
    wait_until(lambda: "heartbeat_unwritten" in caplog.messages, what="the first beat", timeout=60)

    assert [worker.stage for worker in fleet.alive()] == ["watch"]
    pulse.stop()


def test_a_chore_that_fails_for_want_of_the_broker_is_tried_again(fleet, caplog):
    """The pulse goes on, and says once that the broker is away and once that it is back."""
    calls = []

    def chore():
        calls.append("call")
        if len(calls) < 3:
            raise RedisConnectionError("refused")

    caplog.set_level("INFO")
    pulse = Pulse(fleet, Stage.UPLOAD, chores=[chore])
    pulse.start()
    wait_until(lambda: len(calls) >= 3 and "broker_back" in caplog.messages, what="the third call")
    pulse.stop()

    assert caplog.messages.count("broker_away") == 1
    assert caplog.messages.count("broker_back") == 1


def test_a_worker_that_never_became_ready_leaves_without_a_heartbeat(redis):
    """Told to stop while it still waited for the broker: that is no crash."""
    fleet = Fleet(redis, Keys())

    Pulse(fleet, Stage.CONVERT).stop()

    assert fleet.alive() == []
