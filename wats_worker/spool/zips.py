"""Monthly zip files that many small files are added to, one by one, and that no crash can spoil.

Adding to a zip overwrites its table of contents before the new one is written. So the old table is noted
beforehand; whoever finds such a note puts the zip back to where it was and starts again.

A zip that holds ``FULL`` files is left alone and a numbered one follows: the table is read and written for
every file that is added, which would grow slower and slower.
"""

import hashlib
import os
import shutil
import zipfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import IO, Final, Self

from pydantic import BaseModel

from wats_broker.files import CHUNK, Lock, open_in_place, write_atomically
from wats_worker.spool import names
from wats_worker.spool.bundle import original_name

FULL: Final = 1000
_EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)  # a zip can't say more


class _Note(BaseModel):
    """How to undo an addition that never came to its end."""

    zip: str
    table_at: int
    table: str  # base64


@dataclass(frozen=True)
class Part:
    """One file to put into a zip."""

    name: str
    size: int
    crc: Callable[[], int]
    written: float
    open: Callable[[], IO[bytes]]
    is_folder: bool = False

    @classmethod
    def of_file(cls, source: Path, name: str) -> Self:
        """A file on its own."""
        status = source.stat()
        return cls(name, status.st_size, lambda: _crc(source), status.st_mtime, lambda: source.open("rb"))

    @classmethod
    def of_member(cls, bundle: zipfile.ZipFile, info: zipfile.ZipInfo, written: float) -> Self:
        """One of several files that belong together."""
        name = names.printable(original_name(info))
        return cls(
            name,
            info.file_size,
            lambda: info.CRC,
            written,
            lambda: bundle.open(info),
            is_folder=info.is_dir(),
        )


def add(
    parts: Sequence[Part],
    *,
    month: str,
    folder: Path,
    notes: Path,
    numbered: Callable[[str, int], str] = names.numbered,
) -> Path:
    """Put files into the month's zip and return the zip: all of them or none.

    The same bytes under the same names go in once. Where one name is taken by other bytes, all are numbered.

    Args:
        parts: the files.
        month: ``202611``, which is also the name of the zip.
        folder: where the zip lies; made if it is not there.
        notes: a folder of the spool for the lock and the undo note, since a share may know no locks.
        numbered: the names of the files where those they have are taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = notes / f"{folder_mark(folder)}.undo"
    with Lock(note.with_suffix(".lock")):
        _undo(note)
        number = next(n for n in count(1) if not _zip(folder, month, n + 1).exists())
        # It may have been added just before a crash, and others have filled that zip since.
        for earlier in range(max(1, number - 1), number + 1):
            if _free_names(_zip(folder, month, earlier), parts, numbered) is None:
                return _zip(folder, month, earlier)
        target = _zip(folder, month, number)
        if len(_contents(target)) >= FULL:
            target = _zip(folder, month, number + 1)
        _add(parts, _free_names(target, parts, numbered) or [], target, note)
        return target


def folder_mark(folder: Path) -> str:
    """A short name for a done folder, the same in every process: for its lock and its undo note."""
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def _zip(folder: Path, month: str, number: int) -> Path:
    return folder / names.numbered(f"{month}.zip", number)


def _contents(target: Path) -> dict[str, tuple[int, int]]:
    if not target.exists():
        return {}
    with zipfile.ZipFile(target) as archive:
        return {entry.filename: (entry.CRC, entry.file_size) for entry in archive.infolist()}


def _free_names(target: Path, parts: Sequence[Part], numbered: Callable[[str, int], str]) -> list[str] | None:
    """Names that are not taken yet; nothing if the files are there already."""
    taken = _contents(target)
    for number in count(1):
        chosen = [numbered(part.name, number) for part in parts]
        there = [name in taken for name in chosen]
        if not any(there):
            return chosen
        if all(there) and all(
            taken[name] == (part.crc(), part.size) for name, part in zip(chosen, parts, strict=True)
        ):
            return None
    raise AssertionError


def _crc(source: Path) -> int:
    crc = 0
    with source.open("rb") as content:
        while piece := content.read(CHUNK):
            crc = zlib.crc32(piece, crc)
    return crc


def _add(parts: Sequence[Part], chosen: Sequence[str], target: Path, note: Path) -> None:
    _remember(target, note)
    with open_in_place(target) as changed, zipfile.ZipFile(changed, "a") as archive:
        for part, name in zip(parts, chosen, strict=True):
            entry = zipfile.ZipInfo(name, _date(part.written))
            entry.external_attr = 0o600 << 16
            entry.file_size = part.size
            if part.is_folder:
                archive.writestr(entry, b"")
                continue
            entry.compress_type = zipfile.ZIP_DEFLATED
            with part.open() as content, archive.open(entry, "w") as packed:
                shutil.copyfileobj(content, packed, CHUNK)
    with target.open("rb") as written:
        os.fsync(written.fileno())
    note.unlink()


def _date(mtime: float) -> tuple[int, int, int, int, int, int]:
    moment = max(datetime.fromtimestamp(mtime, UTC), _EARLIEST)
    return moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second


def _remember(target: Path, note: Path) -> None:
    if not target.exists():
        open_in_place(target).close()
    table_at, table = 0, b""
    if target.stat().st_size:
        with zipfile.ZipFile(target) as archive:
            table_at = archive.start_dir
        with target.open("rb") as raw:
            raw.seek(table_at)
            table = raw.read()
    undo = _Note(zip=os.fsencode(target).hex(), table_at=table_at, table=b64encode(table).decode())
    write_atomically(note, undo.model_dump_json().encode())


def _undo(note: Path) -> None:
    if not note.exists():
        return
    undo = _Note.model_validate_json(note.read_bytes())
    target = Path(os.fsdecode(bytes.fromhex(undo.zip)))
    # Somebody may have taken the zip away in the meantime; then there is nothing to mend.
    if target.exists() and target.stat().st_size >= undo.table_at:
        with open_in_place(target) as raw:
            raw.truncate(undo.table_at)
            raw.seek(undo.table_at)
            raw.write(b64decode(undo.table))
            raw.flush()
            os.fsync(raw.fileno())
    if target.exists() and not target.stat().st_size:
        target.unlink()
    note.unlink()
