"""How whoever takes bytes away and whoever archives keep out of each other's way, on any store.

The same bytes lie in the archive once for all files that have them. So a purge may not take what a file that
is just being archived has found there. Neither waits for the other; there is a notice that both read:

    purge      condemn ──► ask the catalogue who needs these bytes ──► delete what nobody needs ──► the next
    archivist  keep bytes ──► add the record ──► enter it ──► read the notice ──► leave the spool

Either the catalogue has the record when the purge asks. Or it asked before; then the archivist, who reads
the notice after entering the record, finds the bytes condemned, or finds that the notice is another one than
at first and looks whether the bytes are still there. If they are not, the file stays on the spool, and its
bytes are kept once more.

    purging   the notice. It is never removed: a turn that comes twice would hide one in between
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from wats_worker.archive.errors import ArchiveError
from wats_worker.store.store import Store

_KEY: Final = "purging"
#: Seconds after which a purge that gave no sign of life is taken for dead.
TERM_S: Final = 600.0
#: Nothing is taken away on the strength of a notice that is older.
_FRESH_S: Final = TERM_S / 4


class Busy(ArchiveError):
    """Somebody else is taking bytes away, or was killed while he did."""


class Notice(BaseModel):
    """What is being taken away just now. Equal notices: nothing was, in between."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    turn: int = 0
    at: float = 0.0  #: seconds since 1970
    who: str = ""  #: empty: nobody
    blobs: frozenset[str] = frozenset()  #: by their checksums

    def is_left_over(self, now: float) -> bool:
        """Whether somebody was killed while he took bytes away."""
        return bool(self.who) and now - self.at > TERM_S


def read_notice(store: Store) -> Notice:
    """The notice as it is.

    Raises:
        StoreUnusable: the store gives nothing for now.
    """
    return _read(store)[0]


class Clearing:
    """The right to take bytes away, which one process at a time has. A context.

    Args:
        store: Of the archive.
        who: Whose it is, for the others.
        now: Seconds since 1970.

    Raises:
        Busy: on entering: another one has it. On condemning: it was lost to another one, because nothing was
            heard of us for so long.
        StoreUnusable: the store takes nothing for now.
    """

    def __init__(self, store: Store, who: str, now: Callable[[], float]) -> None:
        self._store = store
        self._who = who
        self._now = now
        self._notice = Notice()
        self._version: str | None = None

    def __enter__(self) -> Self:
        self._notice, self._version = _read(self._store)
        if self._notice.who and not self._notice.is_left_over(self._now()):
            since = datetime.fromtimestamp(self._notice.at, UTC)
            raise Busy(
                f"{self._notice.who} takes bytes out of the archive, last heard of at {since:%H:%M:%S} UTC. "
                f"If it was killed, try again {TERM_S / 60:.0f} minutes after that."
            )
        self.condemn(())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Busy):  # whoever has it by now put up a notice of his own
            self._put_up(Notice(turn=self._notice.turn + 1, at=self._now()))

    def condemn(self, blobs: Collection[str]) -> None:
        """Announce which bytes are about to go. What was condemned before is not any more."""
        self._put_up(
            Notice(turn=self._notice.turn + 1, at=self._now(), who=self._who, blobs=frozenset(blobs))
        )

    def may_go(self) -> bool:
        """Whether what is condemned may go now. Not if this process stood still meanwhile."""
        return 0 <= self._now() - self._notice.at < _FRESH_S

    def _put_up(self, notice: Notice) -> None:
        data = notice.model_dump_json().encode()
        if self._version is None:
            version = self._store.create(_KEY, data)
        else:
            version = self._store.replace(_KEY, data, self._version)
        if version is None:
            # An answer that was lost on its way looks like this, too.
            there, found = _read(self._store)
            if there != notice:
                raise Busy(f"{there.who or 'somebody else'} takes bytes out of the archive by now")
            version = found
        self._notice, self._version = notice, version


def _read(store: Store) -> tuple[Notice, str | None]:
    found = store.get(_KEY)
    if found is None:
        return Notice(), None
    try:
        return Notice.model_validate_json(found.data), found.version
    except ValidationError:
        # Nobody of ours has written that. Whoever purges next puts up another one, and nothing waits for it.
        return Notice(), found.version
