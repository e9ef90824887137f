"""``/processes``: the server's processes as the line knows them, and a newer list of them."""

from fastapi import APIRouter

from wats_broker.names import Stage
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.processes import ProcessList, SyncAsked


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/processes", tags=["processes"])

    @rooms.get("")
    def processes(_: Reads) -> ProcessList:
        """List the processes that reports may belong to."""
        return desk.neighbours.processes()

    @rooms.post("/sync", status_code=202)
    def sync(who: Operates) -> SyncAsked:
        """Have the upload stage ask the server now."""
        if Stage.UPLOAD not in {worker.stage for worker in desk.fleet.alive()}:
            raise problems.conflict(
                "no upload worker is alive, and nobody else speaks with the server",
                fix="start the line: 'wats-worker up'",
            )
        if paused := desk.queue.census().paused:
            raise problems.conflict(
                f"uploads are paused: {paused}", fix="when that is mended: 'wats-worker queue resume'"
            )
        before = desk.board.look()
        desk.board.want()
        desk.did("processes_wanted", who.name, before.server)
        return SyncAsked(asked_at=before.asked_at, version=before.version)

    return rooms
