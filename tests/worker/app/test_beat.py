"""Celery beat as the clock of scheduled sources: when it ticks, and that it goes on where it stopped."""

import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support import wait_until
from worker.lines import Line

from wats_broker.dispatch import celery_app
from wats_broker.fleet import BeatLease
from wats_broker.names import Keys, Stage
from wats_broker.polls import Outcome, Polls
from wats_worker.app.beat import run_beat, when
from wats_worker.poll.ticks import Ticks
from wats_worker.settings import ScheduledSource

OSLO = ZoneInfo("Europe/Oslo")


def source(**schedule) -> ScheduledSource:
    return ScheduledSource(name="mes", poller="sql", **schedule)


def ticks_of(app, start: datetime, hours: float, **schedule) -> list[str]:
    """When a schedule is due, walking through the hours by minutes, as Oslo's clocks show it."""
    now = start
    planned = when(source(**schedule), app)
    planned.nowfun = lambda: now
    last, found = now, []
    while now < start + timedelta(hours=hours):
        if planned.is_due(last).is_due:
            found.append(f"{now.astimezone(OSLO):%d. %H:%M%z}")
            last = now
        now += timedelta(minutes=1)
    return found


@pytest.fixture
def app(broker):
    return celery_app(broker, Stage.BEAT)


def test_an_interval_ticks_every_so_often(app):
    """Whatever the clocks on the wall do."""
    spring = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)

    assert len(ticks_of(app, spring, 10, every="30m")) == 19


def test_cron_ticks_on_the_clock_it_means(app):
    """Working days in Oslo, wherever the worker runs."""
    friday = datetime(2026, 3, 20, 5, 0, tzinfo=UTC)

    assert ticks_of(app, friday, 80, cron="0,30 7 * * 1-5", cron_timezone="Europe/Oslo") == [
        "20. 07:00+0100",
        "20. 07:30+0100",
        "23. 07:00+0100",
        "23. 07:30+0100",
    ]


def test_summer_time_costs_no_daily_tick_and_doubles_none(app):
    """02:30 is not there on one Sunday, and there twice on another."""
    daily = {"cron": "30 2 * * *", "cron_timezone": "Europe/Oslo"}

    assert ticks_of(app, datetime(2026, 3, 28, 12, tzinfo=UTC), 48, **daily) == [
        "29. 03:30+0200",
        "30. 02:30+0200",
    ]
    assert ticks_of(app, datetime(2026, 10, 24, 12, tzinfo=UTC), 48, **daily) == [
        "25. 02:30+0200",
        "26. 02:30+0100",
    ]


class Clockwork:
    """Beats in threads, on a real broker."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.polls = Polls(line.redis, Keys())
        self.stop = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self, holder: str, **schedule) -> None:
        app = celery_app(self.line.broker, Stage.BEAT)
        ticks = Ticks(
            ["mes"],
            polls=self.polls,
            dispatch=self.line.dispatch,
            lease=BeatLease(self.line.redis, Keys()),
            holder=holder,
            now=self.line.journal.time,
        )
        thread = threading.Thread(target=run_beat, args=(app, [source(**schedule)], ticks, self.stop))
        thread.start()
        self.threads.append(thread)

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=10)
            assert not thread.is_alive()

    @property
    def messages(self) -> int:
        return self.line.dispatch.backlog(Stage.POLL)

    @property
    def state(self):
        return self.polls.states(["mes"])[0]

    def polled(self, *, ticked_s_ago: float) -> None:
        """As if a source had been ticked and polled so long ago."""
        _, due = self.polls.tick("mes", next_at=0)
        self.polls.begin("mes", due=due, holder="worker", term_s=30)
        self.polls.finish("mes", holder="worker", outcome=Outcome.DONE)
        at = round((time.time() - ticked_s_ago) * 1000)
        self.line.redis.hset(Keys().poll("mes"), "ticked", at)


@pytest.fixture
def clockwork(tmp_path, real_redis, broker):
    clockwork = Clockwork(Line(tmp_path, real_redis, broker))
    yield clockwork
    clockwork.end()
    clockwork.line.spool.close()
    clockwork.line.celery.close()


def test_a_new_source_with_an_interval_is_polled_at_once(clockwork):
    """One with a cron expression in its time."""
    clockwork.start("one", every="1h")

    wait_until(lambda: clockwork.messages == 1, what="the first tick")
    assert clockwork.state.next_at == pytest.approx(time.time() + 3600, abs=60)


def test_two_clocks_tick_once(clockwork):
    """The one that stands by takes over when the other is gone."""
    clockwork.start("one", every="1s")
    clockwork.start("two", every="1s")
    wait_until(lambda: clockwork.state.dropped >= 2, what="some ticks that are dropped, as nobody polls")

    assert clockwork.messages == 1


@pytest.mark.parametrize(("schedule", "ago", "due"), [
    ({"every": "1h"}, 1800, False),
    ({"every": "1h"}, 7200, True),
    ({"cron": "* * * * *"}, 7200, True),
])  # fmt: skip
def test_a_clock_that_is_started_anew_goes_on_where_the_last_one_stopped(clockwork, schedule, ago, due):
    """What fell due meanwhile is made up for, once; what did not is not."""
    clockwork.polled(ticked_s_ago=ago)

    clockwork.start("one", **schedule)

    lease = Keys().beat()
    wait_until(lambda: clockwork.line.redis.get(lease), what="the clock to tick")
    if due:
        wait_until(lambda: clockwork.messages == 1, what="the tick that was missed")
    clockwork.end()
    assert clockwork.messages == (1 if due else 0)


def test_a_clock_outlives_a_broker_that_takes_nothing(clockwork, caplog):
    """It says so, and ticks when the broker is well again."""
    clockwork.line.redis.config_set("maxmemory", 1)
    try:
        clockwork.start("one", every="1s")
        wait_until(lambda: "broker_away" in caplog.text, what="the clock to notice")
    finally:
        clockwork.line.redis.config_set("maxmemory", 0)

    wait_until(lambda: clockwork.messages == 1, what="a tick")
