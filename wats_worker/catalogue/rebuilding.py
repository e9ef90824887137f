"""The catalogue made whole, or anew, from the archive alone. The journal tells what is not archived yet."""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from typing import Final

from wats_worker.archive.archive import Archive
from wats_worker.archive.errors import Damaged
from wats_worker.archive.record import KeptFile
from wats_worker.catalogue.catalogue import Catalogue

log = logging.getLogger(__name__)

#: Files in one act of the database.
_PORTION: Final = 500
#: Records are read side by side: an archive in a bucket is far away.
_THREADS: Final = 8
#: Told again and again how many files were looked at.
Progress = Callable[[int], object]


def rebuild(archive: Archive, catalogue: Catalogue, *, progress: Progress = lambda _: None) -> list[str]:
    """Forget what the catalogue knows, and enter every file of the archive.

    While it lasts the line may run: what is archived meanwhile is entered by whoever archives it, and what
    the journal tells is read again from its beginning.

    Args:
        archive: What there is.
        catalogue: Where it goes.
        progress: Told how far it is.

    Returns:
        The ids of files whose records can't be read.

    Raises:
        StoreUnusable: the archive can't be read.
        CatalogueUnusable: the catalogue can't be written.
    """
    catalogue.clear()
    return complete(archive, catalogue, progress=progress)


def complete(archive: Archive, catalogue: Catalogue, *, progress: Progress = lambda _: None) -> list[str]:
    """Enter what the archive has and the catalogue has not. Only what is missing is read.

    Arguments, result and errors as above.
    """
    damaged: dict[str, None] = {}
    done = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="rebuild") as readers:
        for files in _portions(archive):
            missing = catalogue.kept.unknown([(file_id, one) for file_id, all_ in files for one in all_])
            found = list(readers.map(lambda one: _record(archive, *one), missing))
            damaged |= {one[0]: None for one, record in zip(missing, found, strict=True) if record is None}
            catalogue.enter([record for record in found if record is not None])
            done += len(files)
            progress(done)
    catalogue.kept.purged(dict(archive.purged()))
    return list(damaged)


def _portions(archive: Archive) -> Iterator[Sequence[tuple[str, list[int]]]]:
    """The files of the archive, each with its editions."""
    files = (
        (file_id, [edition for _, edition in records])
        for file_id, records in groupby(archive.records(), key=lambda one: one[0])
    )
    while portion := list(islice(files, _PORTION)):
        yield portion


def _record(archive: Archive, file_id: str, edition: int) -> KeptFile | None:
    try:
        return archive.record(file_id, edition)
    except Damaged as problem:
        log.error("record_damaged", extra={"file_id": file_id, "reason": str(problem)})
        return None
