"""``/holds``: what no retention rule takes away."""

from typing import Annotated

from fastapi import APIRouter, Path

from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.control.door import Administers, Operates, Reads
from wats_worker.control.models.holds import Holds, HoldWanted, Released
from wats_worker.retention.holds import Hold, Label


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/holds", tags=["holds"])

    @rooms.get("")
    def holds(_: Reads) -> Holds:
        """List the labels, with what each one holds."""
        return Holds(holds=desk.holds().all())

    @rooms.post("", status_code=201)
    def add(wanted: HoldWanted, who: Operates) -> Hold:
        """Keep archived files, whatever the rules say. What the label holds already stays held."""
        hold = Hold(
            label=wanted.label,
            file_ids=tuple(wanted.file_ids),
            serials=tuple(wanted.serials),
            who=who.name,
            reason=wanted.reason,
            at=desk.journal.time(),
        )
        desk.did("hold_added", who.name, wanted.label, reason=wanted.reason)
        return desk.holds().add(hold)

    @rooms.delete("/{label}")
    def release(label: Annotated[Label, Path()], who: Administers) -> Released:
        """Hold nothing under a label any more. What its sources' rules want goes at the next look."""
        if not desk.holds().release(label):
            raise problems.not_found(f"there is no hold {label!r}", fix="'wats-worker archive hold list'")
        desk.did("hold_released", who.name, label)
        return Released(label=label)

    return rooms
