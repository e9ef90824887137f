"""Records of files as an archive keeps them, made up by number."""

import hashlib
from datetime import UTC, datetime, timedelta

from wats_worker.archive.record import KeptFile, KeptReport
from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.model import FileMeta

DAWN = datetime(2026, 11, 1, tzinfo=UTC)


def file_id(number):
    """The id of the n-th file: spread as hashes are."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def record(number, *, units=1, edition=1, source="ict", result="P", **changes):
    """The record of the n-th file; one came in each minute."""
    taken = DAWN + timedelta(minutes=number)
    card = FileMeta(
        file_id=file_id(number),
        source=source,
        name=f"line 3/Board {number:05}.csv",
        path=f"/in/line 3/Board {number:05}.csv",
        size=1000,
        sha256=hashlib.sha256(f"content {number}".encode()).hexdigest(),
        mtime_ns=0,
        claimed_at=taken.isoformat(timespec="milliseconds"),
        pool="convert",
        priority=5,
        replayed_at="" if edition == 1 else str(edition),
    )
    reports = tuple(
        KeptReport(
            card=ReportCard(
                report_id=f"ours-{number}-{unit}-{edition}",
                sent_as=f"own-{number}-{unit}",
                kind="T",
                serial=f"SN-{number:05}-{unit}",
                part=f"PN {number % 3}",
                station=f"ICT {number % 2}",
                process="10",
                started=taken.isoformat(),
                result=result,
            ),
            sha256="5" * 64,
            size=10,
            receipts=({"stored_as": f"theirs-{number}-{unit}", "delivered_at": taken.isoformat()},),
        )
        for unit in range(units)
    )
    parts = {
        "edition": edition,
        "archived_at": taken.timestamp() + 60 * edition,
        "card": card,
        "original": None,
        "how": Making(converter="csv", attempt=1),
        "reports": reports,
    }
    return KeptFile(**(parts | changes))
