"""``/files``: where is my file, what happened to it, and what is in it?"""

import contextlib
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from wats_broker.journal import Event, FileRecord
from wats_broker.states import ReportState
from wats_worker.archive.record import KeptFile
from wats_worker.control import problems
from wats_worker.control.archive import kept, original_part
from wats_worker.control.bytes import MOST_BYTES, as_download
from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.archive import InArchive
from wats_worker.control.models.asking import FileBeginning
from wats_worker.control.models.files import FileHistory, FileLine, Files, OnSpool, ReportLine
from wats_worker.control.models.finding import Search
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.model import Place

#: Of what a converter printed, the end.
_STDERR: Final = 64 * 1024
#: Reports of one file that are told; a lot of semiconductors has ten thousand.
_REPORTS: Final = 500


class _Asked(Search):
    """A page of what is found."""

    count: Annotated[int, Field(ge=1, le=1000)] = 50
    after: Annotated[str, Field(max_length=2000, description="Where the page before ended.")] = ""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    rooms = APIRouter(prefix="/files", tags=["files"])

    @rooms.get("")
    def files(_: Reads, asked: Annotated[_Asked, Query()]) -> Files:
        """Find files, on their way or archived. The one that was taken in last is told first.

        Where a beginning is given, the order is that of serial numbers, names or ids.
        """
        known, wanted = desk.known(), asked.wanted()
        if asked.text:
            return Files.found(known.look_for(asked.text, wanted, count=asked.count, after=asked.after))
        return Files.found(known.find(wanted, count=asked.count, after=asked.after))

    @rooms.get("/{file}")
    def history(file: FileBeginning, _: Reads) -> FileHistory:
        """Tell one file's whole history. A beginning of its id that no other file has is enough."""
        return tell(desk, desk.whole(file))

    @rooms.get(
        "/{file}/source",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes."}},
    )
    def source(
        file: FileBeginning,
        _: Reads,
        offset: Annotated[int, Query(ge=0, le=1 << 50)] = 0,
        length: Annotated[int, Query(ge=1, le=MOST_BYTES)] = MOST_BYTES,
    ) -> Response:
        """Give the bytes that a tester wrote, a piece at a time."""
        file_id = desk.whole(file)
        found = None
        with contextlib.suppress(NotInSpool):
            found = desk.spool.piece(file_id, offset, length)
        return as_download(file_id, *(found or original_part(desk, kept(desk, file_id), offset, length)))

    return rooms


def tell(desk: Desk, file_id: str) -> FileHistory:
    """All that is known of one file.

    Raises:
        Problem: nothing is.
    """
    record = desk.journal.file(file_id)
    # In the order in which files travel, so that one on its way is not missed.
    on_spool = _on_spool(desk, file_id)
    archived = desk.archive().record(file_id)
    if record is None and on_spool is None and archived is None:
        raise problems.not_found(f"no file {file_id} is known here")
    told = FileHistory(
        file=FileLine.of(record) if record else None,
        story=_story(record, archived),
        spool=on_spool,
        archive=_in_archive(desk, archived) if archived else None,
        reason={},
        stderr="",
        warnings=[],
        reports=[],
        more_reports=False,
    )
    # It may move on while we look; then what was seen first is told.
    if on_spool is not None:
        with contextlib.suppress(NotInSpool):
            return told.model_copy(update=_details(desk, file_id))
    return told.model_copy(update=_kept_reports(archived)) if archived else told


def _story(record: FileRecord | None, archived: KeptFile | None) -> list[Event]:
    """The journal's, or what it was when the file was archived."""
    if record is not None and record.story:
        return list(record.story)
    return [Event(one.at, one.event, one.facts) for one in archived.story] if archived else []


def _in_archive(desk: Desk, record: KeptFile) -> InArchive:
    return InArchive.of(record, has_bytes=desk.archive().has_bytes(record.original))


def _kept_reports(record: KeptFile) -> dict[str, Any]:
    return {
        "warnings": list(record.how.warnings),
        "reports": [
            ReportLine(
                report_id=one.card.report_id,
                state=ReportState.DELIVERED,
                pending=False,
                receipt={"report_id": one.card.report_id, **one.receipts[-1]} if one.receipts else None,
            )
            for one in record.reports[:_REPORTS]
        ],
        "more_reports": len(record.reports) > _REPORTS,
    }


def _on_spool(desk: Desk, file_id: str) -> OnSpool | None:
    try:
        place, meta = desk.spool.place(file_id), desk.spool.meta(file_id)
        has_bytes = desk.spool.has_bytes(file_id)
    except NotInSpool:
        return None
    return OnSpool(
        place=place.value if place else "",
        path=meta.path,
        size=meta.size,
        sha256=meta.sha256,
        claimed_at=meta.claimed_at,
        pool=meta.pool,
        priority=meta.priority,
        converter=meta.converter,
        bundle=meta.bundle,
        kept=meta.kept,
        has_bytes=has_bytes,
    )


def _details(desk: Desk, file_id: str) -> dict[str, Any]:
    spool = desk.spool
    receipts = {receipt.get("report_id", ""): receipt for receipt in spool.receipts(file_id)}
    pending = spool.pending(file_id)
    ids = list(islice(dict.fromkeys([*pending, *receipts]), _REPORTS))
    waiting = set(pending)
    return {
        "reason": spool.reason(file_id) if spool.place(file_id) is Place.QUARANTINED else {},
        "stderr": spool.stderr(file_id, most=_STDERR).decode(errors="backslashreplace"),
        "warnings": list(spool.made(file_id).how.warnings),
        "reports": [
            ReportLine(
                report_id=report_id,
                state=state,
                pending=report_id in waiting,
                receipt=receipts.get(report_id),
            )
            for report_id, state in zip(ids, desk.queue.where(ids), strict=True)
        ],
        "more_reports": len(receipts.keys() | waiting) > _REPORTS,
    }
