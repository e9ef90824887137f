"""``/hello``: what speaks here, before anything else is said."""

from typing import Final

from fastapi import APIRouter, Depends

from wats_broker.protocol import Hello
from wats_worker.control.desk import Desk
from wats_worker.control.door import open_to_all
from wats_worker.version import RELEASE

#: What a client may count on.
CAPABILITIES: Final = (
    "auth",
    "rate_limit",
    "status",
    "trend",
    "files",
    "queue",
    "converters",
    "polls",
    "sources",
    "workers",
    "config",
    "sync",
    "replay",
    "health",
    "metrics",
    "sandbox",
)


def router(desk: Desk) -> APIRouter:
    """The route."""
    rooms = APIRouter(tags=["hello"])
    told = Hello(server=RELEASE, instance=desk.instance, capabilities=CAPABILITIES)

    @rooms.get("/hello", dependencies=[Depends(open_to_all)])
    def hello() -> Hello:
        """Say which protocol is spoken here, and what there is."""
        return told

    return rooms
