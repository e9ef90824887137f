"""``/workers``: who lives, and what each is doing."""

from fastapi import APIRouter

from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.status import Workers


def router(desk: Desk) -> APIRouter:
    """The route."""
    rooms = APIRouter(tags=["workers"])

    @rooms.get("/workers")
    def workers(_: Reads) -> Workers:
        """List the processes of the line, by stage."""
        return Workers(workers=desk.fleet.alive())

    return rooms
