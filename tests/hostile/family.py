"""Processes that descend from us. Whatever one of them does to get away, it stays below us while we adopt orphans;
no permission is needed to see that, unlike for a look into a process.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Final

import psutil

from wats_worker.sandbox import kernel

_PR_SET_CHILD_SUBREAPER: Final = 36


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Orphans below us come to us, not to process 1; at the end we wait until all of them are dead."""
    before = psutil.Process().children()
    kernel.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        kernel.prctl(_PR_SET_CHILD_SUBREAPER, 0)
        for orphan in psutil.Process().children():
            if orphan not in before:
                orphan.wait(timeout=10)


def strays(zygotes: Iterable[int], others: Iterable[int]) -> set[int]:
    """Processes of the jail that are not where they belong: zygotes below us, one child below each."""
    below = psutil.Process().children(recursive=True)
    spares = {spare.pid for zygote in zygotes for spare in psutil.Process(zygote).children()[:1]}
    expected = {*zygotes, *others, *spares}
    # The child of the last file may have gone meanwhile, and the next one come.
    return {one.pid for one in below if one.pid not in expected and one.is_running() and not _buried(one)}


def _buried(process: psutil.Process) -> bool:
    """Whether this was an orphan of ours, dead and only waiting for us."""
    with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
        return process.status() == psutil.STATUS_ZOMBIE and os.waitpid(process.pid, os.WNOHANG)[0] != 0
    return True
