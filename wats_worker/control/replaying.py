"""A file once more: out of quarantine, or out of the archive under the ids it had.

The order of the steps is such that whatever kills us between two of them, asking again goes on: first the
queue forgets that the reports were delivered, then the journal moves the file, then the spool does. A file
that the spool has moved is found by reconciling, and sent if we did not come to it.
"""

import contextlib
from datetime import UTC, datetime
from functools import partial
from typing import Any

from wats_broker.errors import IllegalMove
from wats_broker.messages import LATEST, FileSeen
from wats_broker.states import FileState
from wats_worker.archive.record import KeptFile
from wats_worker.control import problems
from wats_worker.control.desk import Desk
from wats_worker.spool.model import FileMeta, Place


def from_quarantine(desk: Desk, file_id: str, *, converter: str, who: str, reason: str) -> FileMeta:
    """Convert a quarantined file again.

    Raises:
        Problem: it is not in quarantine.
    """
    if desk.spool.place(file_id) is not Place.QUARANTINED:
        raise problems.conflict(
            f"file {file_id} is not in quarantine",
            fix="'wats-worker files find --state quarantined' lists what is",
        )
    desk.spool.replay(file_id, converter=converter)
    meta = desk.spool.meta(file_id)
    _enter(desk, meta, who, reason)
    desk.dispatch().convert([(file_id, meta.pool, meta.priority)])
    return meta


def from_archive(
    desk: Desk, record: KeptFile, *, converter: str, options: dict[str, Any] | None, who: str, reason: str
) -> str:
    """Convert and send a delivered file again, behind everything that comes in. Why not, if it can't be.

    Args:
        desk: The line.
        record: What the archive has of the file.
        converter: Who is to convert it; empty: whoever its source says.
        options: With which options; none: those that its source says.
        who: Who wants it.
        reason: And why.

    Raises:
        Full: the upload queue has no room for it.
    """
    file_id = record.file_id
    if desk.spool.place(file_id) is not None:
        return "it is on the spool, so it is not delivered yet or is just being archived"
    if record.original is None or not desk.archive().has_bytes(record.original):
        return "its bytes are not kept"
    if not desk.queue.reserve(file_id):
        raise Full
    card = record.card.model_copy(
        update={
            "converter": converter,
            "options": options,
            "priority": LATEST,
            "replayed_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        }
    )
    desk.queue.forget([one.card.report_id for one in record.reports])
    _enter(desk, card, who, reason)
    if not desk.spool.restore(card, desk.archive().read(record.original)):
        return "somebody else has just begun to replay it"
    desk.dispatch().convert([(file_id, card.pool, card.priority)])
    return ""


def knows(desk: Desk, converter: str | None) -> None:
    """Make sure that there is such a converter, if one is named.

    Raises:
        Problem: there is none that could do it.
    """
    ready = {card.name for card in desk.neighbours.converters() if card.state == "ready"}
    if converter not in {None, "auto", *ready}:
        raise problems.not_found(
            f"there is no converter {converter!r} that could do it",
            fix="'wats-worker converters list' shows them",
        )


class Full(Exception):
    """The upload queue has no room for another file."""

    def __init__(self) -> None:
        super().__init__("the upload queue is full")


def _enter(desk: Desk, meta: FileMeta, who: str, reason: str) -> None:
    """The journal moves the file back to its beginning; one that it has forgotten is entered anew."""
    if desk.journal.standing([meta.file_id]) == [None]:
        desk.journal.seen(FileSeen(meta.file_id, meta.source, meta.name, meta.size, meta.pool, meta.priority))
    about = partial(desk.journal.record, meta.file_id, "file_replayed", by=who, reason=reason)
    with contextlib.suppress(IllegalMove):  # reconciling was quicker, and it is being converted already
        if about(state=FileState.SEEN, fields={"attempts": 0}):
            desk.journal.sent([meta.file_id])
            return
    about()
