"""The duty that takes away the bytes of archived files whose time is over, or that are in the way."""

import logging
import os
import shutil
import time
from collections.abc import Callable
from typing import Final

from wats_broker.files import write_atomically
from wats_worker.app.duties import Duty
from wats_worker.app.line import Line
from wats_worker.retention.holds import Holds
from wats_worker.retention.purge import Plan, Purge, Purged
from wats_worker.retention.rules import Rule

log = logging.getLogger(__name__)

#: Seconds between two looks at how much room there is.
_LOOK_S: Final = 10.0
#: Bytes that are given up first where the disk is short: enough for what a purge writes itself.
_RESERVE: Final = 4 * 2**20


def retention(line: Line) -> Duty:
    """Look at everything every so often, and at once when the disk gets short."""
    return Duty("retention", _LOOK_S, _Retention(line).look, alone=True)


class _Retention:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._due = 0.0

    def look(self, go_on: Callable[[], bool]) -> None:
        now = time.monotonic()
        due = self._due <= now and any(rules(self._line).values())
        left_over = self._line.archive.notice().is_left_over(time.time())
        short = short_of(self._line) > 0
        self._reserve(short)
        if not due and not left_over and not short:
            return
        self._due = now + self._line.settings.archive.purge_s
        _, purged = run(self._line, "retention", go_on)
        if purged.files:
            log.info("files_purged", extra={"files": purged.files, "bytes": purged.bytes})
        elif missing := short_of(self._line):
            hint = "nothing may go any more: release holds, or make room"
            log.warning("archive_short_of_room", extra={"missing_bytes": missing, "hint": hint})

    def _reserve(self, short: bool) -> None:
        """Keep room in hand: on a disk that is full not even the line in the trail could be written."""
        settings = self._line.settings
        reserve = settings.archive_folder() / ".reserve"
        if short:
            reserve.unlink(missing_ok=True)
        elif settings.archive.url is None and settings.archive.min_free_mb and not reserve.exists():
            reserve.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(reserve, os.urandom(_RESERVE))  # no file system can pack that away


def run(line: Line, who: str, go_on: Callable[[], bool], *, dry: bool = False) -> tuple[Plan, Purged]:
    """One look: what is over, and that away unless it is only to be told.

    Raises:
        ArchiveError: somebody else does it just now.
        StoreUnusable: the archive takes nothing for now.
        CatalogueError: the catalogue can't be used.
        TrailUnusable: it can't be written down, so nothing went.
    """
    purge = Purge(
        archive=line.archive,
        catalogue=line.catalogue,
        holds=Holds(line.archive_store),
        book=line.trail,
        who=who,
        rules=rules(line),
        on_spool=lambda file_id: line.spool.place(file_id) is not None,
        short_of=lambda: short_of(line),
        now=time.time,
    )
    plan = purge.plan(go_on)
    return plan, Purged(0, 0) if dry else purge.carry_out(plan, go_on)


def rules(line: Line) -> dict[str, Rule]:
    """By source, how much of it is kept."""
    return {
        source.name: Rule(
            source.keep_days, source.keep_files, None if source.keep_mb is None else source.keep_mb * 2**20
        )
        for source in line.settings.all_sources()
    }


def short_of(line: Line) -> int:
    """How many bytes of room are missing on the archive's disk. A bucket has as much as it wants to."""
    settings = line.settings.archive
    folder = line.settings.archive_folder()
    if settings.url is not None or not settings.min_free_mb or not folder.exists():
        return 0
    return max(0, settings.min_free_mb * 2**20 - shutil.disk_usage(folder).free)
