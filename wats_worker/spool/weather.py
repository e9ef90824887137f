"""A store as the spool sees it: its weather is the spool's, and is known before anybody begins something."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from wats_worker.spool.errors import SpoolUnusable
from wats_worker.store.errors import StoreUnusable
from wats_worker.store.store import Content, Entry, Store

#: Seconds between two tries while all is well. After a bad one each question is a try.
_EVERY_S: Final = 10.0


class SpoolStore:
    """A store whose troubles are ``SpoolUnusable``, and remembered.

    Args:
        store: The store.
        mark: A blob that is written to try it; a few bytes that say nothing.
        patience_s: From so many seconds on it is too slow.
        clock: Steady time. Only for testing.
    """

    def __init__(
        self, store: Store, *, mark: str, patience_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = store.name
        self._store = store
        self._mark = mark
        self._patience_s = patience_s
        self._clock = clock
        self._guard = threading.Lock()
        self._tried = float("-inf")
        self._trouble = ""

    def trouble(self) -> str:
        """What is wrong with it just now; empty if it can be written to."""
        with self._guard:
            if self._trouble or self._clock() - self._tried >= _EVERY_S:
                self._try()
            return self._trouble

    def _try(self) -> None:
        began = self._clock()
        try:
            self._store.put(self._mark, b"tick\n")
        except StoreUnusable as problem:
            self._trouble = self._told(problem)
        else:
            took = self._clock() - began
            slow = f"{self.name} is too slow: it takes {took:.1f} s to write a few bytes"
            self._trouble = slow if took >= self._patience_s else ""
        self._tried = self._clock()

    def _told(self, problem: StoreUnusable) -> str:
        return f"{self.name} can't be used: {problem.reason}"

    def close(self) -> None:
        """Leave no mark behind."""
        if self._tried > float("-inf"):
            self.delete(self._mark)

    def create(self, key: str, data: bytes) -> str | None:
        """As every store."""
        with self._weather():
            return self._store.create(key, data)

    def replace(self, key: str, data: bytes, version: str) -> str | None:
        """As every store."""
        with self._weather():
            return self._store.replace(key, data, version)

    def put(self, key: str, source: bytes | Path) -> None:
        """As every store."""
        with self._weather():
            self._store.put(key, source)

    def get(self, key: str) -> Content | None:
        """As every store."""
        with self._weather():
            return self._store.get(key)

    def part(self, key: str, start: int, size: int) -> bytes | None:
        """As every store."""
        with self._weather():
            return self._store.part(key, start, size)

    def fetch(self, key: str, target: Path) -> bool:
        """As every store."""
        with self._weather():
            return self._store.fetch(key, target)

    def size(self, key: str) -> int | None:
        """As every store."""
        with self._weather():
            return self._store.size(key)

    def delete(self, *keys: str) -> None:
        """As every store."""
        with self._weather():
            self._store.delete(*keys)

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """As every store."""
        with self._weather():
            yield from self._store.list(prefix, after=after)

    @contextmanager
    def _weather(self) -> Iterator[None]:
        try:
            yield
        except StoreUnusable as problem:
            with self._guard:
                self._trouble = self._told(problem)
            raise SpoolUnusable(self.name, problem.reason) from problem
