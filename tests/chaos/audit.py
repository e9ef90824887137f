"""Did everything arrive, once, and nothing else? From the outside only: folders, and the server's own store.

What the line says about itself is not asked. A file is looked for by an id worked out here, a report by the
serial number that stands in it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.tide import Dropped

Row = Mapping[str, Any]


@dataclass
class Findings:
    """What there is against what should be. The lists name culprits; empty is good."""

    lost: list[str] = field(
        default_factory=list
    )  #: files that are nowhere, reports of delivered files not stored
    unexpected: list[str] = field(default_factory=list)  #: nobody dropped it, or it is where it should not be
    doubled: list[str] = field(default_factory=list)  #: one test under two ids
    waiting: list[str] = field(default_factory=list)  #: still on their way
    delivered: int = 0
    quarantined: int = 0
    reports: int = 0
    attempts: int = 0  #: uploads that reached the server
    acknowledged: int = 0  #: uploads that it answered with 200
    duplicated: int = 0  #: the same id once more, which replaces it: harmless
    recovered: int = 0  #: reports that are stored although an attempt went wrong


def audit(
    dropped: Sequence[Dropped],
    inboxes: Mapping[str, Path],
    spool: Path,
    stored: Iterable[Row],
    requests: Iterable[Row],
) -> Findings:
    """Compare both ends.

    Args:
        dropped: Every file, copies included.
        inboxes: The watch folders by source.
        spool: The spool's folder.
        stored: The reports in the server's store.
        requests: The server's log.
    """
    found = Findings()
    rows = list(stored)
    by_serial = defaultdict(list)
    for row in rows:
        by_serial[row["sn"]].append(row)
    for file in {file.file_id: file for file in dropped}.values():
        names = [other.name for other in dropped if other.file_id == file.file_id]
        _judge(file, places(file, names, inboxes, spool), by_serial, found)
    known = {serial for file in dropped for serial in file.serials}
    found.unexpected += [f"{serial}: nobody dropped it" for serial in by_serial.keys() - known]
    _count(rows, list(requests), found)
    return found


def places(file: Dropped, names: Iterable[str], inboxes: Mapping[str, Path], spool: Path) -> list[str]:
    """Where the bytes of a file are: it has to be exactly one place."""
    trees = {
        "waiting": spool / "files" / file.file_id / "meta.json",
        "quarantined": spool / "quarantine" / file.file_id / "meta.json",
        "finished": spool / "finished" / file.file_id / "meta.json",
        "delivered": spool.parent / "archive/files" / file.file_id[:2] / file.file_id / "000001",
    }
    found = [place for place, card in trees.items() if card.exists()]
    found += ["in its folder" for name in names if (inboxes[file.source] / name).exists()]
    return found


def _judge(file: Dropped, there: list[str], by_serial: Mapping[str, list[Row]], found: Findings) -> None:
    stored = [serial for serial in file.serials if by_serial.get(serial)]
    for serial in file.serials:
        ids = {row["uuid"] for row in by_serial.get(serial, ())}
        if len(ids) > 1:
            found.doubled.append(f"{serial}: stored as {' and '.join(sorted(ids))}")
    match there:
        case []:
            found.lost.append(f"{file.name}: is nowhere")
        case ["delivered"]:
            found.delivered += 1
            found.lost += [
                f"{file.name}: {serial} is not stored" for serial in file.serials if serial not in stored
            ]
            if not file.serials:
                found.unexpected.append(f"{file.name}: a bad file was delivered")
        case ["quarantined"]:
            found.quarantined += 1
            if file.serials:
                found.unexpected.append(f"{file.name}: a good file was quarantined")
        case ["waiting" | "finished" | "in its folder"]:
            found.waiting.append(f"{file.name}: {there[0]}")
        case _:
            found.unexpected.append(f"{file.name}: is in {len(there)} places: {', '.join(there)}")


def _count(rows: Sequence[Row], requests: Sequence[Row], found: Findings) -> None:
    uploads = [request for request in requests if request["method"] == "POST"]
    tries = Counter(request["id"] for request in uploads)
    found.reports = len(rows)
    found.attempts = len(uploads)
    found.acknowledged = sum(request["status"] == 200 for request in uploads)
    found.duplicated = sum(row["receiveCount"] - 1 for row in rows)
    found.recovered = sum(tries[row["uuid"]] > 1 for row in rows)
    stored = {row["uuid"] for row in rows}
    # The server knows a test by unit and start as well, and keeps one that comes under another id only once.
    aliases = {request["id"] for request in uploads if request["status"] == 200} - stored
    found.doubled += [f"{alias}: was taken for a report that is stored under another id" for alias in aliases]
