"""Every name that two processes share, once: stages, Celery queues and tasks, Redis keys.

The protocol's major version is part of all of them, so that two releases can run side by side on one
Redis during an upgrade and never read each other's messages by accident.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: Major version of everything that crosses a process border. A change of meaning raises it.
MAJOR: Final = 1
#: Minor version: additions that an older peer may ignore.
MINOR: Final = 0


class Stage(StrEnum):
    """The processes of the line. Compose services, logs, metrics and the command line use these words."""

    BROKER = "broker"
    WATCH = "watch"
    CONVERT = "convert"
    UPLOAD = "upload"
    POLL = "poll"
    BEAT = "beat"
    ARCHIVE = "archive"
    CONTROL = "control"
    CONSOLE = "console"


#: Celery task names. They say what the hand does, not where the code lives.
CONVERT_TASK: Final = "convert"
DRAIN_TASK: Final = "drain"
POLL_TASK: Final = "poll"


def celery_queue(pool: str) -> str:
    """Name of the Celery queue that feeds a pool.

    >>> celery_queue("convert"), celery_queue("convert.heavy")
    ('convert.v1', 'convert.heavy.v1')
    """
    return f"{pool}.v{MAJOR}"


def pool_of(queue: str) -> str:
    """The pool that a Celery queue feeds, whatever the release it is named by.

    >>> pool_of("convert.heavy.v1")
    'convert.heavy'
    """
    return queue.rpartition(".v")[0]


@dataclass(frozen=True)
class Keys:
    """The Redis key layout of one factory.

    All keys carry one hash tag, so that they live on one node and one Lua script may touch them all.

    >>> Keys("plant7").queue("ready")
    '{plant7:v1}:queue:ready'
    >>> Keys("plant7").file("9f2c")
    '{plant7:v1}:file:9f2c'
    """

    namespace: str = "wats"

    def _key(self, *parts: str) -> str:
        return ":".join((f"{{{self.namespace}:v{MAJOR}}}", *parts))

    def prefix(self) -> str:
        """What all keys but Celery's begin with."""
        return self._key("")

    def queue(self, part: str) -> str:
        """One structure of the upload queue: ``items``, ``ready``, ``leased`` …"""
        return self._key("queue", part)

    def file(self, file_id: str) -> str:
        """The journal's hash about one file."""
        return self._key("file", file_id)

    def story(self, file_id: str) -> str:
        """The journal's list of events of one file."""
        return self._key("story", file_id)

    def journal(self, part: str) -> str:
        """One structure of the journal as a whole: ``counters``, ``recent``, ``tail`` …"""
        return self._key("journal", part)

    def parked(self, major: int) -> str:
        """The messages that a release of this major version could not read; the next one looks there too.

        >>> Keys("plant7").parked(2)
        '{plant7:v2}:journal:parked'
        """
        return f"{{{self.namespace}:v{major}}}:journal:parked"

    def worker(self, name: str) -> str:
        """One live worker's heartbeat; it expires when the worker is gone."""
        return self._key("worker", name)

    def fleet(self) -> str:
        """The names of all workers heard of, by the time of their last heartbeat."""
        return self._key("fleet")

    def complaints(self) -> str:
        """What keeps workers from their work just now; it expires."""
        return self._key("complaints")

    def watch_lease(self, source: str) -> str:
        """Who watches a source; two watchers must not fight over one folder."""
        return self._key("watching", source)

    def poll(self, source: str) -> str:
        """What is known of a scheduled source: its ticks, who polls it, how the last poll ended."""
        return self._key("poll", source)

    def beat(self) -> str:
        """Who ticks for the scheduled sources; two clocks would tick twice."""
        return self._key("beat")

    def duties(self) -> str:
        """Who does what has to be done now and then; two would be in each other's way."""
        return self._key("duties")

    def archiving(self) -> str:
        """Who archives; two would do each other's work."""
        return self._key("archiving")

    def board(self) -> str:
        """What the upload stage puts up for all others: one list, and what stands beside it."""
        return self._key("board")

    def board_turn(self) -> str:
        """Somebody asks the server for that list just now, or has; it expires."""
        return self._key("board", "turn")

    def board_wish(self) -> str:
        """Somebody would like a newer list; the one thing about the board that others may write."""
        return self._key("board", "wish")

    def switches(self) -> str:
        """What a person has switched off while the line runs."""
        return self._key("switches")

    def trend(self) -> str:
        """The last hour in numbers; bounded, and it expires."""
        return self._key("trend")

    def access(self, part: str) -> str:
        """One structure of the control door: ``tokens``, ``notes``, a client's bucket."""
        return self._key("access", part)

    def celery_prefix(self) -> str:
        """Prefix of every key that Celery makes for itself."""
        return f"{self.namespace}:celery:"
