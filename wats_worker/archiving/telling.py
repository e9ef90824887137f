"""What a finished file on the spool comes to as a record of the archive."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wats_broker.files import CHUNK
from wats_broker.journal import Event
from wats_worker.archive.record import Blob, Happening, KeptFile, KeptReport
from wats_worker.spool.made import ReportCard
from wats_worker.spool.model import FileMeta
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.spool import Spool


@dataclass(frozen=True)
class Bodies:
    """The reports of one file, one behind the other."""

    spool: Spool
    file_id: str
    reports: tuple[KeptReport, ...]
    blob: Blob | None  #: None: there is not a byte of any

    def content(self) -> Iterator[bytes]:
        """All of it, report by report."""
        for one in self.reports:
            if one.sha256:
                yield self.spool.body(self.file_id, one.card.report_id) or b""


def bodies(spool: Spool, file_id: str) -> Bodies:
    """Find the reports of a finished file, and prove each by its checksum."""
    by_report: dict[str, list[dict[str, Any]]] = {}
    for receipt in spool.receipts(file_id):
        by_report.setdefault(str(receipt.pop("report_id", "")), []).append(clean(receipt))
    cards = {card.report_id: card for card in spool.made(file_id).reports}
    # An earlier attempt may have given more reports than the one that counts, and the server has them.
    for report_id in by_report:
        cards.setdefault(report_id, ReportCard(report_id=report_id))
    whole, at, found = hashlib.sha256(), 0, []
    for report_id, card in cards.items():
        body = spool.body(file_id, report_id)
        receipts = tuple(by_report.get(report_id, ()))
        if body is None:  # lost before somebody gave it up
            found.append(KeptReport(card=card, receipts=receipts))
            continue
        whole.update(body)
        own = hashlib.sha256(body).hexdigest()
        found.append(KeptReport(card=card, sha256=own, offset=at, size=len(body), receipts=receipts))
        at += len(body)
    kept = any(one.sha256 for one in found)
    return Bodies(spool, file_id, tuple(found), Blob(sha256=whole.hexdigest(), size=at) if kept else None)


def record(
    spool: Spool,
    card: FileMeta,
    told: Bodies,
    *,
    edition: int,
    action: PostAction,
    folder: Path,
    story: Sequence[Event],
    now: float,
) -> KeptFile:
    """The record of a finished file."""
    moves = action in {PostAction.MOVE, PostAction.ZIP}
    return KeptFile(
        edition=edition,
        archived_at=now,
        card=card,
        original=original(card, action),
        how=spool.made(card.file_id).how,
        reports=told.reports,
        bodies=told.blob,
        post_action=action.value,
        post_folder=str(folder).encode(errors="backslashreplace").decode() if moves else "",
        story=tuple(Happening(at=one.at, event=one.event, facts=clean(one.facts)) for one in story),
    )


def original(card: FileMeta, action: PostAction) -> Blob | None:
    """The bytes of the tester's file, unless they are to be deleted."""
    return None if action is PostAction.DELETE else Blob(sha256=card.sha256, size=card.size)


def read(path: Path) -> Iterable[bytes]:
    """The content of a file of ours, piece by piece."""
    with path.open("rb") as content:
        while piece := content.read(CHUNK):
            yield piece


def clean(told: Any) -> Any:
    r"""The same with every text one that UTF-8 has: what a converter says may be none.

    >>> clean({"reason": ["caf\udce9"]})
    {'reason': ['caf\\udce9']}
    """
    if isinstance(told, str):
        return told.encode(errors="backslashreplace").decode()
    if isinstance(told, dict):
        return {clean(name): clean(value) for name, value in told.items()}
    if isinstance(told, list):
        return [clean(value) for value in told]
    return told
