"""Unix sockets in folders that only their owner can enter."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

#: Linux ends a socket's path at 108 bytes, macOS at 104.
_LONGEST_PATH: Final = 100


def place(folder: Path, name: str) -> Path:
    """A socket in this folder if its path fits, else in a folder of our own below the temporary one.

    >>> place(Path("/srv/wats"), "broker.sock")
    PosixPath('/srv/wats/broker.sock')
    """
    here = folder / name
    if len(os.fsencode(here)) <= _LONGEST_PATH:
        return here
    told = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"wats-{os.getuid()}-{told}" / name


def is_private(folder: Path) -> bool:
    """Whether only this user can enter. Below /tmp others may have made it before us, or put a link there."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
