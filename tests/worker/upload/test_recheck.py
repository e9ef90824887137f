"""A paused lane opens by itself when what shut it is mended, and never against a person's will."""

from itertools import pairwise

import pytest

from wats_worker.upload.recheck import Recheck

REFUSED = "authentication: the server refuses the token (401)"


@pytest.fixture
def recheck(line):
    return Recheck(queue=line.queue, client=line.client, clock=line.clock)


def paused(line):
    return line.queue.census().paused


def test_a_token_that_is_good_again_opens_the_lane(line, loopback, recheck):
    """A person mended it on the server; one report goes ahead alone, then the others."""
    line.put(reports=3)
    line.queue.pause(REFUSED)
    loopback.script = lambda *_: loopback.reply(200, '"2025.3.9.824"')

    recheck.look()

    assert paused(line) is None
    line.lend()
    assert line.queue.lease("p").reason == "width"


@pytest.mark.parametrize(("status", "body"), [(401, ""), (200, "<html>login</html>"), (503, ""), (302, "")])
def test_while_nothing_is_mended_the_lane_stays_shut(line, loopback, recheck, status, body):
    """Anything but the version is no proof."""
    line.queue.pause(REFUSED)
    loopback.script = lambda *_: loopback.reply(status, body)

    recheck.look()

    assert paused(line) == REFUSED


@pytest.mark.parametrize("reason", ["maintenance until noon", "permission: the token lacks the right (403)"])
def test_what_a_ping_can_not_prove_is_for_a_person(line, loopback, recheck, reason):
    """The server is not even asked."""
    line.queue.pause(reason)

    recheck.look()

    assert paused(line) == reason
    assert loopback.requests == []


def test_the_server_is_asked_once_a_minute(line, loopback, recheck):
    """However often the chore runs; and not at all while the lane is open."""
    for _ in range(120):
        recheck.look()
        line.clock.pass_(1)
    asked_while_open = len(loopback.requests)
    line.queue.pause(REFUSED)
    loopback.script = lambda *_: loopback.reply(401)
    for _ in range(300):
        recheck.look()
        line.clock.pass_(1)

    assert asked_while_open == 0
    assert len(loopback.requests) == 5


def test_a_lane_that_is_shut_again_and_again_is_opened_ever_more_seldom(line, loopback, recheck):
    """The ping is well and the reports are not: one alarm a minute would be the same as none."""
    loopback.script = lambda *_: loopback.reply(200, '"2025.3.9.824"')
    openings = []
    for second in range(0, 4 * 3600, 20):
        line.queue.pause(REFUSED)
        recheck.look()
        if not paused(line):
            openings.append(second)
        line.clock.pass_(20)

    gaps = [later - earlier for earlier, later in pairwise(openings)]
    assert gaps == [60, 120, 240, 480, 960, 1920, 3600, 3600]
