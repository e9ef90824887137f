"""Takes the bytes of archived files away, and writes down of which and why.

    plan ──► a line in the audit trail, with the files' ids ──► the bytes ──► a mark that they are purged

The line comes first: whatever kills us, no bytes are gone of which the trail knows nothing. What is on the
spool is not touched, and neither is a file that is just being delivered again.

    purged/<aa>/<file_id>/<edition>   so that nobody looks for these bytes again
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wats_worker.archive.archive import FILES, Archive
from wats_worker.archive.errors import Damaged
from wats_worker.archive.record import Blob, KeptFile
from wats_worker.retention.holds import Hold, Holds
from wats_worker.retention.rules import Candidate, Rule, Victim, oldest, over
from wats_worker.store.store import Store
from wats_worker.trail.book import Book
from wats_worker.trail.entry import Event, Told
from wats_worker.trail.proof import PURGED

#: Files of one line in the trail.
_PORTION: Final = 100
_PURGED: Final = "purged"
#: How many bytes of files have to go for one byte on the disk, at most: they lie there compressed.
_PACKED: Final = 20
_SHORT: Final = "the disk is short of room"


@dataclass(frozen=True)
class Plan:
    """What would go."""

    victims: tuple[Victim, ...]
    files: int  #: that have their bytes
    bytes: int  #: of them
    held: int  #: of them, by labels


@dataclass(frozen=True)
class Purged:
    """What went."""

    files: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Purge:
    """One look at what is too old, too much, or in the way.

    Args:
        archive: What is purged.
        store: Where it lies.
        book: The audit trail.
        who: Who does it, for the trail.
        rules: By source, how much of it is kept.
        on_spool: Whether a file is just being delivered.
        short_of: How many bytes of room are missing on the archive's disk.
        now: Seconds since 1970.
        portion: Files of one line in the trail. Only for testing.
    """

    archive: Archive
    store: Store
    book: Book
    who: str
    rules: Mapping[str, Rule]
    on_spool: Callable[[str], bool]
    short_of: Callable[[], int]
    now: Callable[[], float]
    portion: int = _PORTION

    def plan(self) -> Plan:
        """What would go now. Nothing goes by this.

        Raises:
            StoreUnusable: the archive gives nothing for now.
        """
        holds = Holds(self.store).all()
        found = (self._candidate(records, holds) for records in self._files())
        files = [file for file in found if file is not None]
        victims = over(files, self.rules, now=self.now())
        if short_of := self.short_of():
            gone = {victim.file.file_id for victim in victims}
            freed = sum(victim.file.size for victim in victims)
            for file in oldest(file for file in files if file.file_id not in gone):
                if freed >= short_of * _PACKED:
                    break
                victims.append(Victim(file, _SHORT))
                freed += file.size
        return Plan(
            victims=tuple(victims),
            files=len(files),
            bytes=sum(file.size for file in files),
            held=sum(bool(file.held) for file in files),
        )

    def carry_out(self, plan: Plan, go_on: Callable[[], bool]) -> Purged:
        """Take away what was planned, until it is done or ``go_on`` says no.

        Raises:
            TrailUnusable: it can't be written down, so the rest stays.
            StoreUnusable: the archive takes nothing for now.
        """
        uses = self._uses(plan.victims)
        files = size = 0
        for why, portion in self._portions(plan.victims):
            if not go_on():
                break
            wanted = [victim.file for victim in portion if not self.on_spool(victim.file.file_id)]
            self._tell(wanted, why)
            for file in wanted:
                self._take_away(file, uses)
            files, size = files + len(wanted), size + sum(file.size for file in wanted)
        return Purged(files, size)

    def _portions(self, victims: Sequence[Victim]) -> Iterator[tuple[str, Sequence[Victim]]]:
        """What goes together, each time as much as is still to go."""
        for why, group in groupby(victims, key=lambda victim: victim.why):
            waiting = list(group)
            while waiting:
                count = self._needed(waiting) if why == _SHORT else self.portion
                if not count:
                    break
                yield why, waiting[:count]
                del waiting[:count]

    def _needed(self, waiting: Sequence[Victim]) -> int:
        """How many files make the room that is missing now, if they lie there as large as they are."""
        missing, count = self.short_of(), 0
        for victim in waiting[: self.portion]:
            if missing <= 0:
                break
            missing -= victim.file.size
            count += 1
        return count

    def _files(self) -> Iterator[list[KeptFile]]:
        """The records of each file, in all editions whose bytes were not purged."""
        purged = dict(self._keys(_PURGED))
        for file_id, keys in groupby(self._keys(FILES), key=lambda key: key[0]):
            editions = [edition for _, edition in keys if edition > purged.get(file_id, 0)]
            if records := [one for edition in editions if (one := self._record(file_id, edition))]:
                yield records

    def _keys(self, below: str) -> Iterator[tuple[str, int]]:
        for entry in self.store.list(below):
            _, _, file_id, edition = entry.key.split("/")
            yield file_id, int(edition)

    def _record(self, file_id: str, edition: int) -> KeptFile | None:
        try:
            return self.archive.record(file_id, edition)
        except Damaged:
            return None  # nobody can tell whether it may go

    def _candidate(self, records: Sequence[KeptFile], holds: Sequence[Hold]) -> Candidate | None:
        last = records[-1]
        size = sum(blob.size for blob in _blobs(records))
        if not size:
            return None
        held = next((hold.label for hold in holds if any(hold.holds(one) for one in records)), "")
        return Candidate(last.file_id, last.edition, last.card.source, last.archived_at, size, held)

    def _uses(self, victims: Collection[Victim]) -> Counter[str]:
        """How many files need each blob of the victims: the same bytes lie there once for all of them."""
        ids = {victim.file.file_id for victim in victims}
        if not ids:
            return Counter()
        theirs = {
            blob.sha256 for records in self._files() if records[0].file_id in ids for blob in _blobs(records)
        }
        return Counter(
            sha256
            for records in self._files()
            for sha256 in {blob.sha256 for blob in _blobs(records)} & theirs
        )

    def _tell(self, files: Sequence[Candidate], why: str) -> None:
        if files:
            told = {
                "files": [file.file_id for file in files],
                "sources": sorted({file.source for file in files}),
                "bytes": sum(file.size for file in files),
            }
            self.book.write(Told(Event.DONE, PURGED, who=self.who, reason=why, facts=told))

    def _take_away(self, file: Candidate, uses: Counter[str]) -> None:
        records = [one for n in range(1, file.edition + 1) if (one := self._record(file.file_id, n))]
        blobs = {blob.sha256: blob for blob in _blobs(records)}
        for sha256, blob in blobs.items():
            uses[sha256] -= 1
            if uses[sha256] <= 0:
                self.archive.forget(blob)
        self.store.put(f"{_PURGED}/{file.file_id[:2]}/{file.file_id}/{file.edition:06}", b"purged")


def _blobs(records: Sequence[KeptFile]) -> Iterator[Blob]:
    for record in records:
        yield from (blob for blob in (record.original, record.bodies) if blob is not None)
