"""The duty that takes away the bytes of archived files whose time is over, or that are in the way."""

import logging
import shutil
import time
from collections.abc import Callable
from typing import Final

from wats_broker.files import Lock
from wats_worker.app.duties import Duty
from wats_worker.app.line import Line
from wats_worker.retention.purge import Plan, Purge, Purged
from wats_worker.retention.rules import Rule

log = logging.getLogger(__name__)

#: Seconds between two looks at how much room there is.
_LOOK_S: Final = 60.0


def retention(line: Line) -> Duty:
    """Look at everything every so often, and at once when the disk gets short."""
    return Duty("retention", _LOOK_S, _Retention(line).look)


class _Retention:
    def __init__(self, line: Line) -> None:
        self._line = line
        self._due = 0.0

    def look(self, go_on: Callable[[], bool]) -> None:
        now = time.monotonic()
        due = self._due <= now and any(rules(self._line).values())
        if not due and not short_of(self._line):
            return
        self._due = now + self._line.settings.archive.purge_s
        _, purged = run(self._line, "retention", go_on)
        if purged.files:
            log.info("files_purged", extra={"files": purged.files, "bytes": purged.bytes})
        elif missing := short_of(self._line):
            hint = "nothing may go any more: release holds, or make room"
            log.warning("archive_short_of_room", extra={"missing_bytes": missing, "hint": hint})


def run(line: Line, who: str, go_on: Callable[[], bool], *, dry: bool = False) -> tuple[Plan, Purged]:
    """One look: what is over, and that away unless it is only to be told. One process at a time.

    Raises:
        StoreUnusable: the archive takes nothing for now.
        TrailUnusable: it can't be written down, so nothing went.
    """
    purge = Purge(
        archive=line.archive,
        store=line.archive_store,
        book=line.trail,
        who=who,
        rules=rules(line),
        on_spool=lambda file_id: line.spool.place(file_id) is not None,
        short_of=lambda: short_of(line),
        now=time.time,
    )
    if dry:
        return purge.plan(), Purged(0, 0)
    folder = line.settings.archive_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The command line and the duty may want to at the same time.
    with Lock(folder.with_name(f"{folder.name}.purge")):
        plan = purge.plan()
        return plan, purge.carry_out(plan, go_on)


def rules(line: Line) -> dict[str, Rule]:
    """By source, how much of it is kept."""
    return {
        source.name: Rule(
            source.keep_days, source.keep_files, None if source.keep_mb is None else source.keep_mb * 2**20
        )
        for source in line.settings.all_sources()
    }


def short_of(line: Line) -> int:
    """How many bytes of room are missing on the archive's disk."""
    folder = line.settings.archive_folder()
    if not line.settings.archive.min_free_mb or not folder.exists():
        return 0
    return max(0, line.settings.archive.min_free_mb * 2**20 - shutil.disk_usage(folder).free)
