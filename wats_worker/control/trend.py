"""``/trend``: how much waited and how much was done in the last hour, for plots."""

from typing import Annotated

from fastapi import APIRouter, Query

from wats_broker.metrics import Metrics
from wats_broker.states import FileState
from wats_broker.trend import EVERY_S, Sample
from wats_broker.trend import Trend as Kept
from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.trend import Trend

_CONVERTING = (FileState.SEEN, FileState.CONVERTING, FileState.SUSPENDED)


def router(desk: Desk) -> APIRouter:
    """The route."""
    rooms = APIRouter(tags=["trend"])
    kept = Kept(desk.redis, desk.keys)

    @rooms.get("/trend")
    def trend(
        _: Reads,
        since: Annotated[float, Query(ge=0, le=1e11, description="Only later moments.")] = 0,
    ) -> Trend:
        """Show the last hour, a moment every few seconds."""
        return Trend(samples=kept.read(since=since), every_s=EVERY_S)

    return rooms


class Observer:
    """Enters into the trend how a line is; a chore of every control stage."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept = Kept(desk.redis, desk.keys)
        self._metrics = Metrics(desk.redis, desk.keys)

    def look(self) -> None:
        """Enter it if it is time. Cheap if not."""
        self._kept.enter(self._desk.journal.time(), self._sample)

    def _sample(self, at: float) -> Sample:
        census, states = self._desk.queue.census(), self._desk.journal.states()
        counted = self._metrics.read()
        reports = counted.counter("reports").items()
        return Sample(
            at=at,
            taken=sum(counted.counter("claims").values()),
            delivered=sum(count for labels, count in reports if labels[-1] == "delivered"),
            converting=sum(states[state] for state in _CONVERTING),
            queued=census.depth,
            held=census.held,
            buried=census.buried,
            quarantined=states[FileState.QUARANTINED],
        )
