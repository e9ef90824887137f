"""What the broker remembers survives its server, in words that any server understands."""

import pytest
from redis import Redis

from wats_broker import memory
from wats_broker.access import Access, Scope
from wats_broker.journal import FileSeen, Journal
from wats_broker.messages import Bury, Offer
from wats_broker.names import Keys
from wats_broker.polls import Polls
from wats_broker.queue import UploadQueue
from wats_broker.states import FileState, ReportState
from wats_broker.switches import Kind, Switches

KEYS = Keys("plant7")


def live(redis: Redis) -> str:
    """A factory in which a little of everything has happened; the text of a token."""
    journal, queue = Journal(redis, KEYS), UploadQueue(redis, KEYS)
    for file_id in ("kept", "late"):
        journal.seen(FileSeen(file_id, "in", f"{file_id}.log", 1, "convert", 5))
    journal.trouble("in", "bad.log", "may not be read")
    queue.offer("kept", [Offer("buried"), Offer("under way")])
    queue.settle(queue.lease("permit"), Bury("rejected", "no such process"))
    queue.reserve("late")
    queue.pause("by an operator")
    Switches(redis, KEYS).turn_off(Kind.SOURCE, "in", who="me", reason="lunch")
    Polls(redis, KEYS).tick("mes", next_at=1.0)
    redis.set("{plant8:v1}:queue:sequence", "7")
    redis.lpush("plant7:celery:convert.v1", "a message")
    return Access(redis, KEYS).create("a tool", Scope.READ)[1]


@pytest.fixture
def reborn(redis):
    """The factory after its server lost everything, and the token's text of before."""
    text = live(redis)
    told = list(memory.write(redis, KEYS))
    memory.clear(redis, KEYS)
    assert memory.is_empty(redis, KEYS)
    memory.read(redis, KEYS, told, is_here={"kept"}.__contains__)
    return redis, text


def test_people_find_what_they_left(reborn):
    """Tokens let in, switches are off, the lane is paused and for the same reason, a report is buried."""
    redis, text = reborn
    queue = UploadQueue(redis, KEYS)

    assert Access(redis, KEYS).who(text).name == "a tool"
    assert Switches(redis, KEYS).off(Kind.SOURCE)["in"].reason == "lunch"
    assert queue.census().paused == "by an operator"
    assert [(one.report_id, one.answer) for one in queue.buried()] == [("buried", "no such process")]
    assert [one.name for one in Journal(redis, KEYS).troubles("in")] == ["bad.log"]


def test_what_was_under_way_is_left_to_the_spool(reborn):
    """Nothing is ready, lent or reserved, and no message waits: reconciling makes all of it anew."""
    redis, _ = reborn
    census = UploadQueue(redis, KEYS).census()

    assert (census.ready, census.leased, census.reserved, census.held) == (0, 0, 0, 0)
    assert UploadQueue(redis, KEYS).where(["under way", "buried"]) == [None, ReportState.BURIED]
    assert not redis.exists("plant7:celery:convert.v1")


def test_a_file_that_is_not_here_has_no_story(reborn):
    """It came after the spool was copied, and its record would say for ever that it is on its way."""
    redis, _ = reborn
    journal = Journal(redis, KEYS)

    assert journal.file("kept").name == "kept.log"
    assert journal.file("late") is None
    assert journal.states()[FileState.SEEN] == 1


def test_a_neighbour_is_left_alone(reborn):
    """Another factory on the same server is neither read nor cleared."""
    redis, _ = reborn

    assert redis.get("{plant8:v1}:queue:sequence") == "7"


def test_what_ends_still_ends(redis):
    """At the moment it would have ended, not so much later."""
    Polls(redis, KEYS).tick("mes", next_at=1.0)
    told = list(memory.write(redis, KEYS))
    before = redis.pttl(KEYS.poll("mes"))
    redis.flushall()

    memory.read(redis, KEYS, told, is_here=bool)

    assert 0 < redis.pttl(KEYS.poll("mes")) <= before


def test_much_of_it_goes_in_portions(redis):
    """No line is so long that a server would be busy with it for a noticeable time."""
    redis.zadd(KEYS.queue("delivered"), {f"report {n}": n for n in range(3000)})
    told = list(memory.write(redis, KEYS))
    redis.flushall()

    memory.read(redis, KEYS, told, is_here=bool)

    assert len(told) >= 6
    assert redis.zcard(KEYS.queue("delivered")) == 3000
