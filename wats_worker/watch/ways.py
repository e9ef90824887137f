"""The ways a source's files can come: one by one, several as one unit, or a file that grows."""

from collections.abc import Callable, Container
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Protocol

from wats_worker.converters.arrival import GROWS, PAIRS, Grows, Pair
from wats_worker.intake.wanted import Wanted
from wats_worker.settings import GrowSettings, Source
from wats_worker.spool.files import Stamp
from wats_worker.spool.model import Claimable
from wats_worker.spool.spool import Spool
from wats_worker.watch.candidates import Candidates
from wats_worker.watch.complete import Completeness
from wats_worker.watch.grow import Grower
from wats_worker.watch.grown import Grown
from wats_worker.watch.identity import Identifier, Later, NotYet, Odd
from wats_worker.watch.kept import Kept
from wats_worker.watch.late import Late
from wats_worker.watch.look import Look, Looker
from wats_worker.watch.pairs import Pairing
from wats_worker.watch.settle import Moment, Rules, Sighting
from wats_worker.watch.units import UnitLooker

#: What a source says that leaves the choice of the converter to the file.
AUTO: Final = "auto"


class Looks(Protocol):
    """Looks into the watch folder."""

    def look(self) -> Look:
        """Look once."""


class Reads(Protocol):
    """Reads what was sighted and is finished."""

    def identify(self, sighting: Sighting) -> Claimable | NotYet | Later | Odd:
        """What may be claimed of it."""


@dataclass(frozen=True)
class Way:
    """How the files of one source are found and read."""

    looker: Looks
    reader: Reads
    candidates: Candidates
    late: Late | None  #: of what may wait for more


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What the way of one source is made of.

    Args:
        source: The source.
        spool: Where its files go.
        now: Both clocks.
        our_clock: Whether the times of files on this device are told by our own clock.
        leaving: The names of units that are in the spool and not all gone from the folder.
        give_up: Asked between pieces of a large file; True ends the reading.
    """

    source: Source
    spool: Spool
    now: Callable[[], Moment]
    our_clock: Callable[[int], bool]
    leaving: Callable[[], Container[str]]
    give_up: Callable[[], bool]

    def way(self) -> Way:
        """The way its files come."""
        source = self.source
        if source.mode == "grow":
            return self._growing()
        kept = Kept(self.spool.kept(source.name)) if source.mode == "keep" else None
        candidates = Candidates(self._rules, kept)
        looker = self._looker(candidates)
        late = Late(source.unit_s) if isinstance(looker, UnitLooker) else None
        return Way(looker, self._reader(), candidates, late)

    def _growing(self) -> Way:
        source = self.source
        grown = Grown(self.spool.grown(source.name))
        # What grows is asked at every change whether there is a piece to take.
        candidates = Candidates(Rules(0.0), grown)
        reader = Grower(
            source=source.name,
            folder=source.folder,
            pool=source.pool,
            priority=source.priority,
            rules=_grows(source),
            quiet_s=(source.grow or GrowSettings()).quiet_s,
            grown=grown,
            now=self.now,
        )
        return Way(self._looker(candidates), reader, candidates, Late(source.unit_s))

    @property
    def _rules(self) -> Rules:
        return Rules(self.source.quiet_s, marker=self.source.marker is not None)

    def _looker(self, candidates: Candidates) -> Looks:
        source = self.source

        def passed(name: str, stamp: Stamp) -> bool:
            return name in self.leaving() or candidates.passed(name, stamp, self.now())

        wanted = Wanted(source.include, source.exclude, source.marker)
        match source.unit:
            case "folder" | "stem" as kind:
                return UnitLooker(
                    folder=source.folder,
                    wanted=wanted,
                    completeness=Completeness(kind, source.unit_members),
                    keep_out=_own_folders(source),
                    our_clock=self.our_clock,
                    passed=passed,
                )
        return Looker(
            folder=source.folder,
            wanted=wanted,
            recursive=source.recursive,
            keep_out=_own_folders(source),
            our_clock=self.our_clock,
            passed=passed,
        )

    def _reader(self) -> Reads:
        source = self.source
        identifier = Identifier(
            source=source.name,
            folder=source.folder,
            pool=source.pool,
            priority=source.priority,
            give_up=self.give_up,
        )
        pairs = _pairs(source)
        if not pairs:
            return identifier
        return Pairing(
            folder=source.folder,
            pairs=pairs,
            identifier=identifier,
            rules=self._rules,
            patience_s=source.unit_s,
            our_clock=self.our_clock,
            now=self.now,
        )


def _pairs(source: Source) -> list[Pair]:
    """The pairs that may lie in the folder of a source of single files."""
    if source.unit is not None or source.recursive or source.marker is not None:
        return []
    return [pair for name, pair in PAIRS.items() if source.converter in {AUTO, name}]


def _grows(source: Source) -> Grows:
    """What the operator says of files that grow, and where he says nothing, what is known of the tester."""
    known = GROWS.get(source.converter, Grows())
    if source.grow is None:
        return known
    said = source.grow.model_fields_set
    names = [field.name for field in fields(Grows)]
    return Grows(**{name: getattr(source.grow if name in said else known, name) for name in names})


def _own_folders(source: Source) -> frozenset[Path]:
    """Folders in the watch folder that hold what is finished."""
    own = {source.folder / "Done", source.folder / "Error"}
    return frozenset(own | ({source.done_folder} if source.done_folder else set()))
