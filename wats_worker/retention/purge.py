"""Takes the bytes of archived files away, and writes down of which and why.

    plan ──► a line in the audit trail, with the files' ids ──► the bytes ──► a mark that they are purged

The line comes first: whatever kills us, no bytes are gone of which the trail knows nothing. What is on the
spool is not touched, and neither is a file that is just being delivered again. Bytes that another file needs
stay; see ``wats_worker.archive.clearing`` for one that is archived meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from wats_worker.archive.archive import Archive
from wats_worker.archive.clearing import Clearing
from wats_worker.archive.errors import ArchiveError, Damaged
from wats_worker.archive.record import Blob, KeptFile
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.catalogue.kept import Kept
from wats_worker.catalogue.rebuilding import complete
from wats_worker.retention.holds import Hold, Holds
from wats_worker.retention.rules import Rule, Victim, over
from wats_worker.trail.book import Book
from wats_worker.trail.entry import Event, Told
from wats_worker.trail.proof import PURGED

#: Files of one line in the trail.
_PORTION: Final = 100
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
    cleared: int  #: how often the catalogue had been forgotten when this was planned


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
        catalogue: Knows what there is, and who needs it; it is made whole first.
        holds: What must stay.
        book: The audit trail.
        who: Who does it, for the trail.
        rules: By source, how much of it is kept.
        on_spool: Whether a file is just being delivered.
        short_of: How many bytes of room are missing on the archive's disk.
        now: Seconds since 1970.
        portion: Files of one line in the trail. Only for testing.
    """

    archive: Archive
    catalogue: Catalogue
    holds: Holds
    book: Book
    who: str
    rules: Mapping[str, Rule]
    on_spool: Callable[[str], bool]
    short_of: Callable[[], int]
    now: Callable[[], float]
    portion: int = _PORTION

    def plan(self, go_on: Callable[[], object] = lambda: True) -> Plan:
        """What would go now. Nothing goes by this.

        Args:
            go_on: Asked now and then; the answer does not matter.

        Raises:
            StoreUnusable: the archive gives nothing for now.
            CatalogueUnusable: the catalogue does not answer.
        """
        kept = self.catalogue.kept
        cleared = kept.cleared()
        complete(self.archive, self.catalogue, progress=lambda _: go_on())
        held = self._held(self.holds.all())
        victims = [
            victim
            for source, rule in self.rules.items()
            if rule
            for victim in over(
                kept.newest_first(source), rule, held=lambda file: file.file_id in held, now=self.now()
            )
        ]
        victims.sort(key=lambda victim: (victim.why, victim.file.at, victim.file.file_id))
        if short_of := self.short_of():
            victims += self._in_the_way(victims, held, short_of)
        files, size = kept.count()
        return Plan(tuple(victims), files=files, bytes=size, held=kept.with_bytes(held), cleared=cleared)

    def carry_out(self, plan: Plan, go_on: Callable[[], bool]) -> Purged:
        """Take away what was planned, until it is done or ``go_on`` says no.

        Raises:
            Busy: somebody else does it just now.
            TrailUnusable: it can't be written down, so the rest stays.
            StoreUnusable: the archive takes nothing for now.
            CatalogueUnusable: the catalogue does not answer.
        """
        files = size = 0
        with self.archive.clearing(self.who, self.now) as clearing:
            for why, portion in self._portions(plan.victims):
                if not go_on():
                    break
                gone = self._take_away(clearing, [victim.file for victim in portion], why, plan.cleared)
                files, size = files + len(gone), size + sum(file.size for file in gone)
        return Purged(files, size)

    def _held(self, holds: Sequence[Hold]) -> frozenset[str]:
        """The files that stay, as far as the catalogue tells."""
        serials = {serial for hold in holds for serial in hold.serials}
        ids = {file_id for hold in holds for file_id in hold.file_ids}
        return frozenset(ids | self.catalogue.kept.of_units(serials))

    def _in_the_way(self, victims: Sequence[Victim], held: frozenset[str], short_of: int) -> Iterator[Victim]:
        """The oldest of what is left, until there may be room."""
        gone = {victim.file.file_id for victim in victims}
        freed = sum(victim.file.size for victim in victims)
        for file in self.catalogue.kept.oldest_first():
            if freed >= short_of * _PACKED:
                return
            if file.file_id not in gone and file.file_id not in held:
                yield Victim(file, _SHORT)
                freed += file.size

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

    def _take_away(self, clearing: Clearing, files: Sequence[Kept], why: str, cleared: int) -> list[Kept]:
        """Take away the bytes of some files; which it were."""
        holds = self.holds.all()  # somebody may have thought of it just now
        gone = {
            file: records
            for file in files
            if not self.on_spool(file.file_id)
            and (records := self._records(file))
            and not any(hold.holds(record) for hold in holds for record in records)
        }
        editions = {file.file_id: file.edition for file in gone}
        blobs = {blob.sha256: blob for ours in gone.values() for blob in _blobs(ours)}
        clearing.condemn(blobs)
        needed = self.catalogue.kept.needed(blobs, besides=editions, cleared=cleared)
        if needed is None:
            raise ArchiveError("the catalogue was just rebuilt, so it has to be looked anew what is over")
        self._tell(list(gone), why)
        if not clearing.may_go():
            raise ArchiveError("this process stood still for too long to know what may go. Try again.")
        self.archive.forget(blob for sha256, blob in blobs.items() if sha256 not in needed)
        for file_id, edition in editions.items():
            self.archive.mark_purged(file_id, edition)
        self.catalogue.kept.purged(editions)
        return list(gone)

    def _records(self, file: Kept) -> list[KeptFile]:
        """The records of a file up to an edition; none if one can't be read: nobody knows what it names."""
        try:
            found = [self.archive.record(file.file_id, number) for number in range(1, file.edition + 1)]
        except Damaged:
            return []
        return [record for record in found if record is not None]

    def _tell(self, files: Sequence[Kept], why: str) -> None:
        if files:
            told = {
                "files": [file.file_id for file in files],
                "sources": sorted({file.source for file in files}),
                "bytes": sum(file.size for file in files),
            }
            self.book.write(Told(Event.DONE, PURGED, who=self.who, reason=why, facts=told))


def _blobs(records: Sequence[KeptFile]) -> Iterator[Blob]:
    for record in records:
        yield from (blob for blob in (record.original, record.bodies) if blob is not None)
