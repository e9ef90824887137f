"""What a person decides about buried reports: once more, or never. Nothing is dropped by either."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from wats_broker.errors import IllegalMove
from wats_broker.queue import Buried
from wats_broker.states import FileState, ReportState
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.spool.errors import NotInSpool, SpoolError

#: Reports put back at once.
MOST: Final = 10_000


def requeue(desk: Desk, reports: Sequence[Buried], who: str) -> int:
    """Try reports again; how many were still buried."""
    back = desk.queue.requeue(reports)
    for file_id in {report.file_id for report in reports}:
        _move(desk, file_id, "report_requeued", FileState.CONVERTED, by=who)
    desk.dispatch().drain(desk.queue.wake())
    return back


def discard(desk: Desk, report_id: str, who: str, reason: str) -> tuple[str, int]:
    """Give one report up. It stays on the spool among those sent, with a receipt that says by whom and why.

    It leaves the queue first: if we die after that, reconciling brings the report back, and the person has to
    say so again. The other way round it could still be sent.

    Returns:
        Its file, and how many reports of that are still to be delivered.

    Raises:
        Problem: it is not buried.
    """
    buried = desk.queue.find_buried(report_id)
    if buried is None or not desk.queue.discard(report_id):
        raise problems.not_found(
            f"report {report_id} is not buried", fix="GET /api/v2/queue/buried lists them"
        )
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    receipt = {"discarded": reason, "by": who, "at": at, "buried_for": buried.reason}
    try:
        pending = desk.spool.discard(buried.file_id, report_id, receipt)
    except NotInSpool:
        return buried.file_id, 0  # its file is gone as well: there was nothing left to keep
    desk.journal.record(buried.file_id, "report_discarded", report=report_id, by=who, reason=reason)
    if not pending:
        _move(desk, buried.file_id, "file_closed", FileState.DELIVERED, by=who)
        _finish(desk, buried.file_id)
    elif not _any_buried(desk, buried.file_id):
        _move(desk, buried.file_id, "file_goes_on", FileState.CONVERTED, by=who)
    return buried.file_id, pending


def _any_buried(desk: Desk, file_id: str) -> bool:
    return ReportState.BURIED in desk.queue.where(desk.spool.pending(file_id))


def _move(desk: Desk, file_id: str, event: str, state: FileState, *, by: str) -> None:
    try:
        desk.journal.record(file_id, event, state=state, by=by)
    except IllegalMove:
        desk.journal.record(file_id, event, by=by)  # it is being converted once more, or was forgotten


def _finish(desk: Desk, file_id: str) -> None:
    try:
        desk.neighbours.finish(file_id)
    except (SpoolError, OSError) as error:
        desk.journal.record(file_id, "file_not_finished", reason=str(error))  # reconciling tries again
