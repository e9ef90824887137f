"""Who the jail runs as: never with a capability, and not as root where that can be avoided."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from wats_worker.sandbox import kernel

#: The user that owns nothing.
NOBODY: Final = 65534
#: What root needs to make somebody nobody, and to clear away nobody's files and end nobody's processes after
#: that: CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID. A container may have taken some of them away.
_NEEDED: Final = sum(1 << capability for capability in (0, 1, 3, 5, 6, 7))


def lower(*, scratch: Path, needed: Iterable[Path]) -> None:
    """Give up every privilege this process has.

    Root becomes nobody if it can, and nobody can read what the jail still has to read; a Python below /root,
    say, is not for everybody. Otherwise it stays root without any capability, an owner of files and no more.

    Args:
        scratch: Handed over to nobody.
        needed: What must stay readable.
    """
    if os.geteuid() == 0 and can_be_nobody((scratch, *needed)):
        _become_nobody(scratch)
    kernel.drop_capabilities()


def can_be_nobody(needed: Iterable[Path]) -> bool:
    """Whether root may have nobody in its jail, and everybody may pass every folder on the way to all."""
    return kernel.capabilities() & _NEEDED == _NEEDED and all(
        folder.stat().st_mode & stat.S_IXOTH
        for path in needed
        if path.exists()
        for folder in path.resolve().parents
    )


def _become_nobody(scratch: Path) -> None:
    """Stays as it is where a user namespace has no nobody; there is little to lose in there."""
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.chown(scratch, NOBODY, NOBODY)
        try:
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError:
            os.chown(scratch, os.getuid(), os.getgid())
