"""The reports of the files in a store: a pack for each attempt, and a receipt for each report delivered."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from wats_worker.spool import names
from wats_worker.spool.cards import Card
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.landing import Landing
from wats_worker.spool.made import UNTOLD, Made, Making, ReportCard
from wats_worker.spool.model import Place
from wats_worker.spool.packs import Packs, StoreDraft, pack_key
from wats_worker.spool.receipts import Receipts
from wats_worker.spool.stored import StoredFiles
from wats_worker.spool.weather import SpoolStore


class StoredReports(StoredFiles):
    """Files of a store, and what was made of them.

    Args:
        store: Where they lie.
        landing: Has room for scratch on this host.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(self, store: SpoolStore, landing: Landing, step: Callable[[str], None]) -> None:
        super().__init__(store, landing, step)
        self._packs = Packs(store)
        self._receipts = Receipts(store)

    @contextmanager
    def draft(self, file_id: str) -> Iterator[StoreDraft]:
        """A place for the reports of a file while they are made."""
        if self._cards.read(file_id).place is not Place.WAITING:
            raise NotInSpool(f"file {file_id} is not waiting in the spool")
        with ExitStack() as held:
            draft = StoreDraft(
                root=self.root,
                corner=held.enter_context(self._landing.landing()),
                file_id=file_id,
                store=self._store,
                cards=self._cards,
                step=self._step,
            )
            held.callback(draft.close)
            yield draft

    def save_reports(self, file_id: str, made: Mapping[str, bytes], how: Making = UNTOLD) -> None:
        """A draft of these reports, kept."""
        with self.draft(file_id) as draft:
            for report_id, body in made.items():
                draft.add(ReportCard(report_id=report_id), body)
            draft.keep(how)

    def converted(self, file_id: str) -> bool:
        """Whether the reports of a file are here, be it that all of them are delivered already."""
        return self._cards.read(file_id).pack is not None

    def made(self, file_id: str) -> Made:
        """How the reports of a file were made, and of what they tell."""
        return self._made(self._cards.read(file_id))

    def _made(self, card: Card) -> Made:
        return self._packs.index(pack_key(card)).made if card.pack else Made()

    def pending(self, file_id: str) -> list[str]:
        """The reports of a file that are not confirmed yet, in their order."""
        return self._pending(self._cards.read(file_id))

    def _pending(self, card: Card) -> list[str]:
        confirmed = self._receipts.ids(card) if card.pack else ()
        return [one.report_id for one in self._made(card).reports if one.report_id not in confirmed]

    def report(self, file_id: str, report_id: str) -> bytes:
        """The JSON of a report that is not confirmed yet."""
        names.report_id(report_id)
        card = self._cards.read(file_id)
        if card.pack is None or self._receipts.has(card, report_id):
            raise NotInSpool(f"file {file_id} has no pending report {report_id}")
        return self._packs.report(pack_key(card), report_id)

    def body(self, file_id: str, report_id: str) -> bytes | None:
        """The JSON of a report of a finished file; of an earlier attempt, if the last one did not give it."""
        names.report_id(report_id)
        card = self._cards.read(file_id)
        ours = pack_key(card)
        others = [entry.key for entry in self._store.list(f"{card.home}/packs") if entry.key != ours]
        for key in [ours, *others] if ours else others:
            with suppress(NotInSpool):
                return self._packs.report(key, report_id)
        return None

    def delivered(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """Note that the server has confirmed a report; how many are left, or a hundred of many."""
        card = self._cards.read(file_id)
        reports = {one.report_id for one in self._made(card).reports}
        if report_id in reports:
            self._step("note-receipt")
            self._receipts.note(card, report_id, receipt)
        return self._receipts.left(card, reports)

    def receipt(self, file_id: str, report_id: str) -> dict[str, Any] | None:
        """What the server said to a report, if it is delivered."""
        return self._receipts.find(self._cards.read(file_id), names.report_id(report_id))

    def receipts(self, file_id: str) -> list[dict[str, Any]]:
        """What the server said to the delivered reports of a file."""
        return self._receipts.read(self._cards.read(file_id))

    def discard(self, file_id: str, report_id: str, receipt: Mapping[str, Any]) -> int:
        """A person gave up a report; how many of the file are still pending."""
        card = self._cards.read(file_id)
        self._receipts.note(card, report_id, receipt)
        return len(self._pending(card))
