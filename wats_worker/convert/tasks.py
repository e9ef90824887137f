"""The convert stage's Celery task: read the message, run the pipeline, nothing else."""

import logging
from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from wats_broker.errors import UnreadableMessage
from wats_broker.messages import ConvertMessage
from wats_broker.names import CONVERT_TASK
from wats_broker.parking import Parking
from wats_worker.convert.pipeline import Pipeline

log = logging.getLogger(__name__)


def install(app: Celery, *, pipeline: Callable[[], Pipeline], parking: Callable[[], Parking]) -> None:
    """Make the task known to the app. The parts are opened in the pool's process, at its first task."""

    @app.task(name=CONVERT_TASK, bind=True, typing=False)
    def convert(task: Task, **body: Any) -> None:
        try:
            message = ConvertMessage.read(body)
        except UnreadableMessage as error:
            log.error("message_parked", extra={"reason": str(error)})
            parking().park(CONVERT_TASK, task.request.delivery_info["routing_key"], body, str(error))
            return
        try:
            pipeline().run(message.file_id, attempt_name=task.request.id)
        except (RedisError, OperationalError) as error:
            # The file's hold ends by its term, and reconciling sends it again.
            log.warning("file_left", extra={"file_id": message.file_id, "reason": str(error)})
