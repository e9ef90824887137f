"""The last hour in numbers."""

import pytest

from wats_broker.names import Keys
from wats_broker.trend import EVERY_S, Sample, Trend

NOW = 1_700_000_003.0


@pytest.fixture
def trend(redis):
    return Trend(redis, Keys())


def test_a_moment_has_one_sample(trend, redis):
    """Whichever replica of the door comes first; the others need not even look."""
    assert trend.enter(NOW, lambda at: Sample(at, taken=1))
    assert not trend.enter(NOW + 1, pytest.fail)
    assert Trend(redis, Keys()).enter(NOW + EVERY_S, lambda at: Sample(at, taken=2))

    assert [(one.at, one.taken) for one in trend.read()] == [(1_700_000_000.0, 1), (1_700_000_010.0, 2)]


def test_who_was_slower_is_no_error(trend, redis):
    """Two replicas look at the same time, and one of them enters first."""

    def slow(at):
        trend.enter(NOW, lambda at: Sample(at, taken=1))
        return Sample(at, taken=9)

    assert not Trend(redis, Keys()).enter(NOW, slow)
    assert [one.taken for one in trend.read()] == [1]


def test_only_what_is_new_is_told(trend):
    """To those who know the rest."""
    for step in range(3):
        trend.enter(NOW + step * EVERY_S, Sample)

    assert [one.at for one in trend.read(since=1_700_000_000.0)] == [1_700_000_010.0, 1_700_000_020.0]


def test_an_hour_is_kept(trend, redis):
    """And an idle factory forgets it."""
    for step in range(400):
        trend.enter(NOW + step * EVERY_S, Sample)

    assert len(trend.read()) == 360
    assert 0 < redis.ttl(Keys().trend()) <= 7200
