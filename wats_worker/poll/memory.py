"""What was taken from a scheduled source, and where its next poll goes on: on the spool, not in Redis.

    polled/<source>/cursor.json    the cursor, and whose it is
    polled/<source>/taken          the digest of each taken item's key, one a line

Written after the claim: a crash between the two makes a poll see items again that the spool has, and their
content tells it so. Losing all of this costs reading the source once more.
"""

import json
import logging
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from wats_broker.files import append_line, fsync_folder, write_atomically

log = logging.getLogger(__name__)

#: A small list is not worth compacting.
SMALL: Final = 1000
#: Characters of a digest.
_DIGEST: Final = 32


class Memory:
    """The memory of one source. Only whoever polls it may write to it.

    Args:
        folder: Where it is kept, ``polled/<source>`` in the spool.
        poller: Whose cursor it is; another poller begins at the beginning.
    """

    def __init__(self, folder: Path, poller: str) -> None:
        self._cursor_file = folder / "cursor.json"
        self._taken_file = folder / "taken"
        self._folder = folder
        self._poller = poller
        self.cursor: Any = self._read_cursor()
        #: Digests of the keys that need not be offered again.
        self.known: set[str] = self._read_taken()

    def taken(self, digests: Iterable[str]) -> None:
        """Items were taken. Durable when this returns."""
        lines = [digest for digest in digests if digest not in self.known]
        if not lines:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        append_line(self._taken_file, "\n".join(lines).encode())
        with self._taken_file.open("rb") as written:
            os.fsync(written.fileno())
        fsync_folder(self._folder)
        self.known.update(lines)

    def go_on_at(self, cursor: Any) -> None:
        """The next poll goes on here. Durable when this returns."""
        if cursor == self.cursor:
            return
        text = json.dumps({"poller": self._poller, "cursor": cursor})
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._cursor_file, text.encode())
        self.cursor = cursor

    def keep(self, seen: Collection[str]) -> None:
        """Forget all keys but these: the source does not offer them any more."""
        self.known.intersection_update(seen)
        write_atomically(self._taken_file, "".join(f"{key}\n" for key in sorted(self.known)).encode())

    def _read_cursor(self) -> Any:
        try:
            found = json.loads(self._cursor_file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            found = {}
        if not isinstance(found, dict) or found.get("poller") != self._poller:
            # The keys stay: what the other poller took under the same key is not taken again.
            log.warning("cursor_not_usable", extra={"file": str(self._cursor_file), "poller": self._poller})
            return None
        return found.get("cursor")

    def _read_taken(self) -> set[str]:
        try:
            lines = self._taken_file.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return set()
        # A line that a crash tore in two stands for nothing.
        return {line for line in lines if len(line) == _DIGEST}
