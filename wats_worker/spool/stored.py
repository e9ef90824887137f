"""What lies in a spool in a store: where each file is, its bytes, and why it is where it is.

What is where is told in ``shelf``; that one card decides, in ``cards``. Nothing here asks which host took a
file in; of this host's disk it takes a folder for scratch.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from wats_worker.spool.cards import Cards
from wats_worker.spool.errors import NotInSpool, disk_weather
from wats_worker.spool.landing import Landing
from wats_worker.spool.marks import Marks
from wats_worker.spool.model import FileMeta, Place
from wats_worker.spool.weather import SpoolStore

#: Questions to the store at once, where there are many.
_AT_ONCE: Final = 8


class StoredFiles:
    """Files of a store by their ids, wherever they are.

    Args:
        store: Where they lie.
        landing: Has room for scratch on this host.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(self, store: SpoolStore, landing: Landing, step: Callable[[str], None]) -> None:
        self.root = landing.root
        self._landing = landing
        self._step = step
        self._store = store
        self._cards = Cards(store, step)
        self._marks = Marks(self._cards)

    def place(self, file_id: str) -> Place | None:
        """Where a file is, if it is here."""
        card = self._cards.find(file_id)
        return card.place if card else None

    def places(self, file_ids: Sequence[str]) -> list[Place | None]:
        """The same for many."""
        return self._for_each(self.place, file_ids)

    def meta(self, file_id: str) -> FileMeta:
        """The card of a file."""
        return self._cards.read(file_id).meta

    @contextmanager
    def bytes_of(self, file_id: str) -> Iterator[Path]:
        """A copy of a file's bytes on this host, for as long as the block lasts."""
        card = self._cards.read(file_id)
        with self._landing.landing() as folder:
            path = folder / "bytes"
            with disk_weather(self.root):
                if self._store.fetch(f"{card.home}/source", path):
                    os.utime(path, ns=(card.meta.mtime_ns, card.meta.mtime_ns))
            yield path

    def has_bytes(self, file_id: str) -> bool:
        """Whether the bytes of a file are there."""
        return self._store.size(f"{self._cards.read(file_id).home}/source") is not None

    def piece(self, file_id: str, start: int, size: int) -> tuple[bytes, int] | None:
        """So many bytes of a file from a place on, and how many it has; None if they are not there."""
        key = f"{self._cards.read(file_id).home}/source"
        total = self._store.size(key)
        if total is None:
            return None
        some = min(size, max(0, total - start))
        found = self._store.part(key, start, some) if some else b""
        return None if found is None else (found, total)

    def reason(self, file_id: str) -> dict[str, Any]:
        """Why a file is in quarantine."""
        card = self._cards.find(file_id)
        if card is None or card.place is not Place.QUARANTINED:
            raise NotInSpool(f"file {file_id} is not in quarantine")
        return card.reason

    def stderr(self, file_id: str, *, most: int) -> bytes:
        """The end of what the converter of a quarantined file said, up to so many bytes."""
        card = self._cards.read(file_id)
        found = self._store.get(f"{card.home}/stderr/{card.stderr}") if card.stderr else None
        return found.data[-most:] if found else b""

    def waiting(self) -> Iterator[str]:
        """The ids of all files that are not finished."""
        return self._marks.files(Place.WAITING)

    def quarantined(self) -> Iterator[str]:
        """The ids of all files that a person has to look at."""
        return self._marks.files(Place.QUARANTINED)

    def finished(self) -> Iterator[str]:
        """The ids of all files that are to go into the archive."""
        return self._marks.files(Place.FINISHED)

    def _for_each(self, act: Callable[[Any], Any], things: Sequence[Any]) -> list[Any]:
        if len(things) < 2:
            return [act(thing) for thing in things]
        with ThreadPoolExecutor(_AT_ONCE) as hands:
            return list(hands.map(act, things))
