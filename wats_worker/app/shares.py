"""What a watch folder is like in real life: a read-only mount, a share with its own clock, files of others.

What the rights of a folder say is not asked for alone. On a share the server decides, and it may know us by
another name; so a small hidden file is made, renamed and removed again, as the watcher would do with a log.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from wats_broker.files import create

#: No more of a folder is looked at: a doctor is not to keep people waiting.
_MOST: Final = 2000
#: Clocks of kernels and servers are rounded by no more than this.
_SAME_TIME_S: Final = 2.0


@dataclass(frozen=True)
class Trial:
    """What became of a file that was made, renamed and removed."""

    problem: str = ""  #: why that can't be done; empty if it can
    ahead_s: float = 0.0  #: how far the folder's clock is ahead of ours; 0 for what is rounding
    folds_case: bool = False  #: whether a name in capitals is the same one


def is_read_only(folder: Path) -> bool:
    """Whether the file system is mounted so that nobody can write to it."""
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def trial(folder: Path) -> Trial:
    """Do with a file of our own what the watcher does with those of testers."""
    made = folder / f".wats-doctor-{secrets.token_hex(4)}"
    taken = made.with_name(f"{made.name}.taken")
    try:
        before = time.time()
        os.close(create(made))
        after = time.time()
        shown = made.stat().st_mtime
        ahead_s = max(shown - after, 0.0) + min(shown - before, 0.0)  # between the two it is right
        folds_case = made.with_name(made.name.upper()).exists()
        made.rename(taken)
        taken.unlink()
    except OSError as problem:
        return Trial(problem=problem.strerror or str(problem))
    finally:
        for left in (made, taken):
            with suppress(OSError):
                left.unlink()
    return Trial(ahead_s=ahead_s if abs(ahead_s) > _SAME_TIME_S else 0.0, folds_case=folds_case)


def obstacles(folder: Path, *, recursive: bool, takes: bool) -> Iterator[tuple[Path, str]]:
    """What in a folder the watcher could not work with, and what it lacks there.

    Args:
        folder: The watch folder.
        recursive: Whether folders below it are watched too.
        takes: Whether files are taken out of it, which changes the folder they lie in.
    """
    needed = {"enter": os.X_OK, "read": os.R_OK, **({"write to": os.W_OK} if takes else {})}
    for path in islice(_below(folder, recursive=recursive), _MOST):
        with suppress(OSError):  # gone meanwhile
            wanted = needed if path.is_dir() else {"read": os.R_OK}
            if lacking := [word for word, mode in wanted.items() if not os.access(path, mode)]:
                yield path, " and ".join(lacking)


def _below(folder: Path, *, recursive: bool) -> Iterator[Path]:
    for inside, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        visible = [name for name in names if not name.startswith(".")]
        yield from (Path(inside, name) for name in (*folders, *visible))
