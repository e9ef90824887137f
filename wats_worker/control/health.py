"""``/health``: alive, ready, and what is missing, as Kubernetes and others ask for it.

    /health/live     200 while this process answers at all
    /health/ready    200 while the line does its work, else 503 and the names of what fails
    /health          the same
    /health/details  every dependency with its reason and its fix; for whoever may read

The first three need no token, tell nothing but names, and cost no more than one look a second.
"""

from typing import Final

from fastapi import APIRouter, Response

from wats_worker.control.checkup import Checkup
from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.health import Alive, Health, Readiness

_NOT_READY: Final = 503


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/health", tags=["health"])
    checkup = Checkup(desk)

    @rooms.get("/live")
    def live() -> Alive:
        """Say that this process answers. Whether the line works is another question."""
        return Alive()

    @rooms.get("", responses={_NOT_READY: {"model": Readiness}})
    @rooms.get("/ready", responses={_NOT_READY: {"model": Readiness}})
    def ready(response: Response) -> Readiness:
        """Say whether the line does its work, and what fails if it does not."""
        health = checkup.now()
        if not health.ready:
            response.status_code = _NOT_READY
        return Readiness(ready=health.ready, failing=[one.name for one in health.failing])

    @rooms.get("/details")
    def details(_: Reads) -> Health:
        """Name every dependency, with what is wrong with it and what mends it."""
        return checkup.now()

    return rooms
