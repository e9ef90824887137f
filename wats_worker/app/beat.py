"""Celery beat for the scheduled sources: its schedules and its heart, our memory and our messages.

Celery's own schedulers remember in a file when they last ticked. Ours asks Redis, where whoever ticks writes
it down: so a clock that is started anew, on this host or on another, goes on where the last one stopped. A
tick that was missed meanwhile is made up for, once.
"""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler, Service
from celery.schedules import crontab, schedule
from celery.utils.time import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from wats_broker.names import POLL_TASK
from wats_worker.poll.ticks import Ticks
from wats_worker.settings import ScheduledSource

log = logging.getLogger(__name__)

#: No sleep is longer; this is how soon a stop, or a source that wants to be polled again, is noticed.
_LOOK_S: Final = 1.0
#: A wall clock that goes so much faster or slower than the steady one was set.
_SET_S: Final = 2.0


def run_beat(app: Celery, sources: Iterable[ScheduledSource], ticks: Ticks, stop: threading.Event) -> None:
    """Tick until told to stop."""
    scheduler = partial(_Scheduler, sources=list(sources), ticks=ticks, stop=stop)
    try:
        Service(app, scheduler_cls=scheduler, max_interval=_LOOK_S, remote_control=False).start()
    finally:
        ticks.let_go()


class _Scheduler(Scheduler):  # type: ignore[misc]  # Celery is not typed
    """Celery's scheduler of one process.

    Args:
        sources: What is scheduled.
        ticks: What a tick means.
        stop: Set when the process is to end.
    """

    #: Celery would connect to send by itself; ``Ticks`` does that.
    producer = None

    def __init__(
        self,
        *given: Any,
        sources: list[ScheduledSource],
        ticks: Ticks,
        stop: threading.Event,
        **named: Any,
    ) -> None:
        self._sources = sources
        self._ticks = ticks
        self._stop = stop
        self._wound = False  # whether the schedule is made from what Redis remembers
        self._away = False
        self._shift = _clock_shift()
        super().__init__(*given, **named)

    def setup_schedule(self) -> None:
        """Nothing yet: the schedule is wound up when the clock is ours."""

    def tick(self, *_: Any, **__: Any) -> float:
        """Do what is due; the seconds until it is worth looking again."""
        if self._stop.is_set():
            raise SystemExit
        try:
            return self._tick()
        except (RedisError, OperationalError) as error:
            self._broker_is_away(error)
            return _LOOK_S

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:  # noqa: ARG002
        """One source's time has come."""
        next_s = entry.schedule.remaining_estimate(entry.default_now()).total_seconds()
        try:
            self._ticks.tick(entry.name, next_s=next_s)
        except (RedisError, OperationalError) as error:
            # Nobody has written it down, so it is made up for when the schedule is wound up anew.
            self._broker_is_away(error)

    def _tick(self) -> float:
        if not self._ticks.are_ours():
            self._wound = False
            return _LOOK_S
        if abs(_clock_shift() - self._shift) > _SET_S:
            log.warning("clock_was_set")
            self._wound = False
        if not self._wound:
            self._wind_up()
        self._ticks.repair()
        if self._away:
            log.info("broker_back")
            self._away = False
        return float(min(super().tick(), _LOOK_S))

    def _wind_up(self) -> None:
        """Make the schedule from when each source was ticked last."""
        ages = self._ticks.ages()
        self._shift = _clock_shift()
        self.data = {
            source.name: ScheduleEntry(
                name=source.name,
                task=POLL_TASK,
                schedule=when(source, self.app),
                last_run_at=_last(source, ages.get(source.name)),
                app=self.app,
            )
            for source in self._sources
        }
        self._heap = None
        self._wound = True

    def _broker_is_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("broker_away", extra={"reason": str(error)})
        self._away, self._wound = True, False


def when(source: ScheduledSource, app: Celery) -> schedule | crontab:
    """The schedule of a source, as Celery knows it."""
    if source.every is not None:
        return schedule(timedelta(seconds=source.every), app=app)
    zone = ZoneInfo(source.cron_timezone) if source.cron_timezone else timezone.local
    return _Cron(source.cron or "", zone, app)


class _Cron(crontab):  # type: ignore[misc]  # Celery is not typed
    """Celery's cron expression, on a clock of its own: Celery has one time zone for everything."""

    def __init__(self, text: str, zone: tzinfo, app: Celery) -> None:
        minute, hour, day_of_month, month, day_of_week = text.split()
        super().__init__(
            minute, hour, day_of_week, day_of_month, month, nowfun=partial(datetime.now, zone), app=app
        )
        self.tz = zone


def _last(source: ScheduledSource, age_s: float | None) -> datetime:
    """When a source was ticked last. One with an interval that never was is due now, others in their time."""
    if age_s is None:
        age_s = source.every or 0.0
    return datetime.now(UTC) - timedelta(seconds=age_s)


def _clock_shift() -> float:
    return time.time() - time.monotonic()
