"""What a person has switched off."""

import pytest
from support import Clock

from wats_broker.names import Keys
from wats_broker.switches import Kind, Switches


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def switches(redis, clock):
    return Switches(redis, Keys(), clock=clock)


def test_all_is_on_until_somebody_says_otherwise(switches):
    """Then it says who and why, until somebody turns it back."""
    assert switches.off(Kind.SOURCE) == {}

    switches.turn_off(Kind.SOURCE, "ict", who="hall 3", reason="calibration")

    assert str(switches.off(Kind.SOURCE)["ict"]) == "switched off by hall 3: calibration"
    assert switches.turn_on(Kind.SOURCE, "ict")
    assert not switches.turn_on(Kind.SOURCE, "ict")
    assert switches.off(Kind.SOURCE) == {}


def test_a_source_and_a_converter_of_one_name_are_two(switches):
    """Each has its own switch."""
    switches.turn_off(Kind.SOURCE, "spea", who="a", reason="b")

    assert switches.off(Kind.CONVERTER) == {}


def test_whoever_asks_before_each_piece_of_work_hears_of_it_within_a_second(switches, redis, clock):
    """And costs the broker one question a second."""
    other = Switches(redis, Keys())
    assert switches.off_lately(Kind.SOURCE) == {}
    other.turn_off(Kind.SOURCE, "ict", who="a", reason="b")
    assert switches.off_lately(Kind.SOURCE) == {}

    clock.pass_(1)

    assert set(switches.off_lately(Kind.SOURCE)) == {"ict"}
