"""The trees of files on disk: where each file lies, and what is in its folder.

The layout is told in the package. A move is one rename of a file's folder, so a file is in one tree.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wats_broker.files import write_atomically
from wats_worker.spool import names
from wats_worker.spool.errors import NotInSpool
from wats_worker.spool.files import READ_SAFELY
from wats_worker.spool.model import FileMeta, Place


class Tree:
    """Files by their ids, wherever they are. Objects may be carried over a fork.

    Args:
        root: the folder of the spool, made if it is not there and closed to other users.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        for place in Place:
            (root / place.value).mkdir(mode=0o700, exist_ok=True)

    # Looking

    def place(self, file_id: str) -> Place | None:
        """Where a file is, if it is here."""
        names.file_id(file_id)
        # In the order in which files travel, so that one on its way is not missed. It is asked several times
        # for each file, and a ``Path`` costs more than the question.
        for place in Place:
            if os.path.isdir(f"{self.root}/{place.value}/{file_id}"):  # noqa: PTH112 - as said
                return place
        return None

    def places(self, file_ids: Sequence[str]) -> list[Place | None]:
        """The same for many."""
        return [self.place(file_id) for file_id in file_ids]

    def meta(self, file_id: str) -> FileMeta:
        """The card of a file."""
        try:
            return FileMeta.model_validate_json((self._folder(file_id) / "meta.json").read_bytes())
        except FileNotFoundError:
            raise NotInSpool(f"file {file_id} has no card in the spool") from None

    def source(self, file_id: str) -> Path:
        """Where the bytes of a file are. Its post action may have taken them away."""
        return self._folder(file_id) / "source"

    @contextmanager
    def bytes_of(self, file_id: str) -> Iterator[Path]:
        """The file itself: here nothing is copied."""
        yield self.source(file_id)

    def has_bytes(self, file_id: str) -> bool:
        """Whether the bytes of a file are there."""
        return self.source(file_id).exists()

    def piece(self, file_id: str, start: int, size: int) -> tuple[bytes, int] | None:
        """So many bytes of a file from a place on, and how many it has; None if they are not there."""
        try:
            descriptor = os.open(self.source(file_id), READ_SAFELY)
        except FileNotFoundError:
            return None
        try:
            return os.pread(descriptor, size, start), os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def reason(self, file_id: str) -> dict[str, Any]:
        """Why a file is in quarantine."""
        try:
            found = json.loads((self._path(file_id, Place.QUARANTINED) / "reason.json").read_bytes())
        except FileNotFoundError:
            raise NotInSpool(f"file {file_id} is not in quarantine") from None
        return dict(found)

    def stderr(self, file_id: str, *, most: int) -> bytes:
        """The end of what the converter of a quarantined file said, up to so many bytes."""
        try:
            with (self._folder(file_id) / "stderr.txt").open("rb") as said:
                said.seek(-min(most, said.seek(0, os.SEEK_END)), os.SEEK_END)
                return said.read(most)
        except FileNotFoundError:
            return b""

    def waiting(self) -> Iterator[str]:
        """The ids of all files that are not finished, in no order."""
        return self._ids(Place.WAITING)

    def finished(self) -> Iterator[str]:
        """The ids of all files that are to go into the archive, in no order."""
        return self._ids(Place.FINISHED)

    def quarantined(self) -> Iterator[str]:
        """The ids of all files that a person has to look at, in no order."""
        return self._ids(Place.QUARANTINED)

    # What its folder is, and where it goes

    def _path(self, file_id: str, place: Place) -> Path:
        names.file_id(file_id)
        return self.root / place.value / file_id

    def _folder(self, file_id: str) -> Path:
        place = self.place(file_id)
        if place is None:
            raise NotInSpool(f"the spool has no file {file_id}")
        return self._path(file_id, place)

    def _move(self, file_id: str, old: Place, new: Place) -> None:
        try:
            self._path(file_id, old).rename(self._path(file_id, new))
        except FileNotFoundError:
            # Somebody else made the same move.
            return

    def _rewrite_card(self, file_id: str, place: Place, **changes: Any) -> None:
        card = self._path(file_id, place) / "meta.json"
        try:
            meta = FileMeta.model_validate_json(card.read_bytes())
        except FileNotFoundError:
            return  # somebody else has just moved it
        write_atomically(card, meta.model_copy(update=changes).model_dump_json(indent=1).encode())

    def _ids(self, place: Place) -> Iterator[str]:
        with os.scandir(self.root / place.value) as entries:
            for entry in entries:
                if names.is_file_id(entry.name):
                    yield entry.name
