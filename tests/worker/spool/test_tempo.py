"""A disk that takes for ever is noticed, and so is its recovery."""

import os

import pytest
from support import Clock

from wats_worker.spool.tempo import Tempo


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def disk(monkeypatch, clock):
    """The system's disk, on which time passes as we say."""
    return Disk(monkeypatch, clock)


class Disk:
    def __init__(self, monkeypatch, clock):
        self.seconds = 0.01
        self.tries = 0
        self._clock = clock
        monkeypatch.setattr(os, "fsync", self._fsync)

    def _fsync(self, _descriptor):
        self.tries += 1
        self._clock.pass_(self.seconds)


@pytest.fixture
def tempo(tmp_path, disk, clock):
    return Tempo(tmp_path / "tempo", patience_s=5, clock=clock)


def test_a_disk_at_work_is_asked_now_and_then(tempo, disk, clock):
    """The question costs a write, so not everybody who asks makes one."""
    answers = []
    for _ in range(60):
        answers.append(tempo.too_slow_s())
        clock.pass_(1)

    assert set(answers) == {0}
    assert disk.tries == 6


def test_a_disk_that_takes_too_long_is_told(tempo, disk, clock):
    """With the seconds it took."""
    tempo.too_slow_s()
    disk.seconds = 7.5
    clock.pass_(10)

    assert tempo.too_slow_s() == pytest.approx(7.5)


def test_its_recovery_is_noticed_at_the_next_question(tempo, disk):
    """Nobody waits longer than needed."""
    disk.seconds = 7.5
    assert tempo.too_slow_s()

    disk.seconds = 0.01

    assert tempo.too_slow_s() == 0


def test_a_disk_that_takes_nothing_is_somebody_elses_trouble(tmp_path, clock):
    """It is full, read-only or gone; that is told with other words."""
    assert Tempo(tmp_path / "nowhere" / "tempo", patience_s=5, clock=clock).too_slow_s() == 0
