"""The archive as a witness sees it: each record by its key and the checksum of what lies there."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date

from wats_worker.archive.archive import FILES
from wats_worker.store.store import Store
from wats_worker.trail.manifests import Record


class Evidence:
    """What the manifests of the audit trail tell of an archive.

    Args:
        store: Where the archive lies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_day(self, day: date) -> Iterator[Record]:
        """The records that were written on a day, by the store's own clock."""
        for name, written in self.names():
            if written == day and (digest := self.hash_now(name)) is not None:
                yield Record(name, digest)

    def names(self) -> Iterator[tuple[str, date]]:
        """Every record there is, and the day on which it was written."""
        for entry in self._store.list(FILES):
            yield entry.key, entry.modified.astimezone(UTC).date()

    def hash_now(self, name: str) -> str | None:
        """The checksum of a record; None if it is gone."""
        found = self._store.get(name)
        return None if found is None else hashlib.sha256(found.data).hexdigest()
