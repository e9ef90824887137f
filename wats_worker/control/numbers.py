"""``/numbers``: how much came, how much of it was good, what is wrong with the rest; as JSON or as CSV."""

import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from wats_worker.catalogue.numbers import Yield
from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.numbers import (
    By,
    Form,
    HourLine,
    Hours,
    ReasonLine,
    Reasons,
    YieldLine,
    Yields,
)
from wats_worker.control.sheets import sheet

_DAY_S: Final = 86400.0
#: Beyond all times that anybody means.
_LATEST: Final = 1e11


As = Annotated[Form, Query(alias="format")]
Since = Annotated[
    float | None, Query(ge=0, le=_LATEST, description="Seconds since 1970. Else a day before until.")
]
Until = Annotated[float | None, Query(ge=0, le=_LATEST, description="Seconds since 1970. Else now.")]
_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {}}, "description": "With format=csv a table instead."}
}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/numbers", tags=["numbers"])

    @rooms.get("/hours", response_model=Hours, responses=_CSV)
    def hours(_: Reads, since: Since = None, until: Until = None, form: As = Form.JSON) -> Hours | Response:
        """Count files and reports, hour by hour."""
        found = desk.numbers().hours(*_span(since, until))
        told = Hours(hours=[HourLine(**vars(one)) for one in found])
        return _table(sheet(HourLine, told.hours)) if form is Form.CSV else told

    @rooms.get("/yields", response_model=Yields, responses=_CSV)
    def yields(
        _: Reads,
        by: Annotated[list[By], Query(description="What is told apart. Else all of it.")] = [],  # noqa: B006  never changed
        since: Since = None,
        until: Until = None,
        form: As = Form.JSON,
    ) -> Yields | Response:
        """Tell how many units passed their first test, and their last, by when the tests began."""
        found = desk.numbers().yields(*_span(since, until), by=[one.value for one in by or list(By)])
        told = Yields(yields=[_yield(one) for one in found])
        return _table(sheet(YieldLine, told.yields)) if form is Form.CSV else told

    @rooms.get("/reasons", response_model=Reasons, responses=_CSV)
    def reasons(
        _: Reads, since: Since = None, until: Until = None, form: As = Form.JSON
    ) -> Reasons | Response:
        """Rank the reasons for which files are in quarantine."""
        found = desk.numbers().reasons(*_span(since, until))
        told = Reasons(reasons=[ReasonLine(**vars(one)) for one in found])
        return _table(sheet(ReasonLine, told.reasons)) if form is Form.CSV else told

    return rooms


def _span(since: float | None, until: float | None) -> tuple[float, float]:
    latest = time.time() if until is None else until
    return (max(0.0, latest - _DAY_S) if since is None else since), latest


def _yield(found: Yield) -> YieldLine:
    return YieldLine(
        **vars(found),
        first_pass_yield=round(found.first_passed / found.units, 4),
        last_pass_yield=round(found.last_passed / found.units, 4),
    )


def _table(text: str) -> Response:
    return Response(text, media_type="text/csv")
