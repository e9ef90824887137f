"""A worker's hold on the file it converts: a term in the journal, renewed for as long as the work takes."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError

from wats_broker.journal import Journal

log = logging.getLogger(__name__)

#: How long a conversion may go on without a sign of life from its worker.
TERM_S: Final = 15.0


@contextmanager
def held(journal: Journal, file_id: str, holder: str, *, term_s: float = TERM_S) -> Iterator[None]:
    """Renew the hold on a file that was taken, for as long as the block runs."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(term_s / 3):
            try:
                journal.renew(file_id, worker=holder, term_s=term_s)
            except RedisError as error:
                # The next third may have better weather. Without a hold the file is converted twice, to the
                # same reports under the same ids.
                log.warning("hold_not_renewed", extra={"file_id": file_id, "reason": str(error)})

    threading.Thread(target=renew, name=f"hold-{file_id[:8]}", daemon=True).start()
    try:
        yield
    finally:
        done.set()
