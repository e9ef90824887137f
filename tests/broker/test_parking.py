"""Messages of another release: kept, told of for a day, and sent on by whoever can read them."""

import pytest

from wats_broker import parking as lot
from wats_broker.names import CONVERT_TASK, Keys
from wats_broker.parking import Parking

FILE = {"protocol": "3.0", "file_id": "a" * 32}


@pytest.fixture
def parking(redis):
    return Parking(redis, Keys())


def park(parking, **body):
    parking.park(CONVERT_TASK, "convert.v1", {**FILE, **body}, "protocol 3.0 is spoken there")


def test_it_is_kept_as_it_was(parking):
    """With what it asked for and why it could not be read."""
    park(parking, urgency=[1])

    (one,) = parking.parked()

    assert (one.task, one.queue, dict(one.body)) == ("convert", "convert.v1", {**FILE, "urgency": [1]})
    assert one.reason == "protocol 3.0 is spoken there"


def test_it_is_news_for_a_day(parking, monkeypatch):
    """Then everybody has been told; it stays where it is."""
    assert (parking.look().count, parking.look().news) == (0, False)
    park(parking)
    assert (parking.look().count, parking.look().news) == (1, True)

    monkeypatch.setattr(lot, "_NEWS_S", 0.0)

    assert (parking.look().count, parking.look().news) == (1, False)


def test_a_storm_of_them_does_not_fill_the_broker(parking, monkeypatch):
    """Their files are on the spool all the same."""
    monkeypatch.setattr(lot, "_MOST", 3)
    for n in range(5):
        park(parking, n=n)

    assert [one.body["n"] for one in parking.parked()] == [4, 3, 2]


def test_the_next_release_finds_what_this_one_parked(redis, monkeypatch):
    """Its own keys have another name; the oldest message goes first, and what it can't read either stays."""
    park(Parking(redis, Keys()), n=1)
    park(Parking(redis, Keys()), n=2)
    park(Parking(redis, Keys()), n=3)
    monkeypatch.setattr(lot, "MAJOR", 3)
    newer = Parking(redis, Keys())
    offered = []

    def send(parked):
        offered.append(parked.body["n"])
        return parked.body["n"] != 2

    sent = newer.release(send)

    assert (sent, offered) == (2, [1, 2, 3])
    assert [one.body["n"] for one in newer.parked()] == [2]
    assert newer.look().count == 1
