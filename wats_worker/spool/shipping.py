"""From the host that took a file in to the store: bytes first, then the card, then away with its own copy.

    1. put files/<file_id>/<life>/source  the same bytes under the same name, whoever writes them
    2. mark waiting/<file_id>.<turn>
    3. create cards/<file_id>.json        from here on the store has the file
    4. remove the host's own copy

Killed anywhere before 4, the host still has the file, and ships it again when it recovers. After 3 it finds
its own card and only removes its copy.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Final

from wats_worker.spool.cards import Card, Cards
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.landing import Landing
from wats_worker.spool.model import Place
from wats_worker.spool.weather import SpoolStore

#: Files on their way at once. What takes time is the store's answer, not our work.
_AT_ONCE: Final = 8


class Shipped(Enum):
    """What became of a file."""

    YES = "yes"  #: the store has it
    KNOWN = "known"  #: the store has the same bytes of another claim; ours are still here
    LATER = "later"  #: somebody writes to it, or another thread is at it


class Shipping:
    """Brings what lies in the landing to the store.

    Args:
        landing: The host's own spool, in which nothing stays.
        store: Where files go.
        cards: Where they are entered.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(
        self, landing: Landing, store: SpoolStore, cards: Cards, step: Callable[[str], None]
    ) -> None:
        self._landing = landing
        self._store = store
        self._cards = cards
        self._step = step
        self._guard = threading.Lock()
        self._busy: set[str] = set()

    def ship_all(self, file_ids: Iterable[str]) -> dict[str, Shipped]:
        """Ship files; what became of each.

        Raises:
            SpoolUnusable: the store takes nothing. What was not shipped is still here, and is tried again.
        """
        ids = list(file_ids)
        if len(ids) < 2:
            return {file_id: self.ship(file_id) for file_id in ids}
        with ThreadPoolExecutor(_AT_ONCE) as hands:
            return dict(zip(ids, hands.map(self.ship, ids), strict=True))

    def ship(self, file_id: str) -> Shipped:
        """Ship one file."""
        with self._guard:
            if file_id in self._busy:
                return Shipped.LATER
            self._busy.add(file_id)
        try:
            return self._ship(file_id)
        finally:
            with self._guard:
                self._busy.discard(file_id)

    def _ship(self, file_id: str) -> Shipped:
        place = self._landing.place(file_id)
        if place is None:
            return Shipped.YES  # another process of this host was quicker
        try:
            card = self._card(file_id, place)
            # What has left the store already is not put there again.
            if not self._cards.knows(card) and not self._bring(card):
                return Shipped.LATER
            entered = self._cards.enter(card)
        except (NotInSpool, FileNotFoundError):
            # Its card or its bytes are gone under our hands: another process was quicker, or killed when it
            # was.
            if self._cards.find(file_id) is None:
                return Shipped.LATER
            entered = True
        if entered:
            self._step("forget")
            self._landing.forget(file_id)
        return Shipped.YES if entered else Shipped.KNOWN

    def _bring(self, card: Card) -> bool:
        """Put the bytes of a file into the store; False if somebody writes to them."""
        file_id = card.meta.file_id
        if self._landing.changed(file_id):
            return False
        self._step("put-source")
        self._store.put(f"{card.home}/source", self._landing.source(file_id))
        return not self._landing.changed(file_id)

    def _card(self, file_id: str, place: Place) -> Card:
        meta = self._landing.meta(file_id)
        if place is Place.QUARANTINED:
            return Card(meta=meta, place=place, reason=self._landing.reason(file_id))
        return Card(meta=meta)
