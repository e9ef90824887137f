"""What was taken from a source that keeps its files, so that nothing is read twice.

One line per file: its name, size and mtime, and the id it got. Losing this costs reading the share once more:
the ids are recognised all the same.
"""

import json
import logging
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from wats_broker.files import append_line, write_atomically
from wats_worker.spool.files import Stamp

log = logging.getLogger(__name__)

#: A small list is not worth compacting.
_SMALL: Final = 1000

Fingerprint = tuple[str, int, int]  # name, size, mtime in ns


class Kept:
    """The remembered fingerprints of one source.

    Args:
        path: Where they are written, ``kept/<source>.jsonl`` in the spool.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[Fingerprint, str] = {}
        self._lines = 0
        self._load()

    def knows(self, name: str, stamp: Stamp) -> bool:
        """Whether this file was taken as it is."""
        return (name, stamp.size, stamp.mtime_ns) in self._known

    def add(self, files: Iterable[tuple[str, Stamp, str]]) -> None:
        """Remember files: name, stamp and id of each."""
        lines = []
        for name, stamp, file_id in files:
            self._known[name, stamp.size, stamp.mtime_ns] = file_id
            lines.append(_line((name, stamp.size, stamp.mtime_ns), file_id))
        if lines:
            append_line(self._path, b"\n".join(lines))
            self._lines += len(lines)

    def compact(self, present: Collection[str]) -> None:
        """Forget files that are not there any more, once the list has doubled by them.

        Args:
            present: The names of all known files that a look has seen.
        """
        if self._lines <= max(_SMALL, 2 * len(present)):
            return
        self._known = {print_: file_id for print_, file_id in self._known.items() if print_[0] in present}
        lines = [_line(print_, file_id) for print_, file_id in self._known.items()]
        write_atomically(self._path, b"".join(line + b"\n" for line in lines))
        self._lines = len(lines)

    def _load(self) -> None:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                name, size, mtime_ns, file_id = json.loads(line)
            except ValueError:
                log.warning("fingerprint_unreadable", extra={"file": str(self._path)})
                continue
            self._known[name, size, mtime_ns] = file_id
        self._lines = len(lines)


def _line(fingerprint: Fingerprint, file_id: str) -> bytes:
    # ASCII, so that undecodable bytes in a name come through as escapes.
    return json.dumps([*fingerprint, file_id]).encode()
