"""``/quarantined``: the files that nobody could read, and once more what is mended."""

from typing import Annotated

from fastapi import APIRouter, Query

from wats_broker.states import FileState
from wats_worker.catalogue.finding import Wanted
from wats_worker.control import problems, replaying
from wats_worker.control.desk import Desk
from wats_worker.control.door import Operates, Reads
from wats_worker.control.models.asking import FileBeginning, With
from wats_worker.control.models.files import FileLine, Files


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(tags=["replays"])

    @rooms.get("/quarantined")
    def quarantined(
        _: Reads,
        count: Annotated[int, Query(ge=1, le=1000)] = 50,
        after: Annotated[str, Query(max_length=2000)] = "",
    ) -> Files:
        """List the files that no converter could turn into reports, the latest first."""
        return Files.found(desk.known().find(Wanted(state=FileState.QUARANTINED), count=count, after=after))

    @rooms.post("/quarantined/{file}/replay")
    def replay(file: FileBeginning, how: With, who: Operates) -> FileLine:
        """Convert a quarantined file again, by its source's converter or by another one."""
        file_id = desk.whole(file)
        replaying.knows(desk, how.converter)
        replaying.from_quarantine(
            desk, file_id, converter=how.converter or "", who=who.name, reason=how.reason
        )
        desk.did("file_replayed", who.name, file_id, reason=how.reason)
        (record,) = desk.journal.records([file_id])
        if record is None:
            raise problems.conflict(
                f"the journal has just forgotten {file_id}", fix="it goes on all the same"
            )
        return FileLine.of(record)

    return rooms
