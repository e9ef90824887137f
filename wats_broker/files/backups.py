"""What was in a file before it was changed, and how a damaged file gets a good content again.

wats.toml                               the file
wats.toml.20261123T043013.120Z.backup   an earlier version; the newest so many are kept
wats.toml.20261123T051101.004Z.damaged  a damaged one that was set aside; never removed by us
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from wats_broker.files.writing import clear_drafts, create_once, write_atomically

_STAMP: Final = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
#: Whether a content is good; whatever it raises as a ``ValueError`` says that it is not.
Good = Callable[[bytes], object]


@dataclass(frozen=True)
class Recovered:
    """How a damaged file got a good content again."""

    backup: Path  #: where the content is from
    damaged: Path  #: where the damaged content is now


class NoGoodBackup(Exception):
    """There is no backup, or none that is good."""


@dataclass(frozen=True)
class Backups:
    """The earlier versions of one file.

    Args:
        path: The file.
        keep: So many are kept.
    """

    path: Path
    keep: int = 10

    def newest_first(self) -> list[Path]:
        """The backups there are."""
        return sorted(self._beside("backup"), reverse=True)

    def add(self) -> Path:
        """Keep the content of the file as it is now; where. It is as private as the file, never less.

        The content that the newest backup has already is not kept twice.
        """
        clear_drafts(self.path)
        content = self.path.read_bytes()
        there = self.newest_first()
        if there and there[0].read_bytes() == content:
            return there[0]
        while not create_once(place := self._new("backup"), content):
            continue  # somebody else did so in this very millisecond
        for old in self.newest_first()[self.keep :]:
            old.unlink(missing_ok=True)
        return place

    def newest_good(self, good: Good) -> Path:
        """The newest backup with a good content.

        Raises:
            NoGoodBackup: there is none.
        """
        for backup in self.newest_first():
            if _is_good(backup, good):
                return backup
        raise NoGoodBackup(f"there is no good backup of {self.path.name}")

    def recover(self, good: Good) -> Recovered:
        """Set the damaged content aside and put back the newest good one.

        At no moment is there no file: the good content takes the place of the damaged one in a single step.

        Raises:
            NoGoodBackup: there is none; nothing was changed.
        """
        backup = self.newest_good(good)
        damaged = self.set_aside()
        write_atomically(self.path, backup.read_bytes(), mode=self.path.stat().st_mode & 0o777)
        return Recovered(backup, damaged)

    def set_aside(self) -> Path:
        """Keep a copy of a damaged content under a name that says so; where."""
        while not create_once(place := self._new("damaged"), self.path.read_bytes()):
            continue  # as above
        return place

    def _new(self, kind: str) -> Path:
        now = datetime.now(UTC)
        stamp = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z"
        return self.path.with_name(f"{self.path.name}.{stamp}.{kind}")

    def _beside(self, kind: str) -> list[Path]:
        before, after = f"{self.path.name}.", f".{kind}"
        with os.scandir(self.path.parent) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.name.startswith(before)
                and entry.name.endswith(after)
                and _STAMP.fullmatch(entry.name[len(before) : -len(after)])
            ]


def _is_good(file: Path, good: Good) -> bool:
    try:
        good(file.read_bytes())
    except (ValueError, OSError):
        return False
    return True
