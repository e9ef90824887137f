"""The files of a place in a store: by their marks, of which the old ones are looked at.

A mark that a crash has left tells of a file that has moved on. Hardly ever there is one, so a young mark is
taken at its word.
"""

import threading
import time
from collections.abc import Iterator
from typing import Final

from wats_worker.spool.cards import Cards
from wats_worker.spool.model import Place

#: A mark that stands for so long is looked at, and then no more for as long.
_OLD_S: Final = 600.0


class Marks:
    """Lists files; threads share it.

    Args:
        cards: What the marks stand for.
    """

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._guard = threading.Lock()
        #: When a mark was looked at.
        self._looked: dict[tuple[str, int], float] = {}

    def files(self, place: Place) -> Iterator[str]:
        """The ids of the files of a place, each once. Seldom one has just moved on."""
        told: set[str] = set()
        for file_id, turn, made_at in self._cards.listed(place):
            old = abs(time.time() - made_at) > _OLD_S
            if file_id in told or (old and not self._is_true(file_id, place, turn)):
                continue
            told.add(file_id)
            yield file_id

    def _is_true(self, file_id: str, place: Place, turn: int) -> bool:
        """Whether an old mark tells of what is. Hardly ever it does not, so it is not asked each time."""
        now = time.monotonic()
        with self._guard:
            if now - self._looked.get((file_id, turn), float("-inf")) < _OLD_S:
                return True
            self._looked = {mark: at for mark, at in self._looked.items() if now - at < _OLD_S}
        if not self._cards.tidy(file_id, place, turn):
            return False
        with self._guard:
            self._looked[file_id, turn] = now
        return True
