"""The catalogue made again from the archive alone, and from the journal what is not archived yet."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final

from wats_worker.archive.archive import Archive
from wats_worker.archive.errors import Damaged
from wats_worker.archive.record import KeptFile
from wats_worker.catalogue.catalogue import Catalogue

log = logging.getLogger(__name__)

#: Records in one act of the database.
_PORTION: Final = 500
#: Records are read side by side: an archive in a bucket is far away.
_THREADS: Final = 8


def rebuild(
    archive: Archive, catalogue: Catalogue, *, progress: Callable[[int], object] = lambda _: None
) -> list[str]:
    """Forget what the catalogue knows, and enter every file of the archive.

    While it lasts the line may run: what is archived meanwhile is entered by whoever archives it, and what
    the journal tells is read again from its beginning.

    Args:
        archive: What there is.
        catalogue: Where it goes.
        progress: Told again and again how many files were entered.

    Returns:
        The ids of files whose records can't be read.

    Raises:
        StoreUnusable: the archive can't be read.
        CatalogueUnusable: the catalogue can't be written.
    """
    catalogue.clear()
    damaged: list[str] = []

    def record(file_id: str) -> KeptFile | None:
        try:
            return archive.record(file_id)
        except Damaged as problem:
            log.error("record_damaged", extra={"file_id": file_id, "reason": str(problem)})
            damaged.append(file_id)
            return None

    done = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="rebuild") as readers:
        for portion in _portions(archive.file_ids()):
            found = [one for one in readers.map(record, portion) if one is not None]
            catalogue.enter(found)
            done += len(found)
            progress(done)
    return damaged


def _portions(file_ids: Iterator[str]) -> Iterator[Sequence[str]]:
    while portion := list(islice(file_ids, _PORTION)):
        yield portion
