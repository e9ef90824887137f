"""Whose fault a fault is."""

import pytest

from wats_worker.upload.breaker import Blame, Breaker
from wats_worker.upload.verdict import About


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(clock=clock)


def test_one_doubtful_fault_among_reports_that_pass_is_the_reports_own(breaker):
    """A report the server chokes on must not hold up the others."""
    breaker.passed()

    assert breaker.blame(About.EITHER) is Blame.REPORT


def test_doubtful_faults_in_a_row_are_the_servers(breaker):
    """Three reports don't fail one after the other by chance."""
    breaker.passed()

    blames = [breaker.blame(About.EITHER) for _ in range(4)]

    assert blames == [Blame.REPORT, Blame.REPORT, Blame.SERVER, Blame.SERVER]


def test_a_report_that_passes_between_them_starts_the_row_anew(breaker):
    """Two bad reports among good ones never add up to a bad server."""
    for _ in range(10):
        breaker.passed()
        blames = [breaker.blame(About.EITHER) for _ in range(2)]

        assert blames == [Blame.REPORT] * 2


def test_a_plain_fault_of_the_server_needs_no_second(breaker):
    """A refused connection says nothing about a report, and what follows it is judged in its light."""
    breaker.passed()

    assert breaker.blame(About.LANE) is Blame.SERVER
    assert breaker.blame(About.EITHER) is Blame.PERHAPS_SERVER


def test_who_has_seen_nothing_pass_blames_the_server(breaker):
    """A worker that starts in the middle of an outage must not count it against the reports."""
    blames = [breaker.blame(About.EITHER) for _ in range(3)]

    assert blames == [Blame.PERHAPS_SERVER, Blame.PERHAPS_SERVER, Blame.SERVER]


def test_trouble_is_as_old_as_its_first_fault(breaker, clock):
    """And over with the first report that passes."""
    breaker.blame(About.LANE)
    clock.now += 10
    breaker.blame(About.LANE)
    clock.now += 5
    age = breaker.lasted_s
    breaker.passed()

    assert (age, breaker.lasted_s) == (15, 0)


def test_a_fault_long_after_the_last_one_is_a_new_trouble(breaker, clock):
    """The lane may have recovered by the hand of another process, unseen by this one."""
    breaker.blame(About.LANE)
    clock.now += 3600
    breaker.blame(About.LANE)

    assert breaker.lasted_s == 0
