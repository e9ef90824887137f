"""The sliding window, by a clock that stands in a test's hand."""

import pytest

from wats_worker.simulator.answers import Refusal
from wats_worker.simulator.rules import RateWindow


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_client_that_waits_as_told_is_let_in():
    """Retry-After is neither too short nor a window too long, and refused requests cost nothing."""
    clock = Clock()
    window = RateWindow(clock=clock)
    for second in (0, 10, 20):
        clock.now = 1000 + second
        window.take("token", rate=3, window_s=60)
    waits = []
    for second in (30, 45, 59.5):
        clock.now = 1000 + second
        with pytest.raises(Refusal) as refused:
            window.take("token", rate=3, window_s=60)
        waits.append(refused.value.headers["Retry-After"])

    assert waits == ["30", "15", "1"]
    clock.now = 1060
    window.take("token", rate=3, window_s=60)
    with pytest.raises(Refusal) as refused:
        window.take("token", rate=3, window_s=60)
    assert refused.value.headers["Retry-After"] == "10"


def test_a_lower_rate_holds_at_once():
    """What was taken under the old rate counts under the new one."""
    window = RateWindow(clock=Clock())
    for _ in range(5):
        window.take("token", rate=5, window_s=60)
    with pytest.raises(Refusal):
        window.take("token", rate=2, window_s=60)


def test_no_rate_counts_nothing():
    """Zero is no limit, and leaves nothing to remember."""
    window = RateWindow(clock=Clock())
    for _ in range(1000):
        window.take("token", rate=0, window_s=60)
    window.take("token", rate=1, window_s=60)
