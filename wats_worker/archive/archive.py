"""The archive as its users see it: records in and out, and the bytes they name."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pydantic import ValidationError

from wats_worker.archive.blobs import PIECE, Blobs, pack, unpack
from wats_worker.archive.clearing import Clearing, Notice, read_notice
from wats_worker.archive.errors import ArchiveError, Damaged, Purged
from wats_worker.archive.record import Blob, KeptFile
from wats_worker.spool import names
from wats_worker.store.store import Store

#: A record of a hundred thousand reports has some 60 MB.
_LARGEST_RECORD: Final = 2**30
#: Below it lies the record of each file in each edition, and below the other that its bytes are gone.
FILES: Final = "files"
_PURGED: Final = "purged"


class Archive:
    """Every file that was delivered, and every report that came of it. For any number of threads.

    Args:
        store: Where it lies.
        piece: Bytes of one piece of a blob. Only for testing.
    """

    def __init__(self, store: Store, *, piece: int = PIECE) -> None:
        self._store = store
        self._blobs = Blobs(store, piece=piece)

    @property
    def name(self) -> str:
        """What people know it by."""
        return self._store.name

    # Records

    def has(self, file_id: str) -> bool:
        """Whether a file is here. Its bytes need not be."""
        return self._store.size(_key(file_id, 1)) is not None

    def editions(self, file_id: str) -> list[int]:
        """The editions of a file's record, in their order."""
        home = f"{FILES}/{names.file_id(file_id)[:2]}/{file_id}"
        return [int(entry.key.rpartition("/")[2]) for entry in self._store.list(home)]

    def record(self, file_id: str, edition: int | None = None) -> KeptFile | None:
        """The record of a file, the last one unless another is asked for; nothing if there is none.

        Raises:
            Damaged: it can't be read.
            StoreUnusable: the store gives nothing for now.
        """
        if edition is None:
            there = self.editions(file_id)
            if not there:
                return None
            edition = there[-1]
        found = self._store.get(_key(file_id, edition))
        return None if found is None else _read(found.data, file_id)

    def file_ids(self, *, after: str = "") -> Iterator[str]:
        """Every file in the archive, in the order of their ids, from the first one behind ``after`` on."""
        start = f"{FILES}/{after[:2]}/{after}/~" if after else ""
        last = ""
        for entry in self._store.list(FILES, after=start):
            file_id = entry.key.split("/")[2]
            if file_id != last:
                yield file_id
            last = file_id

    def records(self) -> Iterator[tuple[str, int]]:
        """Every record by its file and edition, in this order."""
        return self._names(FILES)

    def purged(self) -> Iterator[tuple[str, int]]:
        """The files whose bytes were taken away, and up to which edition."""
        return self._names(_PURGED)

    def add(self, record: KeptFile) -> None:
        """Add the record of a file, when every blob it names is here. To do so again is no fault.

        Raises:
            ArchiveError: there is another record of this edition, so somebody else writes at the same time.
            StoreUnusable: the store takes nothing for now.
        """
        key = _key(record.file_id, record.edition)
        if self._store.create(key, pack(record.model_dump_json().encode())) is not None:
            return
        there = self.record(record.file_id, record.edition)
        if there is None or not there.is_of(record.card):
            raise ArchiveError(f"somebody else wrote edition {record.edition} of file {record.file_id}")

    # Bytes

    def keep(self, blob: Blob, content: Iterable[bytes]) -> None:
        """Keep bytes whose checksum and length are known; see ``Blobs.keep``."""
        self._blobs.keep(blob, content)

    def has_bytes(self, blob: Blob | None) -> bool:
        """Whether all of a blob is here."""
        return blob is not None and self._blobs.has(blob)

    def read(self, blob: Blob) -> Iterator[bytes]:
        """The bytes of a blob, proved as they are read; see ``Blobs.read``."""
        return self._blobs.read(blob)

    def part(self, blob: Blob, start: int, size: int) -> bytes:
        """Some of a blob's bytes; see ``Blobs.part``."""
        return self._blobs.part(blob, start, size)

    def report(self, record: KeptFile, report_id: str) -> bytes:
        """The body of one report, by any of the ids it goes by.

        Raises:
            Purged: the file has no such report, or its bytes are not kept.
            Damaged: it is not what was kept.
            StoreUnusable: the store gives nothing for now.
        """
        found = record.report(report_id)
        if found is None or not found.sha256 or record.bodies is None:
            raise Purged(f"the archive has no body of report {report_id} of file {record.file_id}")
        body = self._blobs.part(record.bodies, found.offset, found.size)
        if hashlib.sha256(body).hexdigest() != found.sha256:
            raise Damaged(f"report {report_id} of file {record.file_id}")
        return body

    def forget(self, blobs: Iterable[Blob]) -> None:
        """Keep blobs no longer. Whoever does that knows that no record needs them; see ``clearing``."""
        self._blobs.delete(blobs)

    def mark_purged(self, file_id: str, edition: int) -> None:
        """Remember that the bytes of a file are gone, up to an edition."""
        self._store.put(f"{_PURGED}/{file_id[:2]}/{file_id}/{edition:06}", b"purged")

    def clearing(self, who: str, now: Callable[[], float]) -> Clearing:
        """The right to take bytes away, for one at a time."""
        return Clearing(self._store, who, now)

    def notice(self) -> Notice:
        """What is being taken away just now."""
        return read_notice(self._store)

    def _names(self, below: str) -> Iterator[tuple[str, int]]:
        for entry in self._store.list(below):
            _, _, file_id, edition = entry.key.split("/")
            yield file_id, int(edition)


def _read(packed: bytes, file_id: str) -> KeptFile:
    what = f"the record of file {file_id}"
    try:
        record = KeptFile.model_validate_json(unpack(packed, what, most=_LARGEST_RECORD))
    except ValidationError:
        raise Damaged(what) from None
    if record.file_id != file_id:
        raise Damaged(what)
    return record


def _key(file_id: str, edition: int) -> str:
    return f"{FILES}/{names.file_id(file_id)[:2]}/{file_id}/{edition:06}"
