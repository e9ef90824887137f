"""Go on with what a crash, or a writer nobody could see, has left behind.

The rule for half-made folders: without ``source`` there is nothing in them that does not exist elsewhere, so
they go. With ``source`` the bytes may exist nowhere else, so they are completed under the id that their
content says, whatever the card says.
"""

import errno
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from wats_broker.files import write_atomically
from wats_worker.spool import names, open_files, reports
from wats_worker.spool.files import READ_SAFELY, Stamp, is_regular, pieces
from wats_worker.spool.incoming import sweep
from wats_worker.spool.model import FileMeta, Place
from wats_worker.spool.open_files import Use

log = logging.getLogger(__name__)

#: Source of files whose card did not survive.
UNKNOWN = "unknown"


def recover(corners: Iterable[Path], *, root: Path, known: Callable[[str], bool]) -> list[str]:
    """Empty the corners and return the ids of the files that have come to their place by this.

    Args:
        corners: parts of ``incoming`` that nobody works in.
        root: the spool.
        known: whether the spool has a file with this id.
    """
    recovered = []
    for corner in corners:
        for folder in sorted(corner.iterdir()):
            # A second copy may be disposed of by its own thread while we look at it.
            with suppress(FileNotFoundError):
                if os.path.lexists(folder / "source") and (file_id := _complete(folder, root, known)):
                    log.info("file_recovered", extra={"file_id": file_id})
                    recovered.append(file_id)
        sweep(corner)
    return recovered


def reidentify(folder: Path, *, root: Path, known: Callable[[str], bool]) -> str | None:
    """Give a waiting file the id of its present content; nothing while somebody writes to it."""
    old = _card(folder)
    meta = _identify(folder, old)
    if old is None or meta is None:
        return None
    reports.drop(folder)
    write_atomically(folder / "meta.json", meta.model_dump_json(indent=1).encode())
    if meta.file_id != folder.name and not _place(folder, root / Place.WAITING.value / meta.file_id, known):
        shutil.rmtree(folder)
    return meta.file_id


def _complete(folder: Path, root: Path, known: Callable[[str], bool]) -> str | None:
    card = _card(folder)
    meta = _identify(folder, card)
    if meta is None:
        return None
    write_atomically(folder / "meta.json", meta.model_dump_json(indent=1).encode())
    place = Place.WAITING
    if card is None:
        place = Place.QUARANTINED
        reason = {
            "reason": "the computer stopped while this file was taken in, and its name and source were lost"
        }
        write_atomically(folder / "reason.json", json.dumps(reason, indent=1).encode())
    if _place(folder, root / place.value / meta.file_id, known):
        return meta.file_id
    shutil.rmtree(folder)  # a second copy of what the spool has
    return None


def _place(folder: Path, target: Path, known: Callable[[str], bool]) -> bool:
    """Move a folder to its place, unless the spool has the same bytes."""
    if known(target.name):
        return False
    try:
        folder.rename(target)
    except OSError as problem:
        if problem.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    return True


def _card(folder: Path) -> FileMeta | None:
    try:
        return FileMeta.model_validate_json((folder / "meta.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _identify(folder: Path, card: FileMeta | None) -> FileMeta | None:
    """The card that fits the bytes in a folder; nothing if somebody writes to them or they are no file."""
    source = folder / "source"
    if not is_regular(source.lstat()):
        source.unlink()  # a link or a pipe in place of the file: there are no bytes to lose
        return None
    descriptor = os.open(source, READ_SAFELY)
    try:
        before = Stamp.of(os.fstat(descriptor))
        identity = names.Identity(card.source, card.salt) if card else names.Identity(UNKNOWN)
        if open_files.look(descriptor) is Use.WRITTEN:
            return None
        for piece in pieces(descriptor, size=before.size):
            identity.feed(piece)
        if Stamp.of(os.fstat(descriptor)) != before:
            return None
    finally:
        os.close(descriptor)
    facts = {
        "file_id": identity.file_id,
        "sha256": identity.sha256,
        "size": before.size,
        "mtime_ns": before.mtime_ns,
    }
    if card is not None:
        return card.model_copy(update=facts)
    name = f"recovered-{identity.file_id[:8]}"
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    unnamed = {
        "source": UNKNOWN,
        "name": name,
        "path": name,
        "claimed_at": now,
        "pool": "convert",
        "priority": 5,
    }
    return FileMeta.model_validate(facts | unnamed)
