"""What several widgets and pages ask, under one name each, so that it is asked once for all of them."""

from collections.abc import Sequence
from typing import Final

from wats_broker.trend import Sample
from wats_worker.console.tab import FRESH_S, Tab
from wats_worker.control.models.converters import Converters
from wats_worker.control.models.status import Sources, Status

#: What is on every page is what people look at.
_STATUS_S: Final = 2.5


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
