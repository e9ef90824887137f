"""What several widgets and pages ask, under one name each, so that it is asked once for all of them."""

import time
from collections.abc import Sequence
from typing import Final

from wats_broker.trend import Sample
from wats_worker.console.numbers import Span, told_by
from wats_worker.console.tab import FRESH_S, Tab
from wats_worker.control.models.converters import Converters
from wats_worker.control.models.jobs import Jobs
from wats_worker.control.models.numbers import Hours, Reasons, Yields
from wats_worker.control.models.status import Sources, Status

#: What is on every page is what people look at.
_STATUS_S: Final = 2.5
#: Numbers are counted over hours and days, and counting them is work for the catalogue.
_NUMBERS_S: Final = 60.0


async def status(tab: Tab) -> Status | None:
    """The line at a glance."""
    return await tab.look("status", lambda door: door.status(), fresh_s=_STATUS_S)


async def sources(tab: Tab, *, fresh_s: float = FRESH_S) -> Sources | None:
    """Where files come from."""
    return await tab.look("sources", lambda door: door.sources(), fresh_s=fresh_s)


async def converters(tab: Tab, *, fresh_s: float = FRESH_S) -> Converters | None:
    """Who converts."""
    return await tab.look("converters", lambda door: door.converters(), fresh_s=fresh_s)


async def samples(tab: Tab) -> Sequence[Sample]:
    """The last hour."""
    past = tab.session.past
    told = await tab.look("trend", lambda door: door.trend(since=past.newest), fresh_s=8)
    if told is not None:
        past.learn(told)
    return past.samples


async def hours(tab: Tab, span: Span) -> Hours | None:
    """Files and reports, hour by hour."""
    return await tab.look(
        f"hours {span}",
        lambda door: door.numbers_by_hour(since=span.since(time.time())),
        fresh_s=_NUMBERS_S,
    )


async def yields(tab: Tab, span: Span, telling: str) -> Yields | None:
    """How much was good."""
    return await tab.look(
        f"yields {span} {telling}",
        lambda door: door.yields(by=told_by(telling), since=span.since(time.time())),
        fresh_s=_NUMBERS_S,
    )


async def reasons(tab: Tab, span: Span) -> Reasons | None:
    """Why files are in quarantine."""
    return await tab.look(
        f"reasons {span}", lambda door: door.reasons(since=span.since(time.time())), fresh_s=_NUMBERS_S
    )


async def replays(tab: Tab) -> Jobs | None:
    """Replays of archived files."""
    return await tab.look("replays", lambda door: door.replay_jobs())
