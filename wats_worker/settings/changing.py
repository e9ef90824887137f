"""Changing the configuration's file: never without a backup, never half, and one at a time.

check ──► lock ──► backup ──► draft, fsync, rename, fsync of the folder
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from wats_broker.files import Backups, NoGoodBackup, create_once, held, rewrite
from wats_worker.settings.lines import Loc
from wats_worker.settings.load import Check, find, parse, read, understand
from wats_worker.settings.mistakes import MISSING, Misconfigured
from wats_worker.settings.repair import Lost, is_damaged, salvage
from wats_worker.settings.upgrade import Upgraded, is_old, upgraded


class ChangedMeanwhile(Exception):
    """Somebody else has changed the file since it was looked at: look again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True)
class Put:
    """What became of a change."""

    file: Path
    backup: Path | None  #: the earlier content; None if there was no file, or nothing changed


def mark(text: str) -> str:
    """Tells one content of the file from another.

    >>> mark("[server]") == mark("[server]"), mark("[server]") == mark("[spool]")
    (True, False)
    """
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def put(file: Path, text: str, *, checks: Iterable[Check] = (), seen: str | None = None) -> Put:
    """Give the file another content, if that has no mistake.

    Args:
        file: the configuration.
        text: its new content.
        checks: run besides our own.
        seen: the ``mark`` of the content that the new one was made from.

    Raises:
        Misconfigured: the text has mistakes; all of them are named.
        ChangedMeanwhile: the file has another content than was seen.
        Occupied: somebody else is changing it, for longer than a moment.
        OSError: it can't be written.
    """
    understand(text, file, checks=checks)
    with held(lock(file)):
        if not file.exists():
            if seen is not None or not create_once(file, text.encode()):
                raise ChangedMeanwhile
            return Put(file, None)
        now = read(file)
        if seen is not None and mark(now) != seen:
            raise ChangedMeanwhile
        if now == text:
            return Put(file, None)
        backup = Backups(file.resolve()).add()
        rewrite(file, text.encode())
        return Put(file, backup)


def upgrade(file: Path, *, checks: Iterable[Check] = ()) -> tuple[Upgraded, Put]:
    """Write an older file anew in today's schema.

    Raises: as ``put``.
    """
    text = read(file)
    parse(text, file)
    new = upgraded(text)
    return new, put(file, new.text, checks=checks, seen=mark(text))


@dataclass(frozen=True)
class Repaired:
    """How a damaged file became a good one."""

    damaged: Path  #: what it was before
    backup: Path | None = None  #: where the content is from; None if it was made of what could be read
    lost: tuple[Lost, ...] = ()  #: the lines that could not be read


class Way(StrEnum):
    """How a file is mended."""

    ANY = "any"  #: from the newest good backup, if there is one, else from what can still be read
    BACKUP = "backup"  #: from the newest good backup, damaged or not
    SALVAGE = "salvage"  #: from what can still be read


def repair(file: Path, way: Way = Way.ANY) -> Repaired | None:
    """Mend a file that is no TOML any more; None if it is not damaged.

    Raises:
        NoGoodBackup: there is none, and nothing else was wanted.
        NothingLeft: there is none, and nothing of the file can be read.
        Occupied: somebody else is changing it, for longer than a moment.
        OSError: it can't be written.
    """
    with held(lock(file)):
        content = file.read_bytes()
        if way is not Way.BACKUP and not is_damaged(content):
            return None
        backups = Backups(file.resolve())
        if way is not Way.SALVAGE:
            try:
                recovered = backups.recover(partial(_is_good, file=file))
                return Repaired(recovered.damaged, recovered.backup)
            except NoGoodBackup:
                if way is Way.BACKUP:
                    raise
        left = salvage(content, partial(_missing, file=file))
        damaged = backups.set_aside()
        rewrite(file, left.text.encode())
        return Repaired(damaged, lost=left.lost)


def _is_good(content: bytes, *, file: Path) -> None:
    try:
        understand(content.decode("utf-8-sig"), file)
    except Misconfigured as wrong:
        raise ValueError(str(wrong)) from None


def _missing(text: str, *, file: Path) -> list[Loc]:
    try:
        understand(text, file)
    except Misconfigured as wrong:
        return [one.loc for one in wrong.mistakes if one.what == MISSING]
    return []


def remember(file: Path) -> None:
    """Keep a copy of a file that a line begins to run with, so that there is a good one to go back to.

    Raises:
        Occupied: somebody is changing it just now.
        OSError: nothing can be written beside it.
    """
    with held(lock(file), patience_s=1.0):
        Backups(file.resolve()).add()


def outdated(config: Path | None) -> str:
    """A word about a file that is written for an older schema and can be used; empty if there is none.

    Raises:
        Misconfigured: the file can't be read, or is not TOML.
    """
    file = find(config)
    if file is None:
        return ""
    text = read(file)
    if not is_old(parse(text, file)):
        return ""
    new = upgraded(text)
    if not new.changes:
        return ""
    return (
        f"{file} is written for schema {new.was} and read as if it were upgraded ({'; '.join(new.changes)}). "
        "'wats-worker config upgrade' writes it anew and keeps a backup."
    )


def lock(file: Path) -> Path:
    """The lock of whoever changes a configuration."""
    return file.resolve().with_name(f".{file.name}.lock")
