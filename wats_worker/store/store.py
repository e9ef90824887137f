"""The interface: bytes under a key, made once, replaced only by who has seen what he replaces.

    create    only if there is nothing        of many who try at once, one gets the version, the others None
    replace   only if it is what I saw        the same: who comes second gets None and looks again
    put       whatever is there               for bytes that are the same whoever writes them, and of any size

What has returned from these is durable, whole, and seen by everybody who asks from then on, on any host, by
key and by list. Who is killed half-way has written all of it or nothing.

After ``StoreUnusable`` nobody knows whether the act was done: the answer may have been lost on its way. So a
``create`` that is tried again may find its own blob and be told None. Whoever needs to know compares what is
there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Content:
    """The bytes of a blob as they were when they were read."""

    data: bytes
    version: str  #: for ``replace``; it means nothing else


@dataclass(frozen=True)
class Entry:
    """A blob in a list."""

    key: str
    size: int
    modified: datetime  #: by the store's own clock


class Store(Protocol):
    """Blobs under keys. Threads share one; a process opens its own after it was forked.

    A key is names between slashes, see ``keys``. No key may be the beginning of another one at a slash: where
    there is ``a/b`` there can be no ``a``.

    Every method may raise ``StoreUnusable``, or ``BadKey`` before anything is asked of the store.
    """

    @property
    def name(self) -> str:
        """What it is called in logs and messages. No secret is in it."""

    def create(self, key: str, data: bytes) -> str | None:
        """Make a blob that must not be there yet: its version, or None if the key is taken.

        For what fits into memory.
        """

    def replace(self, key: str, data: bytes, version: str) -> str | None:
        """Put these bytes in the place of those of a version: the new version.

        None if the blob is another by now, or gone. Equal bytes may have equal versions, so bytes that are
        replaced again and again should never be those they once were.
        """

    def put(self, key: str, source: bytes | Path) -> None:
        """Make or overwrite a blob, from memory or from a file of any size."""

    def get(self, key: str) -> Content | None:
        """A blob that fits into memory; None if there is none."""

    def part(self, key: str, start: int, size: int) -> bytes | None:
        """So many bytes from a place on, fewer at the end; None if there is no such blob."""

    def fetch(self, key: str, target: Path) -> bool:
        """Copy a blob of any size into a new file; False if there is none, and no file then either.

        The file is this process's own and is not flushed to the disk.

        Raises:
            OSError: the file can't be written.
        """

    def size(self, key: str) -> int | None:
        """How many bytes a blob has; None if there is none."""

    def delete(self, *keys: str) -> None:
        """Remove blobs. One that is not there is no fault."""

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[Entry]:
        """Every blob below a prefix, in the order of their keys.

        Args:
            prefix: Whole names: ``files/9f2c`` means what lies under ``files/9f2c/``. Nothing means all.
            after: Only keys behind this one. It need not be the key of a blob.
        """
