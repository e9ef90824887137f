"""Stores that tell of their acts, or take the process with them at one."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from wats_worker.store.folder import FolderStore


class WatchedStore(FolderStore):
    """A folder store that tells of each act that changes something, before it is done.

    Args:
        root: Its folder.
        before: Told how many such acts were done.
    """

    def __init__(self, root: Path, before: Callable[[int], None]) -> None:
        super().__init__(root)
        self._before = before
        self._done = 0

    def create(self, key, data):
        self._act()
        return super().create(key, data)

    def replace(self, key, data, version):
        self._act()
        return super().replace(key, data, version)

    def put(self, key, source):
        self._act()
        super().put(key, source)

    def delete(self, *keys):
        if keys:
            self._act()
            super().delete(*keys)

    def _act(self):
        self._before(self._done)
        self._done += 1


class MortalStore(WatchedStore):
    """A folder store in which the process dies.

    Args:
        root: Its folder.
        acts: So many acts that change something are done; before the next the process ends, as by SIGKILL.
    """

    def __init__(self, root: Path, *, acts: int) -> None:
        super().__init__(root, lambda done: os._exit(9) if done == acts else None)


def killed_at_every_act(story: Callable[[int], None]) -> Iterator[int]:
    """Run a story in a child again and again, killed one act later each time, until it gets through.

    The story is told after how many acts. Yields that after each child's end; the caller looks at what is left and
    prepares the next.
    """
    acts, through = 0, False
    while not through:
        child = os.fork()
        if not child:
            code = 1
            try:
                story(acts)
                code = 0
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in {0, 9}, "the story failed by itself"
        through = code == 0
        yield acts
        acts += 1
