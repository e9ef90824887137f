"""The reports of a file while they are made: written one by one, and kept all together or not at all."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from wats_broker.files import create, flush, fsync_folder, write_all
from wats_worker.spool import names, reports
from wats_worker.spool.errors import disk_weather
from wats_worker.spool.made import Made, Making, ReportCard

#: So many files stay open until they are flushed together, which takes half the time.
_PORTION: Final = 64


class Draft:
    """Reports on their way to becoming those of a file. Memory holds nothing of them but their cards.

    Args:
        root: The spool, for messages.
        corner: A private folder on its disk, which is swept by whoever made it.
        home: The folder of the file.
        step: Told the name of each step before it is made. Only for testing.
    """

    def __init__(self, *, root: Path, corner: Path, home: Path, step: Callable[[str], None]) -> None:
        self._root = root
        self._corner = corner
        self._folder = corner / "reports"
        self._home = home
        self._step = step
        self._cards: list[ReportCard] = []
        self._open: list[int] = []

    def add(self, card: ReportCard, body: bytes) -> None:
        """Write the next report.

        Raises:
            SpoolUnusable: the disk takes nothing.
        """
        name = f"{names.report_id(card.report_id)}.json"
        with disk_weather(self._root):
            if not self._cards:
                self._folder.mkdir(mode=0o700, exist_ok=True)
            self._open.append(create(self._folder / name, body))
            self._cards.append(card)
            if len(self._open) == _PORTION:
                self._flush()

    def clear(self) -> None:
        """Forget all reports so far."""
        self.close()
        self._cards = []
        shutil.rmtree(self._folder, ignore_errors=True)

    def keep(self, how: Making) -> None:
        """Make these the reports of the file, in place of those of an earlier attempt.

        Raises:
            SpoolUnusable: the disk takes nothing; what was there before is still there.
        """
        made = Made(how=how, reports=tuple(self._cards))
        if reports.are_the_same(self._home, [card.report_id for card in self._cards], self._folder):
            # Converted twice. Swapping the folder would take the reports from under an uploader's feet.
            return
        with disk_weather(self._root):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._open.append(create(self._folder / reports.ORDER))
            for line in reports.order(made):
                write_all(self._open[-1], line)
            self._flush()
            fsync_folder(self._folder)
            final = self._home / "reports"
            if final.exists():
                final.rename(self._corner / "earlier")
            self._step("save-reports")
            self._folder.rename(final)
            fsync_folder(self._home)

    def close(self) -> None:
        """Let go of what is still open."""
        while self._open:
            os.close(self._open.pop())

    def _flush(self) -> None:
        flush(self._open)
        self.close()
