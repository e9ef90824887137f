"""Takes finished files from the spool into the archive.

Killed between any two steps, nothing is missing and nothing is there twice:

    keep the bytes       they lie under their own checksums; doing it again finds them there
    add the record       under the file's id and an edition that can be written once; who comes again finds
                         that it tells of this very stay in the spool
    enter it             what the catalogue has of it is replaced by the same
    look at the notice   whether somebody took away meanwhile what we found; see ``archive.clearing``
    do the post action   it finds what it did before, see ``post_actions``
    leave the spool      the last step, because the folder is what we look for

What is unreachable or full holds files back on the spool, and nothing else: uploads go on. What a failing
post action holds back is safe in the archive by then.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

from wats_broker.journal import Event
from wats_worker.archive.archive import Archive
from wats_worker.archive.clearing import Notice
from wats_worker.archive.errors import ArchiveError
from wats_worker.archive.record import Blob, KeptFile
from wats_worker.archiving import telling
from wats_worker.spool.errors import NotInSpool, PostActionFailed
from wats_worker.spool.post_actions import PostAction
from wats_worker.spool.spool import Spool

log = logging.getLogger(__name__)

#: Files of one round: their bytes are made durable side by side, and the catalogue takes them in one act.
_MOST: Final = 200
#: Most of the time of a round goes by waiting for the disk or the network.
_THREADS: Final = 4
#: Seconds until a file is tried again whose own trouble it is.
_AGAIN_S: Final = 30.0


def _go_on(_step: str) -> None:
    """What happens between two steps outside of tests: nothing."""


class Archivist:
    """Archives the finished files of one spool.

    Args:
        spool: Where they come from.
        archive: Where they go.
        enter: Has the catalogue know them.
        stories: What the journal remembers of files.
        post_action: What becomes of the delivered files of a source, and where.
        now: Seconds since 1970, by the clock of the journal.
        step: Told the name of each step before it is made. Only for testing.
        steady: The clock that tries are spaced by. Only for testing.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        archive: Archive,
        enter: Callable[[Sequence[KeptFile]], object],
        stories: Callable[[Sequence[str]], Sequence[tuple[Event, ...]]],
        post_action: Callable[[str], tuple[PostAction, Path]],
        now: Callable[[], float],
        step: Callable[[str], None] = _go_on,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._archive = archive
        self._enter = enter
        self._stories = stories
        self._post_action = post_action
        self._now = now
        self._step = step
        self._steady = steady
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="archive")
        #: When files are tried again that could not be archived for a reason of their own.
        self._later: dict[str, float] = {}
        self._notice: Notice | None = None

    def close(self) -> None:
        """End what it has started."""
        self._pool.shutdown()

    def round(self) -> int:
        """Archive some of the finished files; how many have left the spool.

        Raises:
            StoreUnusable: the archive takes nothing for now.
            CatalogueUnusable: the catalogue takes nothing for now.
            redis.exceptions.RedisError: the journal can't be asked.
        """
        if self._notice is None:
            self._notice = self._archive.notice()
        now = self._steady()
        self._later = {file_id: at for file_id, at in self._later.items() if at > now}
        due = (file_id for file_id in self._spool.finished() if file_id not in self._later)
        file_ids = list(islice(due, _MOST))
        if not file_ids:
            return 0
        found = self._pool.map(self._archived, file_ids, self._stories(file_ids))
        records = [record for record in found if record is not None]
        self._step("enter")
        self._enter(records)
        self._step("notice")
        before, self._notice = self._notice, self._archive.notice()
        return sum(self._let_go(record) for record in records if self._is_whole(record, before, self._notice))

    def _archived(self, file_id: str, story: Sequence[Event]) -> KeptFile | None:
        """The record of a file, in the archive with all that it names. None if that can't be for now."""
        try:
            return self._kept(file_id, story)
        except (NotInSpool, FileNotFoundError):
            return None  # somebody else has just archived it
        except (ArchiveError, OSError) as problem:
            self._postpone(file_id, str(problem))
            return None

    def _kept(self, file_id: str, story: Sequence[Event]) -> KeptFile:
        card = self._spool.meta(file_id)
        last = self._archive.record(file_id)
        if last is not None and last.is_of(card):
            self._keep_again(last)
            return last  # it was archived before, and we did not come to the end
        if last is not None and not self._spool.made(file_id).reports:
            return last  # it came a second time, and nothing had to be converted
        action, folder = self._post_action(card.source)
        self._step("keep-original")
        if (blob := telling.original(card, action)) is not None:
            self._keep_original(blob, file_id)
        self._step("keep-reports")
        told = telling.bodies(self._spool, file_id)
        if told.blob is not None:
            self._archive.keep(told.blob, told.content())
        record = telling.record(
            self._spool,
            card,
            told,
            edition=1 if last is None else last.edition + 1,
            action=action,
            folder=folder,
            story=story,
            now=self._now(),
        )
        self._step("add-record")
        self._archive.add(record)
        return record

    def _keep_again(self, record: KeptFile) -> None:
        """Keep what was taken away since the record was written."""
        if record.original is not None and not self._archive.has_bytes(record.original):
            self._keep_original(record.original, record.file_id)
        if record.bodies is not None and not self._archive.has_bytes(record.bodies):
            self._archive.keep(record.bodies, telling.bodies(self._spool, record.file_id).content())

    def _keep_original(self, blob: Blob, file_id: str) -> None:
        with self._spool.bytes_of(file_id) as path:
            self._archive.keep(blob, telling.read(path))

    def _is_whole(self, record: KeptFile, before: Notice, now: Notice) -> bool:
        """Whether all that the record names stays in the archive."""
        blobs = [blob for blob in (record.original, record.bodies) if blob is not None]
        untouched = before == now and not now.blobs
        if untouched or not record.is_of(self._spool.meta(record.file_id)):
            return True
        if any(blob.sha256 in now.blobs or not self._archive.has_bytes(blob) for blob in blobs):
            self._postpone(record.file_id, "its bytes were just being purged with those of another file")
            return False
        return True

    def _let_go(self, record: KeptFile) -> bool:
        file_id = record.file_id
        try:
            self._step("post-action")
            self._spool.act(file_id, *self._post_action(record.card.source))
        except PostActionFailed as problem:
            self._postpone(file_id, str(problem))
            return False
        self._step("leave")
        self._spool.leave(file_id)
        log.info(
            "file_archived",
            extra={
                "file_id": file_id,
                "source": record.card.source,
                "file": record.card.name,
                "edition": record.edition,
                "reports": len(record.reports),
            },
        )
        return True

    def _postpone(self, file_id: str, reason: str) -> None:
        self._later[file_id] = self._steady() + _AGAIN_S
        log.warning("file_not_archived", extra={"file_id": file_id, "reason": reason})
