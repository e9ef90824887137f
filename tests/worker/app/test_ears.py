"""Deaf, or nothing to do? The answer ends a process, so it must not be given lightly."""

import pytest
from kombu.exceptions import OperationalError
from support import Clock

from wats_worker.app.ears import Ears


class Worker:
    """A worker's queue and hands."""

    def __init__(self):
        self.clock = Clock()
        self.waiting = 1
        self.busy = False
        self.ears = Ears(waiting=self.look, busy=lambda: self.busy, patience_s=20, clock=self.clock)

    def look(self):
        if self.waiting is None:
            raise OperationalError("the broker is away")
        return self.waiting

    def deaf_after(self, seconds):
        """Look every two seconds for so long; whether it was found deaf at any time."""
        found = [self.ears.deaf()]
        for _ in range(0, seconds, 2):
            self.clock.pass_(2)
            found.append(self.ears.deaf())
        return any(found)


@pytest.fixture
def worker():
    return Worker()


def test_messages_wait_and_none_comes(worker):
    """It has nothing to do, and takes nothing: it must be deaf."""
    assert not worker.deaf_after(18)
    assert worker.deaf_after(4)


def test_an_empty_queue_is_no_sign(worker):
    """There is nothing to hear."""
    worker.waiting = 0

    assert not worker.deaf_after(100)


def test_a_busy_worker_need_not_take_more(worker):
    """A conversion may take minutes, and its process takes one message at a time."""
    worker.busy = True

    assert not worker.deaf_after(100)


def test_who_gets_a_message_now_and_then_is_not_deaf(worker):
    """Others may be quicker, so that some always wait."""
    for _ in range(10):
        assert not worker.deaf_after(15)
        worker.ears.heard()


def test_a_broker_that_is_away_makes_nobody_deaf(worker):
    """Nobody can hear anything then; the time of silence begins anew."""
    worker.deaf_after(10)
    worker.waiting = None
    for _ in range(15):
        worker.clock.pass_(2)
        with pytest.raises(OperationalError):
            worker.ears.deaf()
    worker.waiting = 1

    assert not worker.deaf_after(15)


def test_a_process_that_was_frozen_hears_first(worker):
    """SIGSTOP, or a machine that slept: the messages have waited for an hour, but not for its ears."""
    worker.deaf_after(10)

    worker.clock.pass_(3600)

    assert not worker.ears.deaf()
    assert not worker.deaf_after(10)
