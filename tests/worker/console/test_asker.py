"""One session's way to the door: asked once for all, and what is shown while it does not answer."""

import asyncio
import threading

import pytest
from support import Clock

from wats_broker.errors import VersionMismatchError
from wats_worker.console.asker import Asker, Sky
from wats_worker.control.client import Client, ControlError, Denied, NoDoor


class Door:
    """What a question finds, and how often it was asked."""

    def __init__(self):
        self.asked, self.says = 0, []

    def __call__(self, _):
        self.asked += 1
        said = self.says.pop(0) if self.says else self.asked
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asker(clock):
    held = Asker(Client("http://127.0.0.1:1", None), clock=clock)
    yield held
    held.close()


def look(asker, door, fresh_s=3.0):
    return asyncio.run(asker.look("status", door, fresh_s=fresh_s))


def test_many_widgets_are_one_question(asker, door):
    """Those that ask at the same time wait for the same answer."""
    both = threading.Event()

    def slow(client):
        both.wait(10)
        return door(client)

    async def crowd():
        looks = [asyncio.create_task(asker.look("status", slow, fresh_s=3)) for _ in range(20)]
        await asyncio.sleep(0)
        both.set()
        return await asyncio.gather(*looks)

    assert asyncio.run(crowd()) == [1] * 20
    assert door.asked == 1


def test_an_answer_is_good_enough_for_a_while(asker, door, clock):
    """Then it is asked again."""
    assert [look(asker, door), look(asker, door)] == [1, 1]

    clock.pass_(3)
    assert look(asker, door) == 2


def test_while_the_door_is_away_the_last_answer_stays(asker, door, clock):
    """It is not asked all the time then, and is back by itself."""
    look(asker, door)
    clock.pass_(3)
    door.says = [NoDoor("nobody")]

    assert look(asker, door) == 1
    assert asker.weather.sky is Sky.AWAY
    look(asker, door)
    assert door.asked == 2

    clock.pass_(2)
    assert look(asker, door) == 3
    assert asker.weather.sky is Sky.CLEAR


@pytest.mark.parametrize(
    ("problem", "sky"),
    [
        (Denied(401, "unauthenticated", "x", "", ""), Sky.STRANGE),
        (Denied(429, "too_many_requests", "x", "", ""), Sky.BUSY),
        (Denied(503, "broker_away", "x", "", ""), Sky.AWAY),
        (VersionMismatchError("9.0", "2.0"), Sky.OTHER),
        (ControlError("x"), Sky.OTHER),
    ],
)
def test_what_it_says_is_weather(asker, door, problem, sky):
    """No widget has to know what to do about it."""
    door.says = [problem]

    assert look(asker, door) is None
    assert asker.weather.sky is sky


def test_a_token_that_is_unknown_is_shown_nothing(asker, door, clock):
    """Not even what it was told before; until the door knows it again."""
    look(asker, door)
    clock.pass_(3)
    door.says = [Denied(401, "unauthenticated", "x", "", "")]

    assert look(asker, door) is None
    clock.pass_(10)
    assert look(asker, door) == 3
    assert asker.weather.sky is Sky.CLEAR


def test_a_question_that_is_refused_is_told_to_who_asked(asker, door):
    """There is no such file, say: that is nothing about the door."""
    door.says = [Denied(404, "not_found", "no file", "", "")]

    with pytest.raises(Denied, match="no file"):
        look(asker, door)
    assert asker.weather.sky is Sky.CLEAR


def test_after_a_deed_everything_is_asked_anew(asker, door):
    """It may be different now."""
    look(asker, door)

    assert asyncio.run(asker.act(lambda _: "done")) == "done"
    assert look(asker, door) == 2


def test_who_is_logged_out_learns_nothing_more(asker, door):
    """Nor does a tab that is still open."""
    look(asker, door)
    asker.close()

    assert look(asker, door) is None
    assert (door.asked, asker.weather.sky) == (1, Sky.OVER)
    with pytest.raises(ControlError, match="logged out"):
        asyncio.run(asker.act(door))


def test_what_was_asked_long_ago_is_forgotten(asker):
    """A search for every serial number of a year fills no memory."""

    async def searches():
        for number in range(500):
            await asker.look(f"files {number}", lambda _: "x", fresh_s=3)

    asyncio.run(searches())

    assert len(asker._kept) <= 100
