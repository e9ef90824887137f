"""Holds a folder still: a second name for each of its files, made while nothing in it changed.

Files are replaced and added to, but never changed where they stand, so a second name keeps what was there.
"""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import Final

from wats_broker.files import CHUNK, new_file, private_folder
from wats_worker.backup.errors import Restless

#: What changes so often within the moment that giving names takes is not looked after, but made.
_TRIES: Final = 50
#: Another disk, another owner, a file system without second names: copied instead.
_NO_LINKS: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.EMLINK})

#: Every file in a folder, with what tells whether it is the same one.
_Look = tuple[tuple[str, int, int, int], ...]


def still(entry: Path, into: Path) -> bool:
    """Make ``into`` what a file or folder is at one moment; False if it is not there any more.

    Raises:
        Restless: it never stood still.
    """
    for _ in range(_TRIES):
        before = _look(entry)
        if before is None:
            return False
        _remove(into)
        try:
            _name_again(entry, into)
        except FileNotFoundError:
            continue
        if _look(entry) == before:
            return True
    raise Restless(f"{entry} changes all the time and can't be copied")


def _look(entry: Path) -> _Look | None:
    """What there is, or None if there is nothing."""
    if not entry.is_dir():
        try:
            return (_seen("", entry.lstat()),)
        except FileNotFoundError:
            return None
    found = []
    for folder, _, names in os.walk(entry):
        for name in names:
            path = Path(folder, name)
            try:
                found.append(_seen(str(path.relative_to(entry)), path.lstat()))
            except FileNotFoundError:
                continue  # gone: the next look will differ
    return tuple(sorted(found)) if entry.is_dir() else None


def _seen(name: str, status: os.stat_result) -> tuple[str, int, int, int]:
    return name, status.st_ino, status.st_size, status.st_mtime_ns


def _name_again(entry: Path, into: Path) -> None:
    if not entry.is_dir():
        _link(entry, into)
        return
    private_folder(into)
    for inner in entry.iterdir():
        if inner.is_dir() or stat.S_ISREG(inner.lstat().st_mode):
            _name_again(inner, into / inner.name)


def _link(file: Path, into: Path) -> None:
    try:
        into.hardlink_to(file)
    except OSError as problem:
        if problem.errno not in _NO_LINKS:
            raise
        with file.open("rb") as source, new_file(into) as target:
            shutil.copyfileobj(source, target, CHUNK)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
