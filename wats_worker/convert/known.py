"""What a conversion may know of the server, though nobody here ever speaks to it: its list of processes.

The upload stage fetches the list, puts it on the board and lays a copy on the spool, for a broker that has
lost its memory. Without a list conversions go on, and the server judges what only it can know. So it does
when the list is old: what is new there since then would be refused here.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from wats_broker.board import OLD_S, Board, Notice
from wats_worker.reports.processes import Copy, Processes
from wats_worker.reports.validate import Finding

log = logging.getLogger(__name__)

#: The checks that ask the list: the process, and the codes of repairs.
_OF_THE_LIST: Final = frozenset({3, 11})
#: The board is looked at no more often than this.
_LOOK_S: Final = 1.0
#: Bytes of names that are handed to a conversion; a message to the jail has its bound.
_MOST_NAMES: Final = 64 * 1024
#: Bytes of a copy on the spool.
_LARGEST: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Known:
    """What is known at one moment."""

    processes: Processes | None = None  #: None: no list
    server: str = ""  #: whose it is
    confirmed_at: float = 0.0  #: seconds since 1970
    old: bool = False
    #: What every converter is told of it, beside the options of the source.
    options: Mapping[str, Any] = field(default_factory=dict)

    def convicts(self, finding: Finding) -> bool:
        """Whether a report with this finding goes no further."""
        return finding.level != "warn" and not (self.old and finding.number in _OF_THE_LIST)


#: Nothing at all.
NOTHING: Final = Known()


class Knowledge:
    """The list as it is now, read anew only when it has changed.

    Args:
        board: Where the upload stage puts it up; None looks at the copy alone.
        copy: The copy on the spool.
        server: The server of the configuration; the list of another one is none.
        clock: Source of the time, in seconds since 1970. Only for testing.
    """

    def __init__(
        self,
        *,
        board: Board | None,
        copy: Path,
        server: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._board = board
        self._copy = copy
        self._server = server
        self._clock = clock
        self._looked = float("-inf")
        self._version = ""
        self._known = NOTHING

    def now(self) -> Known:
        """What is known now.

        Raises:
            redis.exceptions.RedisError: the broker is away.
        """
        if abs(self._clock() - self._looked) >= _LOOK_S:
            self._look()
            self._looked = self._clock()
        return self._known

    def want_newer(self) -> None:
        """A file names a process that the list does not have: it may be new there."""
        if self._board is not None and self._known.processes is not None:
            self._board.want()

    def _look(self) -> None:
        notice = self._board.look() if self._board is not None else Notice()
        if self._board is None or not notice.version:
            self._version = ""
            self._take(self._offline())
            return
        if notice.version != self._version:
            self._take(self._board.text())
            self._version = notice.version
        self._age(notice.confirmed_at)

    def _offline(self) -> str:
        try:
            if self._copy.stat().st_size > _LARGEST:
                return ""
            return self._copy.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):  # none yet, or not ours to read
            return ""

    def _take(self, text: str) -> None:
        self._known = NOTHING
        if not text:
            return
        try:
            copy = Copy.load(text)
        except ValueError as error:
            log.warning("processes_unreadable", extra={"reason": str(error)[:300]})
            return
        if self._server is not None and copy.server != self._server:
            return
        processes = Processes(copy.processes)
        names = processes.by_name()
        told = {"server_processes": names} if len(json.dumps(names)) <= _MOST_NAMES else {}
        self._known = Known(processes, copy.server, copy.confirmed_at, options=told)
        self._age(copy.confirmed_at)

    def _age(self, confirmed_at: float) -> None:
        if self._known.processes is not None:
            old = self._clock() - confirmed_at > OLD_S
            self._known = replace(self._known, confirmed_at=confirmed_at, old=old)
