"""What a file in the spool is waiting for, and whether somebody has to help. Pure.

Lost or merely waiting? A Celery message that vanished leaves its file *seen* for ever, but so does a queue
that is long. The pool's backlog tells them apart: while messages wait there, ours may be among them; when
none does, and the file has not been taken, its message is gone. Sending once too often is boring, not wrong.
"""

from dataclasses import dataclass
from enum import Enum

from wats_broker.journal import Standing
from wats_broker.states import FileState


class Need(Enum):
    """What somebody has to do about a file that is in ``files/``."""

    NOTHING = "nothing"
    ENTRY = "entry"  #: the journal does not know it, or thinks it is in quarantine
    MESSAGE = "message"  #: its message is lost, or its time has come again
    RECORD = "record"  #: its reports are saved, and nobody told the journal
    DELIVERY = "delivery"  #: see that each report is in the queue, or finish the file
    CLOSING = "closing"  #: it was delivered before the spool forgot it


@dataclass(frozen=True)
class Patience:
    """Seconds after which waiting is not normal any more."""

    taken_s: float = 10.0  #: from an empty queue to a worker
    suspended_s: float = 5.0  #: between attempts at a file whose end is missing
    at_most_s: float = 1800.0  #: a message may have been lost while the queue never ran empty
    room_s: float = 60.0  #: from reserving room for a file to being able to say what became of it
    hold_s: float = 60.0  #: no hold is longer; one that seems to be is from before a clock was set back


def need(
    standing: Standing | None, *, converted: bool, backlog: int, now: float, patience: Patience | None = None
) -> Need:
    """Decide what a file needs.

    Args:
        standing: What the journal says.
        converted: Whether its reports are on the spool.
        backlog: Messages that wait in its pool's queue.
        now: Seconds since 1970, server clock.
        patience: How long to wait for what.

    >>> waiting = Standing(FileState.SEEN, sent_at=100.0, held_until=0.0, attempts=0)
    >>> need(waiting, converted=False, backlog=50, now=400.0)
    <Need.NOTHING: 'nothing'>
    >>> need(waiting, converted=False, backlog=0, now=400.0)
    <Need.MESSAGE: 'message'>
    """
    patience = patience or Patience()
    if standing is None or standing.state is FileState.QUARANTINED:
        return Need.ENTRY
    # Sent in the future: the clock was set back since. Nobody knows how long ago it really was.
    age = abs(now - standing.sent_at)
    match standing.state:
        case FileState.DELIVERED if not converted:
            return Need.CLOSING
        case FileState.CONVERTED | FileState.BURIED | FileState.DELIVERED:
            return Need.DELIVERY
        case FileState.CONVERTING if 0 <= standing.held_until - now <= patience.hold_s:
            return Need.NOTHING
        case _ if converted:
            return Need.RECORD
        case FileState.CONVERTING if standing.sent_at < standing.held_until:
            # Its worker fell silent and nobody has sent it since.
            return Need.MESSAGE
        case FileState.SUSPENDED if age >= patience.suspended_s and not backlog:
            return Need.MESSAGE
        case _ if (age >= patience.taken_s and not backlog) or age >= patience.at_most_s:
            return Need.MESSAGE
    return Need.NOTHING
