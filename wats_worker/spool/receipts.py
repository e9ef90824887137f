"""What the server said to the reports of a file in a store: one object for each, made once.

A report with a receipt is delivered. Receipts belong to one stay of the file: when it comes back from the
archive, all of its reports count as not sent.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from wats_worker.spool import shelf
from wats_worker.spool.cards import Card
from wats_worker.spool.weather import SpoolStore

#: While more reports than this are left, they are not counted after each one.
_MANY: Final = 100
#: Then they are, after so many of our own.
_NOW_AND_THEN: Final = 64
#: Files that a process remembers receipts of.
_REMEMBERED: Final = 64
_AT_ONCE: Final = 8


@dataclass
class _Known:
    """Receipts of one file that a process knows of; there may be more."""

    ids: set[str] = field(default_factory=set)
    since: int = 0  #: of our own since all were listed


class Receipts:
    """Makes, counts and reads receipts; threads share it.

    Args:
        store: Where they lie.
    """

    def __init__(self, store: SpoolStore) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def note(self, card: Card, report_id: str, receipt: Mapping[str, Any]) -> None:
        """Make a receipt. If there is one already it stays."""
        line = json.dumps({"report_id": report_id, **receipt}).encode()
        self._store.create(shelf.receipt(card.home, report_id), line)
        with self._guard:
            known = self._of(card)
            known.ids.add(report_id)
            known.since += 1

    def has(self, card: Card, report_id: str) -> bool:
        """Whether a report has one."""
        return self._store.size(shelf.receipt(card.home, report_id)) is not None

    def find(self, card: Card, report_id: str) -> dict[str, Any] | None:
        """The receipt of a report."""
        found = self._store.get(shelf.receipt(card.home, report_id))
        return None if found is None else dict(json.loads(found.data))

    def ids(self, card: Card) -> AbstractSet[str]:
        """The reports that have one, all of them."""
        ids = {shelf.last_name(entry.key) for entry in self._store.list(f"{card.home}/receipts")}
        with self._guard:
            known = self._of(card)
            known.ids, known.since = ids, 0
        return ids

    def left(self, card: Card, reports: AbstractSet[str]) -> int:
        """How many of these reports have none; of many, only that they are many.

        It is asked after each report. To list ten thousand receipts ten thousand times would take longer than
        delivering them. Who is wrong about the end is put right by reconciling.
        """
        with self._guard:
            known = self._of(card)
            left = len(reports - known.ids)
            sure = not left or (left > _MANY and known.since < _NOW_AND_THEN)
        return min(left, _MANY) if sure else len(reports - self.ids(card))

    def read(self, card: Card) -> list[dict[str, Any]]:
        """Everything that was said."""
        keys = [entry.key for entry in self._store.list(f"{card.home}/receipts")]
        if not keys:
            return []
        with ThreadPoolExecutor(_AT_ONCE) as hands:
            found = list(hands.map(self._store.get, keys))
        return [dict(json.loads(one.data)) for one in found if one is not None]

    def _of(self, card: Card) -> _Known:
        known = self._known.setdefault(card.home, _Known())
        self._known.move_to_end(card.home)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known
