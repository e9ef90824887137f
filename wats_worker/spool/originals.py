"""Remove what was copied out of a watch folder, and nothing that has come in its place since."""

import os
from typing import Final

from wats_worker.spool import open_files
from wats_worker.spool.files import Stamp
from wats_worker.spool.open_files import Use

#: A name that every watcher knows to leave alone.
_ASIDE: Final = ".{}.wats-part"


def remove(descriptor: int, base: str, stamp: Stamp, *, parent: int, file_id: str) -> bool:
    """Remove a file that was taken; one that was changed since, or that somebody writes to, stays.

    Args:
        descriptor: The file, open for reading.
        base: Its name.
        stamp: What it was when it was taken.
        parent: Its open folder.
        file_id: Whose original it is.

    Returns:
        Whether nobody is writing to it.

    Raises:
        OSError: it can't be removed.
    """
    # Out of the way first: between a look at the name and its removal, a new file may get it.
    aside = _ASIDE.format(file_id)
    try:
        with open_files.guard(descriptor) as use:
            if use is Use.WRITTEN:
                return False
            os.rename(base, aside, src_dir_fd=parent, dst_dir_fd=parent)
        _finish(aside, base, stamp, parent)
    except FileNotFoundError:
        return True
    return True


def finish(base: str, stamp: Stamp, *, parent: int, file_id: str) -> None:
    """Go on with a removal that a crash may have stopped half-way.

    Raises:
        OSError: it can't be removed.
    """
    aside = _ASIDE.format(file_id)
    try:
        status = os.stat(aside, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    # Of the files of one unit, one at a time is on its way out of their folder.
    if status.st_ino == stamp.inode:
        _finish(aside, base, stamp, parent)


def _finish(aside: str, base: str, stamp: Stamp, parent: int) -> None:
    now = Stamp.of(os.stat(aside, dir_fd=parent, follow_symlinks=False))
    if not now.same_bytes(stamp):
        os.link(aside, base, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
    os.unlink(aside, dir_fd=parent)
