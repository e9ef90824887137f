"""Who can change a file. What runs with the worker's rights has to be safe from everybody else."""

import os
import stat
from pathlib import Path


def open_to_others(path: Path) -> str:
    """Whether somebody besides root and us can change a module, and who; empty if not."""
    for place in (path, path.parent):
        try:
            status = place.stat()
        except OSError as error:
            return f"{place}: {error.strerror}"
        if status.st_uid not in {0, os.geteuid()}:
            return f"{place} belongs to another user"
        if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
            return f"everybody can write to {place}"
    return ""
