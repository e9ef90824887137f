"""Where half-made things lie: one lane per process, one corner per piece of work.

    incoming/<lane>.lock   held by the lane's process for life; the kernel frees it when the process dies
    incoming/<lane>/<n>/   a corner

What lies in a lane whose lock is free was left by a dead process. What lies in our own lane in a corner that
nobody here works in was left by a piece of work that failed. Both may be completed or thrown away by anybody.
"""

import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wats_broker.files import Lock


class Incoming:
    """The half-made part of the spool, shared by the threads of this process and with other processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._lane: _Lane | None = None

    @contextmanager
    def corner(self) -> Iterator[Path]:
        """A fresh private folder. At the end all in it goes, except claimed bytes that found no place."""
        lane = self._own_lane()
        with lane.corner() as corner:
            try:
                yield corner
            finally:
                sweep(corner)

    def abandoned(self) -> Iterator[Path]:
        """Corners nobody works in any more. While one is with the caller, nobody else gets it."""
        with self._guard:
            own = self._lane
        if own is not None:
            yield from own.idle_corners()
        for path in sorted(self._folder.iterdir()):
            if path.is_dir() and (own is None or path != own.path):
                yield from _inherit(path)

    def close(self) -> None:
        """Leave no empty lane behind. Whatever is still in it waits for ``abandoned``."""
        with self._guard:
            lane, self._lane = self._lane, None
        if lane is not None:
            lane.close()

    def _own_lane(self) -> "_Lane":
        with self._guard:
            # A forked child has its parent's lane in memory, but the parent's corners are not its business.
            if self._lane is None or self._lane.process != os.getpid():
                self._lane = _Lane(self._folder)
            return self._lane


class _Lane:
    def __init__(self, incoming: Path) -> None:
        self.process = os.getpid()
        self.path = incoming / secrets.token_hex(8)
        # The lock comes first: whoever sees the folder must find it taken.
        self._lock = Lock(self.path.with_suffix(".lock"))
        self._lock.try_hold()
        self.path.mkdir(mode=0o700)
        self._guard = threading.Lock()
        self._busy: set[Path] = set()
        self._made = 0

    @contextmanager
    def corner(self) -> Iterator[Path]:
        with self._guard:
            self._made += 1
            corner = self.path / str(self._made)
            self._busy.add(corner)
        try:
            corner.mkdir(mode=0o700)
            yield corner
        finally:
            with self._guard:
                self._busy.discard(corner)

    def idle_corners(self) -> Iterator[Path]:
        for corner in sorted(self.path.iterdir()):
            with self._guard:
                if corner in self._busy:
                    continue
                self._busy.add(corner)
            try:
                yield corner
            finally:
                with self._guard:
                    self._busy.discard(corner)

    def close(self) -> None:
        _remove_lane(self.path)
        self._lock.release()


def sweep(corner: Path) -> None:
    """Empty a corner, but never touch a folder with claimed bytes: they may exist nowhere else."""
    if not corner.exists():
        return
    for entry in corner.iterdir():
        if not entry.is_dir():
            entry.unlink()
        elif not os.path.lexists(entry / "source"):
            shutil.rmtree(entry)
    _remove_if_empty(corner)


def _inherit(lane: Path) -> Iterator[Path]:
    lock = Lock(lane.with_suffix(".lock"))
    if not lock.try_hold():
        return
    try:
        # Whoever held the lock before us may have finished the whole lane.
        if lane.exists():
            yield from sorted(lane.iterdir())
            _remove_lane(lane)
    finally:
        lock.release()


def _remove_lane(lane: Path) -> None:
    if _remove_if_empty(lane):
        lane.with_suffix(".lock").unlink(missing_ok=True)


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        # Something is left in it, or it is gone already: both are for the next one to find.
        return False
    return True
