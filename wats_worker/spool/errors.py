"""What can go wrong with the spool.

SpoolError
├── SpoolUnusable      disk or object store are full, read-only, failing or away; it may end by itself
├── NotInSpool         no such file or report here
├── BadId              a text that must not become a path
└── PostActionFailed   everything is delivered, but the bytes could not be put where they should go
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final


class SpoolError(Exception):
    """Something about the spool that its caller has to decide about."""


class SpoolUnusable(SpoolError):
    """The spool takes nothing for now. What was asked for was not done; try again later.

    Args:
        where: The spool.
        reason: What it said.
    """

    def __init__(self, where: Path | str, reason: str) -> None:
        super().__init__(
            f"the spool at {where} can't be written: {reason}. Free some space, or make it writable; "
            "work goes on by itself as soon as that is done."
        )
        self.reason = reason


class NotInSpool(SpoolError):
    """The spool has no such file or report."""


class BadId(SpoolError, ValueError):
    """A file or report id that does not look like one; no path is made of it."""


class PostActionFailed(SpoolError):
    """The post action of a delivered file failed; the file stays in the spool and it is tried again."""


#: What a disk says when it takes nothing more, whatever the file.
UNUSABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


@contextmanager
def disk_weather(root: Path) -> Iterator[None]:
    """Turn the errors of a full, read-only or failing disk into ``SpoolUnusable``."""
    try:
        yield
    except OSError as problem:
        if problem.errno in UNUSABLE:
            raise SpoolUnusable(root, problem.strerror or str(problem)) from problem
        raise
