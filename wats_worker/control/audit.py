"""``/audit``: who did what through this door."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from wats_worker.control.desk import Desk
from wats_worker.control.door import Administers
from wats_worker.trail.acts import Act, acts, as_csv, json_lines
from wats_worker.trail.book import Layout, entries

#: In which form, and what browsers and scripts call that.
_FORMS: Final = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}

Day = Annotated[date | None, Query(description="A day, by UTC.")]


def router(desk: Desk) -> APIRouter:
    """The route."""
    rooms = APIRouter(tags=["audit"])

    @rooms.get(
        "/audit",
        response_class=StreamingResponse,
        responses={200: {"content": {kind: {} for kind in _FORMS.values()}, "description": "The acts."}},
    )
    def export(
        _: Administers,
        since: Day = None,
        until: Day = None,
        form: Annotated[Literal["jsonl", "csv"], Query(alias="format")] = "jsonl",
    ) -> StreamingResponse:
        """Tell who did what, and what was refused: by day, both included, from the first one on."""
        found = between(desk.trail.layout, since, until)
        written = as_csv(found) if form == "csv" else json_lines(found)
        return StreamingResponse(written, media_type=_FORMS[form])

    return rooms


def between(layout: Layout, since: date | None, until: date | None) -> Iterator[Act]:
    """The acts that began on these days."""
    first, last = (since or date.min).isoformat(), (until or date.max).isoformat()
    # What was asked just before midnight was answered on the next day.
    latest = (until + timedelta(days=1)).isoformat() if until and until != date.max else last
    days = [day for day in layout.days() if first <= day <= latest]
    found = acts(entry for day in days for entry in entries(layout, day))
    return (act for act in found if first <= act.at[:10] <= last)
