"""The Celery app, without task bodies: queues, routes, delivery rules, and who sends what.

Celery is the hand, not the memory. A convert message says "look at this file", a drain message says "look at
the upload queue"; lost or doubled they cost time, never data. What each rule below guards against is
measured and told in ``docs/explanation/celery-on-redis.md``.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from celery import Celery
from kombu import Exchange, Queue
from kombu.exceptions import BatchPublishError, OperationalError

from wats_broker.connection import celery_url
from wats_broker.errors import UnreadableMessage
from wats_broker.messages import (
    LATEST,
    ORDINARY,
    PROTOCOL,
    ConvertMessage,
    DrainMessage,
    PollMessage,
)
from wats_broker.names import CONVERT_TASK, DRAIN_TASK, POLL_TASK, Stage, celery_queue, pool_of
from wats_broker.parking import Parked
from wats_broker.settings import BrokerSettings

#: Time between looks for messages whose worker died. The default adds up to 100 s.
_RESTORE_EVERY_S: Final = 5
#: Characters of a file's name that are shown to people.
_LONGEST_NAME: Final = 100
#: Their messages only say that there may be something to do; each is worth nothing once somebody has looked.
_WAKE_UPS: Final = frozenset({Stage.UPLOAD, Stage.POLL})


def celery_app(
    settings: BrokerSettings, stage: Stage, *, pools: Sequence[str] = (), task_limit_s: float = 600.0
) -> Celery:
    """The Celery app of one stage.

    Args:
        settings: Where the broker is, and how patient to be with it.
        stage: What the process does. Upload and poll workers take their messages without emulated
            acknowledgement: a lost wake-up is repaired soon, and they survive a full Redis.
        pools: What a worker eats from; nobody else needs to name them.
        task_limit_s: After so many seconds Celery kills the pool process of a conversion. It must be
            longer than the jail's own wall clock, which is what normally ends a conversion.
    """
    url, transport = celery_url(settings)
    app = Celery(settings.namespace, broker=url, set_as_current=False)
    app.conf.update(
        # JSON only; ids in, nothing out.
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # One message at a time, acknowledged when the work is done.
        worker_prefetch_multiplier=1,
        task_acks_late=stage not in _WAKE_UPS,
        task_reject_on_worker_lost=stage not in _WAKE_UPS,
        # Binding lists live in Redis and a flush would take them: the default exchange needs none.
        task_default_exchange="",
        task_default_exchange_type="direct",
        task_create_missing_queues=False,
        task_queues=[_queue(pool) for pool in pools or [stage]],
        task_default_queue=celery_queue(Stage.CONVERT),
        # Workers come back by themselves, for ever; what they can't repair the supervisor does.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_acquire_timeout=10,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_transport_options={
            **transport,
            "global_keyprefix": f"{settings.namespace}:celery:",
            "client_name": f"wats-{stage}",
            "visibility_timeout": max(settings.visibility_timeout_s, 2 * task_limit_s),
            "unacked_restore_interval": _RESTORE_EVERY_S,
            "unacked_restore_throttle": 1,
            "ack_emulation": stage not in _WAKE_UPS,
            "queue_order_strategy": "priority",
            "priority_steps": list(range(LATEST + 1)),
        },
        task_time_limit=task_limit_s if stage is Stage.CONVERT else None,
        # Logs are ours; events are what Flower shows.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        task_send_sent_event=False,
        event_queue_ttl=60,
    )
    return app


#: What is sent: ids of files, permits, names of sources.
_Sent = ConvertMessage | DrainMessage | PollMessage
_KINDS: Final[Mapping[str, type[_Sent]]] = MappingProxyType(
    {CONVERT_TASK: ConvertMessage, DRAIN_TASK: DrainMessage, POLL_TASK: PollMessage}
)


def _queue(pool: str) -> Queue:
    return Queue(celery_queue(pool), Exchange(""), routing_key=celery_queue(pool))


class Dispatch:
    """Sends messages. Losing one costs time; the sweepers send it again."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def convert(
        self, files: Sequence[tuple[str, str, int]], *, names: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Ask for conversions.

        Args:
            files: File id, pool and priority (0 soonest … 9) of each.
            names: What files are called, by id, where that is at hand. Only people who look at tasks in
                Flower are shown it; whoever converts knows the id, and nothing else counts.

        Raises:
            kombu.exceptions.OperationalError: the broker is away. Nothing is lost: reconciling sends them.
        """
        self._send(
            (CONVERT_TASK, pool, priority, ConvertMessage(file_id=file_id), names.get(file_id, ""))
            for file_id, pool, priority in files
        )

    def drain(self, permits: Sequence[str]) -> None:
        """Wake one drain per permit. That the broker is away is weather: permits end, and are given anew."""
        if not permits:
            return  # in a busy hour the usual case, and asking the pool for a connection is not free
        with suppress(OperationalError):
            self._send((DRAIN_TASK, Stage.UPLOAD, 0, DrainMessage(permit=permit), "") for permit in permits)

    def poll(self, source: str, due: int) -> None:
        """Ask for a poll of a scheduled source.

        Args:
            source: Its name.
            due: The tick's time, as ``Polls.tick`` gave it.

        Raises:
            kombu.exceptions.OperationalError: the broker is away. The tick is found lost after a while.
        """
        self._send([(POLL_TASK, Stage.POLL, 0, PollMessage(source=source, due=due), source)])

    def again(self, parked: Parked) -> bool:
        """Send a parked message once more, in this release's words; False if it can't be read here either.

        Raises:
            kombu.exceptions.OperationalError: the broker is away.
        """
        try:
            message = _KINDS[parked.task].read(parked.body).model_copy(update={"protocol": PROTOCOL})
        except (KeyError, UnreadableMessage):
            return False
        self._send([(parked.task, pool_of(parked.queue), ORDINARY, message, "")])
        return True

    def backlog(self, pool: str) -> int:
        """How many messages wait in a pool's queue; those a worker holds are not among them."""
        with self._app.connection_for_write() as connection, connection.channel() as channel:
            # Declaring makes nothing in Redis, and counts. Passively it would overlook our key prefix.
            return int(_queue(pool).bind(channel).queue_declare().message_count)

    def _send(self, messages: Iterable[tuple[str, str, int, _Sent, str]]) -> None:
        try:
            with self._app.producer_pool.acquire(block=True, timeout=10) as producer, producer.batch():
                for task, pool, priority, message, name in messages:
                    self._app.send_task(
                        task,
                        kwargs=message.model_dump(),
                        # For the eyes of people only: it is no argument of the task.
                        argsrepr=_shown(name),
                        producer=producer,
                        queue=_queue(pool),
                        priority=priority,
                        retry=True,
                        retry_policy=_RETRY,
                    )
        except BatchPublishError as error:
            # To us it is the same: some of them, or none, have gone out, and the sweepers know what to do.
            raise OperationalError(str(error)) from error


def _shown(name: str) -> str:
    """A name as Flower shows it: without its folders, which are nobody's business, and not too long.

    >>> _shown("line 3/unit 7.log")
    'unit 7.log'
    """
    return name.rpartition("/")[2][:_LONGEST_NAME]


#: Enough for a broker that restarts; a longer outage is the sweepers' business.
_RETRY: Final[dict[str, Any]] = {
    "max_retries": 3,
    "interval_start": 0.1,
    "interval_step": 0.3,
    "interval_max": 1,
}
