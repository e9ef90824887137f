"""How fast files are archived and found again, and how small they get.

    python benchmarks/archive.py [--files 1000] [--found 1000000]

What is measured, and what the fields of the last line mean, is told in ``benchmarks/README.md``.
"""

import argparse
import hashlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from wats_worker.archive.archive import Archive
from wats_worker.archive.record import Blob, KeptFile, KeptReport
from wats_worker.archiving.archivist import Archivist
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.finding import Wanted
from wats_worker.catalogue.rebuilding import rebuild
from wats_worker.demo import units
from wats_worker.retention.rules import Rule, over
from wats_worker.spool.files import Stamp
from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.model import Claimable, FileMeta
from wats_worker.spool.names import Identity
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.store import DiskSpool
from wats_worker.store.folder import FolderStore

#: Files entered in one act.
PORTION = 2000
QUESTIONS = 400
DAWN = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the archive and its catalogue.")
    parser.add_argument("--files", type=int, default=1000, help="files that are archived")
    parser.add_argument("--found", type=int, default=1_000_000, help="files among which is looked for one")
    parser.add_argument("--url", help="a PostgreSQL database for the catalogue; else SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wats-bench-") as name:
        folder = Path(name)
        catalogue = Catalogue.open(
            SecretStr(options.url) if options.url else None, folder / "catalogue.sqlite"
        )
        found = measure_archive(folder, catalogue, options.files)
        found |= measure_finding(catalogue, options.found)
        catalogue.close()
    print(json.dumps(found))


def measure_archive(folder: Path, catalogue: Catalogue, count: int) -> dict[str, Any]:
    """Delivered files on a spool, until all have left it; and the catalogue made of them again."""
    archive = Archive(FolderStore(folder / "archive"))
    spool = DiskSpool(folder / "spool")
    before = deliver(spool, folder / "in", count)
    archivist = Archivist(
        spool=spool,
        archive=archive,
        enter=catalogue.enter,
        stories=lambda ids: [()] * len(ids),
        post_action=lambda _: (PostAction.ARCHIVE, folder),
        now=time.time,
    )
    began = time.perf_counter()
    gone = 0
    while gone < count:
        gone += archivist.round()
    took = time.perf_counter() - began
    archivist.close()
    after = sum(path.stat().st_size for path in (folder / "archive").rglob("*") if path.is_file())
    began = time.perf_counter()
    assert not rebuild(archive, catalogue)
    rebuilt = time.perf_counter() - began
    assert catalogue.count() == count
    return {
        "files": count,
        "files_per_s": round(count / took, 1),
        "bytes_ratio": round(after / before, 3),
        "rebuild_files_per_s": round(count / rebuilt, 1),
    }


def deliver(spool: DiskSpool, folder: Path, count: int) -> int:
    """Files that wait for the archive: how many bytes they and their reports have."""
    folder.mkdir()
    total = 0
    for number in range(count):
        content = units.log(number)
        path = folder / f"{units.serial(number)}.txt"
        path.write_bytes(content)
        identity = Identity("bench")
        identity.feed(content)
        stamp = Stamp.of(path.lstat())
        spool.claim(
            [Claimable("bench", folder, path.name, identity.file_id, identity.sha256, stamp, "convert", 5)],
            keep=False,
        )
        report = json.dumps({"sn": units.serial(number), "log": content.decode("cp1252")}).encode()
        with spool.draft(identity.file_id) as draft:
            draft.add(ReportCard(report_id=f"r{number}", serial=units.serial(number)), report)
            draft.keep(Making(converter="wats-text"))
        spool.delivered(identity.file_id, f"r{number}", {"stored_as": f"s{number}"})
        assert spool.finish(identity.file_id)
        total += len(content) + len(report)
    return total


def measure_finding(catalogue: Catalogue, count: int) -> dict[str, Any]:
    """Questions of every kind, to a catalogue of very many files."""
    began = time.perf_counter()
    catalogue.clear()
    for start in range(0, count, PORTION):
        catalogue.enter([record(number) for number in range(start, min(start + PORTION, count))])
    entered = time.perf_counter() - began
    took: dict[str, list[float]] = {}
    chance = random.Random(8)
    for _ in range(QUESTIONS):
        for name, wanted in questions(chance.randrange(count)).items():
            began = time.perf_counter()
            page = catalogue.find(wanted, count=50)
            took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
            assert page.entries, name
            if page.next:
                began = time.perf_counter()
                catalogue.find(wanted, count=50, after=page.next)
                took.setdefault("next page", []).append((time.perf_counter() - began) * 1000)
    every = [one for ours in took.values() for one in ours]
    return measure_planning(catalogue) | {
        "found_among": count,
        "entered_files_per_s": round(count / entered, 1),
        "find_ms_median": round(statistics.median(every), 2),
        "find_ms_p95": round(statistics.quantiles(every, n=20)[-1], 2),
        "find_ms_p95_by": {
            name: round(statistics.quantiles(ours, n=20)[-1], 2) for name, ours in took.items()
        },
    }


def measure_planning(catalogue: Catalogue) -> dict[str, Any]:
    """What a purge asks: the files of every source that are over, and who needs their bytes."""
    half = catalogue.kept.count()[0] // 40
    began = time.perf_counter()
    victims = [
        victim
        for source in range(20)
        for victim in over(
            catalogue.kept.newest_first(f"line {source}"), Rule(files=half), held=lambda _: False, now=0.0
        )
    ]
    planned = time.perf_counter() - began
    ids = {victim.file.file_id: 1 for victim in victims[:100]}
    blobs = {_sha256(number) for number in range(200)}
    began = time.perf_counter()
    catalogue.kept.needed(blobs, besides=ids, cleared=catalogue.kept.cleared())
    return {
        "over": len(victims),
        "over_s": round(planned, 2),
        "needed_ms": round((time.perf_counter() - began) * 1000, 2),
    }


def questions(number: int) -> dict[str, Wanted]:
    """Each kind of question, about a file that is there."""
    asked: dict[str, Callable[[], Wanted]] = {
        "serial": lambda: Wanted(serial=f"SN-{number:08}"),
        "serial beginning": lambda: Wanted(serial=f"SN-{number:08}"[:6]),
        "part": lambda: Wanted(part=f"PN {number % 200}"),
        "part and station": lambda: Wanted(part=f"PN {number % 200}", station=f"FCT {number % 40}"),
        "name": lambda: Wanted(name=f"unit {number}"),
        "checksum": lambda: Wanted(sha256=_sha256(number)),
        "report": lambda: Wanted(report=f"server-{number}"),
        "id": lambda: Wanted(file_id=_sha256(-number)[:10]),
        "station": lambda: Wanted(station=f"FCT {number % 40}"),
        "source": lambda: Wanted(source=f"line {number % 20}"),
        "time": lambda: Wanted(until=(DAWN + timedelta(seconds=30 * number)).timestamp()),
        "source and time": lambda: Wanted(
            source=f"line {number % 20}", until=(DAWN + timedelta(seconds=30 * number)).timestamp()
        ),
    }
    return {name: make() for name, make in asked.items()}


def record(number: int) -> KeptFile:
    """The record of the n-th file; one came in every half minute."""
    taken = DAWN + timedelta(seconds=30 * number)
    card = FileMeta(
        file_id=_sha256(-number)[:32],
        source=f"line {number % 20}",
        name=f"day {number % 365}/Unit {number}.csv",
        path=f"/in/day {number % 365}/Unit {number}.csv",
        size=2500,
        sha256=_sha256(number),
        mtime_ns=0,
        claimed_at=taken.isoformat(),
        pool="convert",
        priority=5,
    )
    report = KeptReport(
        card=ReportCard(
            report_id=f"ours-{number}",
            sent_as=f"own-{number}",
            kind="T",
            serial=f"SN-{number:08}",
            part=f"PN {number % 200}",
            station=f"FCT {number % 40}",
            started=taken.isoformat(),
            result="P",
        ),
        sha256=_sha256(number),
        size=9000,
        receipts=({"stored_as": f"server-{number}", "delivered_at": taken.isoformat()},),
    )
    original = Blob(sha256=card.sha256, size=card.size)
    return KeptFile(
        edition=1, archived_at=taken.timestamp() + 5, card=card, original=original, reports=(report,)
    )


def _sha256(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


if __name__ == "__main__":
    main()
