"""What a file comes to in the catalogue. Pure: a record or what the journal tells in, rows out."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from wats_broker.journal import FileRecord
from wats_broker.states import FileState
from wats_worker.archive.record import KeptFile, KeptReport
from wats_worker.reports.dates import Instant
from wats_worker.spool.made import ReportCard

#: Column by column, as the database takes it.
Row = dict[str, Any]


def key(text: str) -> str:
    r"""How something is looked for: whatever the case, however it was spaced.

    >>> key(" PCB\n 0042 ")
    'pcb 0042'
    """
    return " ".join(storable(text).split()).casefold()[:200]


def name_key(name: str) -> str:
    """The name of a file without its folders, as it is looked for.

    >>> name_key("line 3/Board 7.CSV")
    'board 7.csv'
    """
    return key(name.rpartition("/")[2])


def of_record(record: KeptFile) -> tuple[Row, list[Row]]:
    """The rows of an archived file, and of its reports."""
    card = record.card
    seen_ms = _ms(card.claimed_at) or 0
    archived_ms = round(record.archived_at * 1000)
    file = {
        "file_id": card.file_id,
        "source": storable(card.source),
        "name": storable(card.name),
        "name_key": name_key(card.name),
        "sha256": card.sha256,
        "size": card.size,
        "state": FileState.DELIVERED.value,
        "attempts": record.how.attempt,
        "facts": _told({"converter": record.how.converter}),
        "seen_ms": seen_ms,
        "rank": -seen_ms,
        "updated_ms": archived_ms,
        "reports": len(record.reports),
        "edition": record.edition,
        "archived_ms": archived_ms,
        "original": record.original is not None,
    }
    return file, [_of_kept(file, number, one) for number, one in enumerate(record.reports)]


def of_journal(
    told: FileRecord, updated_ms: int, *, sha256: str, cards: Sequence[ReportCard], known: int = 0
) -> tuple[Row, list[Row]]:
    """The rows of a file on its way, and of those of its reports that are made.

    Args:
        told: The file as the journal has it.
        updated_ms: Since when it has been so.
        sha256: Of its bytes.
        cards: Of its reports, if they are made and not in the catalogue yet.
        known: How many of them are.
    """
    seen_ms = round(told.seen_at * 1000)
    kept = {name: value for name, value in told.facts.items() if name in _FACTS}
    file = {
        "file_id": told.file_id,
        "source": storable(told.source),
        "name": storable(told.name),
        "name_key": name_key(told.name),
        "sha256": sha256,
        "size": told.size,
        "state": told.state.value,
        "attempts": told.attempts,
        "facts": _told(kept),
        "seen_ms": seen_ms,
        "rank": -seen_ms,
        "updated_ms": updated_ms,
        "reports": len(cards) or known,
        "edition": 0,
        "archived_ms": None,
        "original": False,
    }
    return file, [_of_card(file, number, card) for number, card in enumerate(cards)]


#: What of a file's facts says something to people; the rest is for the stages.
_FACTS = frozenset({"converter", "reason", "place", "field", "fix", "warnings"})


def _of_kept(file: Row, position: int, one: KeptReport) -> Row:
    delivered = [str(receipt["delivered_at"]) for receipt in one.receipts if receipt.get("delivered_at")]
    return _of_card(file, position, one.card) | {
        "stored_as": storable(one.stored_as)[:128],
        "delivered_ms": _ms(delivered[-1]) if delivered else None,
        "sha256": one.sha256,
        "size": one.size,
    }


def _of_card(file: Row, position: int, card: ReportCard) -> Row:
    started = Instant.read(card.started)
    return {
        "file_id": file["file_id"],
        "position": position,
        "rank": file["rank"],
        "source": file["source"],
        "report_id": card.report_id,
        "sent_as": storable(card.sent_as)[:128],
        "stored_as": "",
        "serial": storable(card.serial),
        "serial_key": key(card.serial),
        "part": storable(card.part),
        "part_key": key(card.part),
        "revision": storable(card.revision),
        "station": storable(card.station),
        "station_key": key(card.station),
        "process": storable(card.process)[:16],
        "kind": card.kind[:1],
        "result": card.result[:1],
        "started_ms": round(started.moment().timestamp() * 1000) if started else None,
        "delivered_ms": None,
        "sha256": "",
        "size": 0,
    }


def _ms(text: str) -> int | None:
    """Milliseconds since 1970 of a moment that we wrote ourselves."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _told(facts: dict[str, str]) -> str:
    return json.dumps({name: value for name, value in sorted(facts.items()) if value})


def storable(text: str) -> str:
    """The same without what some database refuses: zeros, and halves of characters."""
    return text.replace("\0", "").encode(errors="backslashreplace").decode()
