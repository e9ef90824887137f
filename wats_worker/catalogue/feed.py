"""What the journal tells of files on their way goes into the catalogue, in the order in which it happened.

Anybody may do it at any time, and several at once: what is told of a file is how it is now, newer word goes
before older, and how far it was read is noted after it was written. Of an archived file its record tells.
"""

from collections.abc import Sequence
from typing import Final

from wats_broker.journal import FileRecord, Journal
from wats_broker.states import FileState
from wats_worker.catalogue import rows
from wats_worker.catalogue.catalogue import Catalogue
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.made import ReportCard
from wats_worker.spool.spool import Spool

#: What it is called in the catalogue how far the journal was read.
JOURNAL: Final = "journal"
#: Files of one round trip.
_PORTION: Final = 500
#: Their reports are made.
_MADE: Final = frozenset({FileState.CONVERTED, FileState.BURIED, FileState.DELIVERED})


class Feed:
    """Reads the journal into the catalogue.

    Args:
        journal: What happens.
        spool: What the journal does not tell: checksums, and what the reports are about.
        catalogue: Where it goes.
        portion: Files of one round trip. Only for testing.
    """

    def __init__(
        self, *, journal: Journal, spool: Spool, catalogue: Catalogue, portion: int = _PORTION
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._catalogue = catalogue
        self._portion = portion
        #: What was told of the last millisecond; it is told again when more comes, and need not be written.
        self._told: frozenset[tuple[str, int]] = frozenset()

    def catch_up(self, *, most: int = 10) -> bool:
        """Read on; so many portions at most. Whether all is read.

        Raises:
            CatalogueUnusable: the catalogue takes nothing for now.
            redis.exceptions.RedisError: the journal can't be asked.
        """
        at_ms = self._catalogue.at(JOURNAL)
        for _ in range(most):
            # From the last millisecond on once more: something may have happened in it since.
            count = self._portion
            changed = self._journal.changes(at_ms, count=count)
            if len(changed) == count and changed[-1][1] == at_ms:
                # More in one millisecond than is asked for at once.
                count *= 100
                changed = self._journal.changes(at_ms, count=count)
            self._note(changed)
            last_ms = changed[-1][1] if changed else at_ms
            if last_ms != at_ms:
                self._catalogue.reached(JOURNAL, last_ms, since_ms=at_ms)
            if len(changed) < count:
                return True
            at_ms = last_ms
        return False

    def _note(self, told_again: Sequence[tuple[str, int]]) -> None:
        changed = [one for one in told_again if one not in self._told]
        if not changed:
            return
        ids = [file_id for file_id, _ in changed]
        known = self._catalogue.known(ids)
        told = []
        for (file_id, at_ms), record in zip(changed, self._journal.records(ids), strict=True):
            if record is not None:
                sha256, count = known.get(file_id, ("", 0))
                cards = self._cards(record) if not count else ()
                told.append(
                    rows.of_journal(
                        record,
                        at_ms,
                        sha256=sha256 or self._sha256(file_id),
                        cards=cards,
                        known=count,
                    )
                )
        self._catalogue.note(told)
        self._told = frozenset(one for one in told_again if one[1] == told_again[-1][1])

    def _sha256(self, file_id: str) -> str:
        try:
            return self._spool.meta(file_id).sha256
        except NotInSpool:
            return ""  # it has gone on; the archive tells

    def _cards(self, record: FileRecord) -> Sequence[ReportCard]:
        if record.state not in _MADE:
            return ()
        try:
            return self._spool.made(record.file_id).reports
        except NotInSpool:
            return ()
