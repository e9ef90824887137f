"""Events of the system, as hints that it is worth looking before the next look is due.

Nothing depends on them: shares have none, queues of events overflow, limits are reached. So whatever goes
wrong here is said once and the periodic look goes on.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from watchfiles import watch

log = logging.getLogger(__name__)

#: Folders with events of their own; more of them are looked at periodically.
_MOST: Final = 1000


class Hints:
    """Calls back when something happened in one of the folders, from a thread of its own.

    The folders are named one by one and not as a tree, because the library beneath would follow links in it.

    Args:
        source: Its name, for the log.
        call: Called for each bundle of events.
    """

    def __init__(self, source: str, call: Callable[[], None]) -> None:
        self._source = source
        self._call = call
        self._folders: dict[Path, int] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""

    def follow(self, folders: Mapping[Path, int]) -> bool:
        """Listen to these folders from now on. Asking again for the same ones costs nothing.

        Args:
            folders: The inode of each: a folder that was removed and made anew is another one.

        Returns:
            Whether listening has just begun, so that something may have been missed.
        """
        wanted = dict(islice(folders.items(), _MOST))
        if wanted == self._folders:
            return False
        self.stop()
        self._folders, self._over = wanted, threading.Event()
        self._thread = threading.Thread(
            target=self._listen, args=(tuple(wanted), self._over), name=f"hints-{self._source}", daemon=True
        )
        self._thread.start()
        return True

    def stop(self) -> None:
        """Listen no more."""
        self._folders = {}
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
            self._thread = None

    def _listen(self, folders: Sequence[Path], over: threading.Event) -> None:
        try:
            events = watch(
                *folders,
                watch_filter=None,
                debounce=50,
                step=20,
                stop_event=over,
                rust_timeout=60_000,
                recursive=False,
                force_polling=False,  # the periodic look does that better
                ignore_permission_denied=False,  # it would hide missing folders as well
                raise_interrupt=False,
            )
            for _ in events:
                self._call()
        except (OSError, RuntimeError) as problem:
            # RuntimeError is what the Rust side raises when it does not know better.
            if str(problem) != self._told:
                self._told = str(problem)
                log.warning("events_unavailable", extra={"source": self._source, "reason": self._told})
