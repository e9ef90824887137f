"""The reports of one file on the spool, from their conversion to their receipts.

reports/_order.json       the ids in the order of the log; in a second line, how and of what they were made
reports/<report_id>.json  not confirmed yet
sent/<report_id>.json     confirmed
receipts.jsonl            what the server said; a report with a receipt is delivered, wherever it lies
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

from wats_broker.files import append_line
from wats_worker.spool import names
from wats_worker.spool.made import Made, plain

#: No report id begins with an underscore.
ORDER: Final = "_order.json"
_MANY: Final = 100
RECEIPTS: Final = "receipts.jsonl"


def are_made(home: Path) -> bool:
    """Whether the file was converted, be it that all of its reports are delivered already."""
    return (home / "reports" / ORDER).exists()


def are_the_same(home: Path, made: Sequence[str], folder: Path) -> bool:
    """Whether the reports in a folder are here already, each pending as it is or delivered."""
    if _order(home) != list(made):
        return False
    try:
        return all(
            path(home, report_id).read_bytes() == (folder / f"{report_id}.json").read_bytes()
            for report_id in pending(home)
        )
    except FileNotFoundError:
        return False


def order(made: Made) -> Iterator[bytes]:
    """The lines of the file that says which reports there are.

    The ids stand on their own: they are read often, and all the rest is not.
    """
    yield json.dumps([card.report_id for card in made.reports]).encode() + b"\n"
    # ASCII: what a converter says may be no text that UTF-8 has.
    yield json.dumps(made, default=plain).encode() + b"\n"


def made(home: Path) -> Made:
    """How the reports of a file were made, and of what they tell."""
    try:
        _, _, text = (home / "reports" / ORDER).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return Made()
    return Made.model_validate(json.loads(text))


def pending(home: Path) -> list[str]:
    """The ids of reports without a receipt, in their order."""
    confirmed = {receipt["report_id"] for receipt in receipts(home)}
    return [report_id for report_id in _order(home) or [] if report_id not in confirmed]


def left(home: Path) -> int:
    """How many reports have no receipt; of many only that they are many.

    It is asked after each report. Reading ten thousand receipts ten thousand times would take longer than
    delivering them, so that is only done when nearly all of them are where delivered reports are.
    """
    try:
        with os.scandir(home / "reports") as entries:
            there = len(list(islice(entries, _MANY)))
    except FileNotFoundError:
        there = 0
    return there if there == _MANY else len(pending(home))


def path(home: Path, report_id: str) -> Path:
    """Where a report lies that is not confirmed."""
    return home / "reports" / f"{names.report_id(report_id)}.json"


def body_path(home: Path, report_id: str) -> Path:
    """Where a report lies that is confirmed. Whoever confirmed it may not have come to move it."""
    sent = home / "sent" / f"{names.report_id(report_id)}.json"
    return sent if sent.exists() else path(home, report_id)


def note_receipt(home: Path, report_id: str, receipt: Mapping[str, Any]) -> None:
    """Append a receipt. It is what counts, so it comes before the report is moved."""
    line = json.dumps({"report_id": report_id, **receipt}, ensure_ascii=False)
    append_line(home / RECEIPTS, line.encode())


def move_to_sent(home: Path, report_id: str) -> None:
    """Put a confirmed report where it stays."""
    (home / "sent").mkdir(mode=0o700, exist_ok=True)
    # Another uploader may have confirmed the same report at the same moment.
    with suppress(FileNotFoundError):
        path(home, report_id).rename(home / "sent" / f"{report_id}.json")


def receipts(home: Path) -> list[dict[str, Any]]:
    """All receipts. After a crash one may be there twice."""
    try:
        lines = (home / RECEIPTS).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [receipt for line in lines if (receipt := _receipt(line))]


def drop(home: Path) -> None:
    """Forget the reports of a file that are not delivered."""
    # The order first: without it, what a crash leaves of the others is not taken for reports.
    (home / "reports" / ORDER).unlink(missing_ok=True)
    shutil.rmtree(home / "reports", ignore_errors=True)


def _order(home: Path) -> list[str] | None:
    try:
        with (home / "reports" / ORDER).open("rb") as told:
            return list(json.loads(told.readline()))
    except FileNotFoundError:
        return None


def _receipt(line: bytes) -> dict[str, Any] | None:
    try:
        return dict(json.loads(line))
    except ValueError:
        # Torn by a full disk or a power cut. The report it was for is delivered once more, under the same id.
        return None
