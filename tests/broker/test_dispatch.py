"""Messages on a real server: how many wait, in which order they come, what is in them."""

import base64
import json
from contextlib import suppress

import pytest
from kombu.exceptions import OperationalError
from support import wait_until

from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.names import Stage
from wats_broker.settings import BrokerSettings


@pytest.fixture
def dispatch(broker, real_redis):
    return Dispatch(celery_app(broker, Stage.WATCH))


def test_the_backlog_counts_what_waits_in_one_pool(dispatch):
    """Over all priorities, and nobody else's messages."""
    assert dispatch.backlog("convert") == 0

    dispatch.convert([(f"{n:032}", "convert", n % 10) for n in range(25)])
    dispatch.convert([("f" * 32, "convert.heavy", 5)])
    dispatch.drain(["p1"])

    assert dispatch.backlog("convert") == 25
    assert dispatch.backlog("convert.heavy") == 1


def test_a_message_carries_an_id_and_the_protocol_and_nothing_else(dispatch, real_redis):
    """No path and no code: a worker looks for everything else itself, where nobody could have changed it."""
    dispatch.convert([("a" * 32, "convert", 0)])

    (raw,) = real_redis.lrange("wats:celery:convert.v1", 0, -1)
    message = json.loads(raw)
    assert message["content-type"] == "application/json"
    assert message["headers"]["kwargsrepr"] == repr({"protocol": "1.0", "file_id": "a" * 32})


def test_a_name_is_for_people_and_not_for_the_worker(dispatch, real_redis):
    """Flower shows it beside the task; it is no argument, and has no folders."""
    dispatch.convert([("a" * 32, "convert", 0)], names={"a" * 32: "line 3/unit 7.log"})

    (raw,) = real_redis.lrange("wats:celery:convert.v1", 0, -1)
    message = json.loads(raw)
    arguments, named, _ = json.loads(base64.b64decode(message["body"]))
    assert message["headers"]["argsrepr"] == "unit 7.log"
    assert (arguments, named.keys()) == ([], {"protocol", "file_id"})


def test_what_a_dead_worker_held_is_handed_out_again(broker, real_redis):
    """After the visibility time-out somebody else gets the message, and nothing of it is left behind."""
    impatient = broker.model_copy(update={"visibility_timeout_s": 1})
    app = celery_app(impatient, Stage.CONVERT, task_limit_s=0.1)
    (queue,) = app.conf.task_queues
    Dispatch(app).convert([("a" * 32, "convert", 5)])
    got = []
    # The dead one's connection stays open: closed in order, it would give the message back.
    with app.connection_for_read() as dead, app.connection_for_read() as alive:
        assert queue(dead.channel()).get()
        assert real_redis.hlen("wats:celery:unacked") == 1

        with app.amqp.TaskConsumer(alive, queues=[queue]) as consumer:
            consumer.on_message = got.append
            wait_until(lambda: drained(alive, got), what="the message to be handed out again")
        (message,) = got
        message.ack()

    assert message.payload[1]["file_id"] == "a" * 32
    assert real_redis.keys("*") == []


def drained(connection, got):
    """Whether there is a message, after a second at most."""
    with suppress(TimeoutError):
        connection.drain_events(timeout=1)
    return got


def test_a_poll_is_asked_for_by_the_name_of_its_source(dispatch, real_redis):
    """What is asked, and with which password, stays in the configuration."""
    dispatch.poll("mes", 1_700_000_000_000)

    (raw,) = real_redis.lrange("wats:celery:poll.v1", 0, -1)
    asked = {"protocol": "1.0", "source": "mes", "due": 1_700_000_000_000}
    assert json.loads(raw)["headers"]["kwargsrepr"] == repr(asked)


def test_a_broker_that_is_away_is_weather_for_a_wake_up_and_an_error_for_a_file(tmp_path):
    """A permit ends by itself; a file's sender has to know, because reconciling must do its work."""
    away = Dispatch(
        celery_app(BrokerSettings(url=f"unix://{tmp_path}/nobody.sock", connect_timeout_s=0.2), Stage.WATCH)
    )

    away.drain(["p1"])
    with pytest.raises(OperationalError):
        away.convert([("a" * 32, "convert", 5)])


def test_a_broker_that_is_full_is_weather_too(dispatch, real_redis):
    """It takes no message and says so in words of its own."""
    real_redis.config_set("maxmemory", 1)
    try:
        dispatch.drain(["p1"])
        with pytest.raises(OperationalError):
            dispatch.convert([("a" * 32, "convert", 5)])
    finally:
        real_redis.config_set("maxmemory", 0)
