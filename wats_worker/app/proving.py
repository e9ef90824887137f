"""Is everything that is kept what it was? The trail, the sealed days, every byte of the archive."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date

from wats_worker.app.line import Line
from wats_worker.archive.archive import Archive
from wats_worker.archive.errors import Damaged
from wats_worker.archive.evidence import Evidence
from wats_worker.archive.record import Blob, KeptFile
from wats_worker.trail.manifests import listed, sealed
from wats_worker.trail.proof import Check, Finding, Kind, Proof
from wats_worker.trail.seal import Witness


@dataclass(frozen=True)
class Proved:
    """What was looked at, and what is wrong with it."""

    proof: Proof
    files: int
    bytes: int  #: that were read and found to be the right ones


def prove(
    line: Line,
    witness: Witness,
    *,
    expected: Collection[str] = (),
    progress: Callable[[str], object] = lambda _: None,
) -> Proved:
    """Look at everything.

    Args:
        line: Whose trail and archive.
        witness: Who knows the signatures.
        expected: Hashes of manifests that were kept elsewhere.
        progress: Told now and then what was looked at.

    Raises:
        StoreUnusable: the archive gives nothing for now.
    """
    evidence, layout = Evidence(line.archive_store), line.trail.layout
    check = Check(layout, witness)
    proof = check.run(
        hash_now=evidence.hash_now,
        expected=expected,
        progress=lambda count: progress(f"{count} records of sealed days"),
    )
    days = sealed(layout)
    findings = list(proof.findings)
    if days:
        known = {record.name for day in days for record in listed(layout, day)}
        findings += _added(evidence, known, date.fromisoformat(days[-1]))
    reading = _Reading(line.archive, proof.purged, progress)
    findings += reading.all()
    return Proved(replace(proof, findings=tuple(findings)), reading.files, reading.bytes)


def _added(evidence: Evidence, known: Collection[str], last: date) -> Iterator[Finding]:
    for name, written in evidence.names():
        if written <= last and name not in known:
            why = f"it is dated {written}, and was not there when that day was sealed"
            yield Finding(Kind.ADDED, name, why)


class _Reading:
    """Reads every byte of an archive."""

    def __init__(self, archive: Archive, purged: Collection[str], progress: Callable[[str], object]) -> None:
        self.files = self.bytes = 0
        self._archive = archive
        self._purged = purged
        self._progress = progress
        self._good: set[str] = set()  # the same bytes may belong to many files

    def all(self) -> Iterator[Finding]:
        for file_id in self._archive.file_ids():
            for edition in self._archive.editions(file_id):
                try:
                    record = self._archive.record(file_id, edition)
                except Damaged as damaged:
                    yield Finding(Kind.CHANGED, f"edition {edition} of file {file_id}", str(damaged))
                    continue
                if record is not None:
                    yield from self._file(record)
            self.files += 1
            self._progress(f"{self.files} files, {self.bytes // 2**20} MiB")

    def _file(self, record: KeptFile) -> Iterator[Finding]:
        for what, blob in (("the bytes", record.original), ("the reports", record.bodies)):
            if blob is None or blob.sha256 in self._good:
                continue
            name = f"{what} of file {record.file_id} ({record.card.name})"
            if not self._archive.has_bytes(blob):
                if record.file_id not in self._purged:
                    yield Finding(Kind.MISSING, name, f"blob {blob.sha256} is gone, and no rule purged it")
            elif self._is_good(blob):
                self._good.add(blob.sha256)
                self.bytes += blob.size
            else:
                yield Finding(Kind.CHANGED, name, f"blob {blob.sha256} is not what was archived")

    def _is_good(self, blob: Blob) -> bool:
        try:
            for _ in self._archive.read(blob):
                continue
        except Damaged:
            return False
        return True
