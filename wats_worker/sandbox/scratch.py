"""The folder a conversion may write to: one per owner, empty before every file."""

import contextlib
import fcntl
import os
import re
import secrets
from pathlib import Path
from typing import Final

_DEEPEST: Final = 16
_ENDLESS: Final = 1 << 40
#: What our folders are called: the owner's process id, and something that makes it unique.
_OURS: Final = re.compile(r"[0-9]+-[0-9a-f]{8}")
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Scratch:
    """One owner's folder below the shared scratch root, removed at the end.

    The owner holds a lock on it for life; what an owner killed with SIGKILL left behind has no lock, and
    the next owner sweeps it away.
    """

    def __init__(self, root: Path) -> None:
        # Root's zygotes may run as nobody, who must be able to pass; each folder in it is closed to others.
        root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        sweep(root)
        self.owner = os.getpid()
        made = None
        while made is None:
            made = _make(root / f"{self.owner}-{secrets.token_hex(4)}")
        self.path, self._lock = made

    def close(self) -> None:
        """Remove the folder and all that is in it; what resists is left to the sweep of a later owner.

        In a process forked from the owner this only lets go of it.
        """
        if self.owner == os.getpid():
            with contextlib.suppress(OSError):
                _remove(self.path)
        os.close(self._lock)


def _make(path: Path) -> tuple[Path, int] | None:
    """Make and lock a folder; None when another owner swept it away before it was locked."""
    path.mkdir(mode=0o700)
    try:
        lock = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return None
    fcntl.flock(lock, fcntl.LOCK_EX)  # waits for one who is just sweeping it
    if path.exists():
        return path, lock
    os.close(lock)
    return None


def sweep(root: Path) -> None:
    """Remove the folders whose owners are gone; whatever else somebody keeps there stays."""
    for folder in root.iterdir():
        if not _OURS.fullmatch(folder.name):
            continue
        with contextlib.suppress(OSError):  # not a folder, not ours, or another owner was faster
            descriptor = os.open(folder, _DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
            finally:
                os.close(descriptor)


def _remove(folder: Path) -> None:
    descriptor = os.open(folder, _DIRECTORY)
    try:
        empty(descriptor)
    finally:
        os.close(descriptor)
    folder.rmdir()


def empty(folder: int) -> None:
    """Remove everything below an open folder.

    Works step by step with one descriptor: a converter can nest folders so deep that a recursive walk,
    or one that spells out paths, would break. Nobody else may be writing there.
    """
    here = os.open(".", _DIRECTORY, dir_fd=folder)
    pending = [_clear(here)]
    entered: list[str] = []
    try:
        while True:
            if pending[-1]:
                name = pending[-1].pop()
                here = _move(here, name)
                entered.append(name)
                pending.append(_clear(here))
            elif entered:
                here = _move(here, "..")
                pending.pop()
                os.rmdir(entered.pop(), dir_fd=here)
            else:
                return
    finally:
        os.close(here)


def _move(here: int, name: str) -> int:
    if name != "..":
        os.chmod(name, 0o700, dir_fd=here)  # a converter that is trusted may have locked itself out
    there = os.open(name, _DIRECTORY, dir_fd=here)
    os.close(here)
    return there


def _clear(folder: int) -> list[str]:
    """Remove files and empty folders; return the names of the folders that are left."""
    left = []
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        try:
            os.rmdir(name, dir_fd=folder)
        except OSError:
            left.append(name)
    return left


def weigh(folder: int, depth: int = 0) -> tuple[int, int]:
    """Bytes and entries below an open folder, while a converter may be writing there.

    Folders nested deeper than any honest converter needs count as endlessly many entries.
    """
    if depth > _DEEPEST:
        return 0, _ENDLESS
    size = count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            count += 1
            with contextlib.suppress(OSError):  # removed meanwhile
                size += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    inner = _weigh_inside(folder, entry.name, depth + 1)
                    size, count = size + inner[0], count + inner[1]
    return size, count


def _weigh_inside(folder: int, name: str, depth: int) -> tuple[int, int]:
    there = os.open(name, _DIRECTORY, dir_fd=folder)
    try:
        return weigh(there, depth)
    finally:
        os.close(there)
