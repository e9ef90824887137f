"""Where files come in: out of a watch folder, and durable on this host's disk before they leave it.

Only here a file can be taken in one step, so a spool in an object store has a landing on each host as well.
"""

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from wats_broker.files import create, write_atomically
from wats_worker.spool import names, post_actions, recovery
from wats_worker.spool.claim import Claim
from wats_worker.spool.errors import disk_weather
from wats_worker.spool.incoming import Incoming
from wats_worker.spool.model import Claimable, Claimed, DiskRoom, FileMeta, Place
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.removals import Removals
from wats_worker.spool.tempo import Tempo
from wats_worker.spool.tree import Tree

#: What lies beside the places of files.
_OTHERS: Final = ("incoming", "kept", "grown", "polled", "removals", "zips")
#: Seconds by which two readings of one clock may differ.
_SAME_TIME: Final = 0.1


def _go_on(_step: str) -> None:
    """What happens between two steps outside of tests: nothing."""


def _nothing_is(_file_id: str) -> bool:
    """What is remembered where there is no archive."""
    return False


class Landing(Tree):
    """Takes files in, and says whether there is room for them.

    Args:
        root: the folder of the spool.
        floor_bytes: with less free space than this, ``room`` asks not to claim more.
        floor_files: the same for the number of files the disk can still hold.
        slow_bytes: with less free space than this, ``room`` asks to claim more slowly.
        patience_s: the same if the disk takes so many seconds to make a few bytes durable.
        remembered: whether a file was here and is archived; its bytes are not taken for new.
        step: told the name of each step before it is made. Only for testing.
    """

    def __init__(
        self,
        root: Path,
        *,
        floor_bytes: int = 64 * 2**20,
        floor_files: int = 1000,
        slow_bytes: int = 0,
        patience_s: float = 5.0,
        remembered: Callable[[str], bool] = _nothing_is,
        step: Callable[[str], None] = _go_on,
    ) -> None:
        super().__init__(root)
        self._floor_bytes, self._floor_files = floor_bytes, floor_files
        self._slow_bytes = slow_bytes
        self._remembered = remembered
        self._step = step
        for name in _OTHERS:
            (root / name).mkdir(mode=0o700, exist_ok=True)
        self._removals = Removals(root / "removals")
        self._incoming = Incoming(root / "incoming")
        self._tempo = Tempo(root / "tempo", patience_s=patience_s)

    def close(self) -> None:
        """Leave nothing behind in ``incoming``."""
        self._incoming.close()

    # Taking files in

    def claim(
        self,
        files: Sequence[Claimable],
        *,
        keep: bool,
        give_up: Callable[[], bool] = bool,
        known: Collection[str] = (),
    ) -> list[Claimed]:
        """Take finished files out of their watch folder, or copies of them if ``keep``.

        The answers are in the order of the question. The cost of making things durable is paid once per call,
        so ask for many, but not for more than some hundred: every file is held open. ``give_up`` is asked
        between pieces of a large copy; files not copied by then are ``BUSY``. Files with ``known`` ids are
        known though they are not here.

        Raises:
            SpoolUnusable: the disk takes nothing; every file is still where it was.
        """
        with disk_weather(self.root), self._incoming.corner() as corner:
            claim = Claim(
                corner=corner,
                files=self.root / Place.WAITING.value,
                removals=self._removals,
                known=lambda file_id: file_id in known or self._has(file_id),
                keep=keep,
                give_up=give_up,
                step=self._step,
            )
            return claim.run(files)

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """A private folder for bytes about to be claimed; what stays in it goes, after a crash too."""
        with disk_weather(self.root), self._incoming.corner() as corner:
            # One deeper, so that nothing in it is ever taken for a claimed file that found no place.
            landing = corner / "landing"
            landing.mkdir(mode=0o700)
            yield landing

    def dispose(self, claimed: Claimed, action: PostAction, folder: Path) -> None:
        """End a second copy of bytes the spool knows: to the done folder if files go there, else away."""
        if claimed.copy is None:
            return
        if action is PostAction.MOVE and claimed.copy.exists():
            meta = FileMeta.model_validate_json(claimed.copy.with_name("meta.json").read_bytes())
            post_actions.dispose(claimed.copy, meta, action, folder, self.root / "zips")
        shutil.rmtree(claimed.copy.parent, ignore_errors=True)

    def finish_removals(self, source: str) -> dict[str, str]:
        """Go on with what was left of units that were taken; by their names, why some of it can't go.

        Nobody may look for units in the folder of a source before this was done.
        """
        with disk_weather(self.root):
            return self._removals.finish_all(source)

    def recover(self) -> list[str]:
        """Complete or throw away what dead processes and failed claims left half-made.

        Returns:
            The ids of files that have come to their place by this.
        """
        with disk_weather(self.root):
            return recovery.recover(self._incoming.abandoned(), root=self.root, known=self._has)

    def changed(self, file_id: str) -> bool:
        """Whether somebody wrote to a file after it was claimed.

        Only where the kernel can't tell who has a file open (see ``open_files``) can this ever be so.
        """
        meta = self.meta(file_id)
        try:
            now = self.source(file_id).stat()
        except FileNotFoundError:
            return False
        # The card of another id: ``reidentify`` was interrupted.
        return (now.st_size, now.st_mtime_ns, file_id) != (meta.size, meta.mtime_ns, meta.file_id)

    def reidentify(self, file_id: str) -> str | None:
        """Give a file that was written to after its claim the id it should have.

        Reports made from the earlier content are dropped if they are not delivered yet.

        Returns:
            The new id; nothing while somebody still writes to it.
        """
        with disk_weather(self.root):
            return recovery.reidentify(self._path(file_id, Place.WAITING), root=self.root, known=self._has)

    def forget(self, file_id: str) -> None:
        """Remove a file that is not this spool's any more, because another one has it."""
        for place in (Place.WAITING, Place.QUARANTINED):
            home = self._path(file_id, place)
            # First: without it, what a crash leaves of the rest is known to be nothing.
            (home / "source").unlink(missing_ok=True)
            shutil.rmtree(home, ignore_errors=True)

    def _has(self, file_id: str) -> bool:
        return self.place(file_id) is not None or self._remembered(file_id)

    # What the disk takes

    def room(self) -> DiskRoom:
        """What the disk still takes."""
        disk = os.statvfs(self.root)
        free_bytes = disk.f_bavail * disk.f_frsize
        # Some file systems have no fixed number of inodes and say 0 of 0.
        free_files = disk.f_favail if disk.f_files else self._floor_files
        return DiskRoom(
            free_bytes=free_bytes,
            free_files=free_files,
            writable=not disk.f_flag & os.ST_RDONLY and os.access(self.root, os.W_OK),
            enough=free_bytes >= self._floor_bytes and free_files >= self._floor_files,
            too_slow_s=self._tempo.too_slow_s(),
            pace=self._pace(free_bytes),
        )

    def _pace(self, free_bytes: int) -> float:
        above = free_bytes - self._floor_bytes
        # From full pace at the soft mark down to none at the floor, so that what makes room can keep up.
        return min(max(above / max(self._slow_bytes - self._floor_bytes, 1), 0.0), 1.0)

    def local_clock_device(self) -> int | None:
        """The device the spool is on, if the times of files there are told by this machine's own clock."""
        with disk_weather(self.root), self._incoming.corner() as corner:
            fresh = corner / "clock"
            os.close(create(fresh))
            status = fresh.stat()
        # Kernels round the time of a file down to their last tick, some 10 ms ago at most.
        return status.st_dev if abs(time.time() - status.st_ctime) < _SAME_TIME else None

    # What this host writes down

    def keep_processes(self, copy: str) -> None:
        """Keep the server's process list for when neither server nor broker can be asked.

        Raises:
            SpoolUnusable: the disk takes nothing; the earlier copy is still there.
        """
        with disk_weather(self.root):
            write_atomically(names.process_list(self.root), copy.encode())

    def kept(self, source: str) -> Path:
        """Where the fingerprints of a source that keeps its files are written."""
        return self.root / "kept" / f"{source}.jsonl"

    def polled(self, source: str) -> Path:
        """Where it is written what was taken from a scheduled source."""
        return self.root / "polled" / source

    def grown(self, source: str) -> Path:
        """Where it is written how far the growing files of a source were taken."""
        return self.root / "grown" / source
