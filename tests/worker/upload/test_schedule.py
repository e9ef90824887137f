"""When a report, and when a server, is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from wats_worker.upload.schedule import Schedule

chances = st.floats(0, 1, exclude_max=True)


@given(attempts=st.integers(-1, 10_000), chance=chances)
def test_a_retry_is_spread_by_a_fifth_to_either_side(attempts, chance):
    """However many reports failed together, they don't come back together."""
    middle = Schedule().retry(attempts, 0.5)

    wait = Schedule().retry(attempts, chance)

    assert 0.8 * middle <= wait <= 1.2 * middle
    assert wait > 0


def test_retries_become_hourly_and_stay_so():
    """5 s, 30 s, 2 min, 10 min, 30 min, then every hour, for ever."""
    waits = [Schedule().retry(n, 0.5) for n in range(1, 9)]

    assert waits == [5, 30, 120, 600, 1800, 3600, 3600, 3600]


@given(outage=st.floats(0, 1e6), chance=chances)
def test_an_outage_ends_for_us_at_most_a_third_later_than_for_the_server(outage, chance):
    """And never more than seventy-two seconds later, however long it was."""
    schedule, asked = Schedule(), 0.0

    while asked < outage and schedule.probe(asked, chance) < 48:
        asked += schedule.probe(asked, chance)

    if asked >= outage:
        assert asked - outage <= max(1.2, 0.3 * outage)
    else:
        assert schedule.probe(outage, chance) <= 72


def test_an_outage_of_an_hour_costs_the_server_few_questions():
    """Quick to notice, and yet no hail."""
    schedule, asked, questions = Schedule(), 0.0, 0

    while asked < 3600:
        asked += schedule.probe(asked, 0.5)
        questions += 1

    assert questions < 85
