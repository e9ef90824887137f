"""``/queue``: how full it is, what is buried and what is held, and the lane's switch."""

from typing import Annotated

from fastapi import APIRouter, Query

from wats_worker.control import burials, problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import ReportId, Why
from wats_worker.control.models.queue import (
    BuriedReports,
    Discarded,
    HeldReports,
    Lane,
    Pause,
    QueueCensus,
    Requeue,
    Requeued,
)

Start = Annotated[int, Query(ge=0, le=10_000_000)]
Count = Annotated[int, Query(ge=1, le=1000)]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/queue", tags=["queue"])

    @rooms.get("")
    def census(_: Reads) -> QueueCensus:
        """Count what is in the queue."""
        return QueueCensus.of(desk.queue.census())

    @rooms.get("/buried")
    def buried(_: Reads, start: Start = 0, count: Count = 100) -> BuriedReports:
        """List the reports that wait for a person, with the server's words."""
        return BuriedReports(
            reports=desk.queue.buried(start=start, count=count), total=desk.queue.census().buried
        )

    @rooms.get("/held")
    def held(_: Reads, start: Start = 0, count: Count = 100) -> HeldReports:
        """List the reports that wait for room."""
        return HeldReports(reports=desk.queue.held(start=start, count=count), total=desk.queue.census().held)

    @rooms.post("/requeue")
    def requeue(which: Requeue, who: Operates) -> Requeued:
        """Try buried reports again."""
        if bool(which.report_ids) == which.everything:
            raise problems.invalid("name the reports, or say everything")
        if which.everything:
            wanted = desk.queue.buried(count=burials.MOST)
        else:
            found = [desk.queue.find_buried(one) for one in dict.fromkeys(which.report_ids)]
            wanted = [one for one in found if one is not None]
        back = burials.requeue(desk, wanted, who.name)
        desk.did("reports_requeued", who.name, f"{back} reports")
        missed = set(which.report_ids) - {one.report_id for one in wanted}
        return Requeued(requeued=back, not_buried=sorted(missed), left=desk.queue.census().buried)

    @rooms.post("/buried/{report_id}/discard")
    def discard(report_id: ReportId, why: Why, who: Operates) -> Discarded:
        """Give a report up, with a reason. It is kept, and its receipt says by whom and why."""
        file_id, pending = burials.discard(desk, report_id, who.name, why.reason)
        desk.did("report_discarded", who.name, report_id, file_id=file_id, reason=why.reason)
        return Discarded(report_id=report_id, file_id=file_id, pending=pending)

    @rooms.post("/pause")
    def pause(why: Pause, who: Operates) -> Lane:
        """Stop uploading; everything waits. A lane that is shut stays shut for the reason it has."""
        if desk.queue.pause(why.reason):
            desk.did("lane_paused", who.name, why.reason)
        return Lane(paused=desk.queue.census().paused)

    @rooms.post("/resume")
    def resume(who: Operates) -> Lane:
        """Go on uploading."""
        desk.queue.resume()
        desk.dispatch().drain(desk.queue.wake())
        desk.did("lane_resumed", who.name, "")
        return Lane(paused=desk.queue.census().paused)

    return rooms
