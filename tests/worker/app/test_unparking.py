"""Parked messages go on when a worker comes that can read them."""

import json

from wats_broker.dispatch import Dispatch, celery_app
from wats_broker.names import CONVERT_TASK, Keys, Stage
from wats_broker.parking import Parking
from wats_worker.app.unparking import Unparking


def test_a_worker_sends_on_what_it_can_read_of_its_own_queues(broker, real_redis):
    """In its own words. What another pool's workers wait for is theirs, and what nobody knows stays."""
    parking = Parking(real_redis, Keys())
    for queue, body in (
        ("convert.v1", {"protocol": "1.4", "file_id": "a" * 32, "urgency": 1}),
        ("convert.heavy.v1", {"protocol": "1.4", "file_id": "b" * 32}),
        ("convert.v1", {"protocol": "9.0", "file_id": "c" * 32}),
    ):
        parking.park(CONVERT_TASK, queue, body, "was not understood")
    parking.park("inspect", "convert.v1", {"protocol": "1.0"}, "was not understood")

    Unparking(parking, Dispatch(celery_app(broker, Stage.CONVERT)), ["convert"]).look()

    raw = [
        json.loads(text)
        for key in real_redis.keys("wats:celery:convert*")
        for text in real_redis.lrange(key, 0, -1)
    ]
    assert [one["headers"]["kwargsrepr"] for one in raw] == [
        repr({"protocol": "1.0", "file_id": "a" * 32}),
    ]
    assert parking.look().count == 3
