"""The upload stage's Celery task: read the permit, drain for a while, nothing else."""

import logging
from threading import Event
from typing import Any, Final

from celery import Celery, Task
from redis.exceptions import RedisError

from wats_broker.errors import UnreadableMessage
from wats_broker.messages import DrainMessage
from wats_broker.names import DRAIN_TASK
from wats_broker.parking import Parking
from wats_worker.upload.drain import Drain

log = logging.getLogger(__name__)

#: Long enough that messages cost nothing beside uploads, short enough that Flower and a stop see progress.
_BUDGET_S: Final = 5.0


def install(app: Celery, *, drain: Drain, parking: Parking, over: Event) -> None:
    """Make the task known to the app.

    Args:
        app: The upload stage's app.
        drain: What a message starts.
        parking: Where a message goes that nobody can read.
        over: Set when the worker goes home; a drain ends after the report in hand.
    """

    @app.task(name=DRAIN_TASK, bind=True, typing=False)
    def drain_lane(task: Task, **body: Any) -> None:
        try:
            message = DrainMessage.read(body)
        except UnreadableMessage as error:
            log.error("message_parked", extra={"reason": str(error)})
            parking.park(DRAIN_TASK, task.request.delivery_info["routing_key"], body, str(error))
            return
        try:
            did = drain.run(message.permit, stop=over, budget_s=_BUDGET_S)
        except RedisError as error:
            # What was lent is lent again after its term; the permit ends by its own.
            log.warning("drain_ended", extra={"reason": str(error)})
            return
        log.debug(
            "drain_ended",
            extra={"delivered": did.delivered, "later": did.later, "buried": did.buried, "reason": did.ended},
        )
