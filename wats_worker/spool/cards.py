"""The card of a file in a store: one object that alone decides where the file is and which reports count.

A card is only ever replaced by somebody who saw it. So of two who move a file at once, one does, and the
other looks again; and whoever is killed between two objects has changed the card or has not.

Marks stand for the place of a card, so that a place can be listed. They are made before the card moves and
removed after it has, and their turn tells an old one: a mark too many is found out, and there is never one
too few.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wats_worker.spool import shelf
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.model import FileMeta, Place
from wats_worker.spool.weather import SpoolStore


class Pack(BaseModel):
    """Reports that lie together in one object, see ``packs``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    token: str  #: its name: what tells it from those of other attempts, where its index begins, and its size
    digest: str  #: of ids and reports


class Card(BaseModel):
    """All that is decided about a file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    meta: FileMeta
    place: Place = Place.WAITING
    left: bool = False  #: it is here no more. The card stays, so that nobody takes an old hand for a new one
    turn: int = 1  #: counts its changes of place
    serial: int = 1  #: counts all of its changes, so that no two contents are the same
    pack: Pack | None = None
    reason: dict[str, Any] = {}
    stderr: str = ""  #: the token of what its converter said
    version: str = Field(default="", exclude=True)  #: the store's, of the card as it was read

    @property
    def life(self) -> str:
        """What tells this stay of the file from others: by the claim or the return that began it."""
        began = f"{self.meta.claimed_at}|{self.meta.path}|{self.meta.replayed_at}"
        return hashlib.sha256(began.encode()).hexdigest()[:16]

    @property
    def home(self) -> str:
        """What everything of this stay lies under."""
        return shelf.home(self.meta.file_id, self.life)

    @property
    def mark(self) -> str | None:
        """The key of the mark that stands for where it is."""
        return None if self.left else shelf.mark(self.meta.file_id, self.place, self.turn)


#: Decides what becomes of a card. The same card means that nothing does. It may be asked more than once.
Decision = Callable[[Card], Card]


class Cards:
    """The cards of a store, and their marks.

    Args:
        store: Where they lie.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(self, store: SpoolStore, step: Callable[[str], None]) -> None:
        self._store = store
        self._step = step

    def find(self, file_id: str) -> Card | None:
        """The card of a file, if the spool has it."""
        card = self._look(file_id)
        return None if card is None or card.left else card

    def read(self, file_id: str) -> Card:
        """The card of a file.

        Raises:
            NotInSpool: there is none.
        """
        card = self.find(file_id)
        if card is None:
            raise NotInSpool(f"the spool has no file {file_id}")
        return card

    def knows(self, card: Card) -> bool:
        """Whether this very stay was entered before, be it that it is over already."""
        there = self._look(card.meta.file_id)
        return there is not None and there.life == card.life

    def enter(self, card: Card) -> bool:
        """Enter a file, whose bytes are in the store. False if it is here by another claim.

        That it was entered by this claim before, and nobody could say so, is as good as now.
        """
        fresh, version = card, ""
        tried: list[Card] = []
        while True:
            self._mark(fresh)
            tried.append(fresh)
            self._step("enter-card")
            if self._write(fresh, version):
                return True
            there = self._look(card.meta.file_id)
            if there is None:
                fresh, version = card, ""
                continue
            if there.life == card.life or not there.left:
                self._unmark(tried, now=there)
                return there.life == card.life
            fresh = card.model_copy(update={"turn": there.turn + 1, "serial": there.serial + 1})
            version = there.version

    def change(self, card: Card, decide: Decision) -> Card:
        """Change a card, however many others do at the same time; what it is now.

        Args:
            card: What was seen last. If that is old by now, it is looked at again.
            decide: What becomes of it.

        Raises:
            NotInSpool: there is none any more.
        """
        tried: list[Card] = []
        while True:
            wanted = decide(card)
            if wanted != card:
                moved = wanted.place is not card.place
                counted = {"serial": card.serial + 1, "turn": card.turn + moved}
                wanted = wanted.model_copy(update=counted)
                if moved:
                    self._mark(wanted)
                    tried.append(wanted)
                self._step("change-card")
                if not self._write(wanted, card.version):
                    card = self.read(card.meta.file_id)
                    continue
            self._step("unmark")
            self._unmark([card, *tried], now=wanted)
            return wanted

    def listed(self, place: Place) -> Iterator[tuple[str, int, float]]:
        """The marks of a place: file, turn, and when it was made, by the store's clock.

        Seldom one is of a file that has moved on since.
        """
        for entry in self._store.list(shelf.MARKS[place]):
            if told := shelf.marked(entry.key):
                yield *told, entry.modified.timestamp()

    def tidy(self, file_id: str, place: Place, turn: int) -> bool:
        """Look at what a mark stands for; False if it told of what is no more, and then it is removed."""
        card = self._look(file_id)
        key = shelf.mark(file_id, place, turn)
        if card is not None and card.mark == key:
            return True
        # Of a turn that is still to come: somebody is about to make it, or was killed when he was.
        if card is not None and card.turn >= turn:
            self._store.delete(key)
        return False

    def _look(self, file_id: str) -> Card | None:
        found = self._store.get(shelf.card(file_id))
        if found is None:
            return None
        return Card.model_validate_json(found.data).model_copy(update={"version": found.version})

    def _write(self, card: Card, version: str) -> bool:
        # A reason may hold what is no UTF-8, and JSON of ASCII can.
        data = json.dumps(card.model_dump(mode="json"), indent=1).encode()
        key = shelf.card(card.meta.file_id)
        done = self._store.replace(key, data, version) if version else self._store.create(key, data)
        return done is not None

    def _mark(self, card: Card) -> None:
        if card.mark:
            self._step("mark")
            self._store.put(card.mark, b"")

    def _unmark(self, old: Iterable[Card], *, now: Card) -> None:
        gone = [one.mark for one in old if one.mark and one.mark != now.mark and now.turn >= one.turn]
        if gone:
            self._store.delete(*gone)
