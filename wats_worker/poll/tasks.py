"""The poll stage's Celery task: read the message, poll the source, nothing else."""

import logging
from typing import Any

from celery import Celery, Task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from wats_broker.errors import UnreadableMessage
from wats_broker.messages import PollMessage
from wats_broker.names import POLL_TASK
from wats_broker.parking import Parking
from wats_worker.poll.polling import Polling

log = logging.getLogger(__name__)


def install(app: Celery, *, polling: Polling, parking: Parking) -> None:
    """Make the task known to the app."""

    @app.task(name=POLL_TASK, bind=True, typing=False)
    def poll(task: Task, **body: Any) -> None:
        try:
            message = PollMessage.read(body)
        except UnreadableMessage as error:
            log.error("message_parked", extra={"reason": str(error)})
            parking.park(POLL_TASK, task.request.delivery_info["routing_key"], body, str(error))
            return
        try:
            polling.run(message.source, message.due)
        except (RedisError, OperationalError) as error:
            # The hold on the source ends by its term, and then it is ticked again.
            log.warning("poll_left", extra={"source": message.source, "reason": str(error)})
