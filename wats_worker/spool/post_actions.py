"""What happens to a file's bytes when everything about it is delivered: the post actions.

What was several files in the watch folder is several files again in the done folder and in its zips.

Every action may be repeated after a crash and then finds what it did before: "the same name with the same
bytes" in the folder it puts files in *is* the file. No action overwrites anything but an empty file.
"""

import errno
import os
from enum import StrEnum
from itertools import count
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from wats_broker.files import Lock, create, write_all
from wats_worker.spool import names, unbundle, zips
from wats_worker.spool.errors import PostActionFailed
from wats_worker.spool.files import PART, READ_SAFELY, Unreadable, is_regular, open_folder, pieces, reserve
from wats_worker.spool.model import FileMeta
from wats_worker.spool.zips import folder_mark


class PostAction(StrEnum):
    """What a source wants to become of its delivered files. Card and receipts are archived in every case."""

    ARCHIVE = "archive"  #: the bytes stay with their card in the archive
    MOVE = "move"  #: to the done folder, under their old name
    DELETE = "delete"
    ZIP = "zip"  #: into the month's zip file in the done folder
    KEEP = "keep"  #: they stay where they were


def dispose(source: Path, meta: FileMeta, action: PostAction, folder: Path, notes: Path) -> None:
    """Do the post action for the bytes at ``source``. If they are gone it was done before.

    Args:
        source: the bytes, in the spool.
        meta: their card.
        action: what to do.
        folder: the done folder.
        notes: where zip files keep locks and undo notes.

    Raises:
        PostActionFailed: the done folder can't be reached or written.
    """
    if not source.exists():
        return
    try:
        if action is PostAction.MOVE:
            _move(source, meta, folder, notes)
        elif action is PostAction.ZIP:
            _zip(source, meta, folder, notes)
            source.unlink(missing_ok=True)
        elif action is PostAction.DELETE or (action is PostAction.KEEP and meta.kept):
            # Where the source keeps its files, our copy is the one too many.
            source.unlink(missing_ok=True)
    except (OSError, Unreadable, BadZipFile) as problem:
        raise PostActionFailed(
            f"{meta.name!r} of source {meta.source!r} is delivered, but post action {action.value!r} "
            f"to {folder} failed: {problem}. It is tried again; check that the folder can be written."
        ) from problem


def _month(meta: FileMeta) -> str:
    # Of the claim and not of now: a repetition after midnight must find the same zip.
    return meta.claimed_at[:7].replace("-", "")


def _zip(source: Path, meta: FileMeta, folder: Path, notes: Path) -> None:
    if not meta.bundle:
        parts = [zips.Part.of_file(source, meta.name)]
        zips.add(parts, month=_month(meta), folder=folder, notes=notes)
        return
    with ZipFile(source) as bundle:
        parts = [zips.Part.of_member(bundle, info, meta.mtime_ns / 1e9) for info in bundle.infolist()]
        zips.add(parts, month=_month(meta), folder=folder, notes=notes, numbered=unbundle.numbered)


def _move(source: Path, meta: FileMeta, folder: Path, notes: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if meta.bundle:
        with Lock(notes / f"{folder_mark(folder)}.lock"):
            unbundle.move(source, meta, folder)
        source.unlink(missing_ok=True)
        return
    *above, base = meta.native_name.split("/")
    parent = open_folder(folder, above, create=True)
    try:
        # Two files of one name may be finished at the same moment by two processes.
        with Lock(notes / f"{folder_mark(folder)}.lock"):
            for number in count(1):
                name = names.numbered(base, number)
                if _is_there(name, parent, meta):
                    break
                if reserve(name, parent):
                    _put(source, meta, name, parent)
                    break
        os.fsync(parent)
    finally:
        os.close(parent)
    source.unlink(missing_ok=True)


def _is_there(name: str, parent: int, meta: FileMeta) -> bool:
    try:
        descriptor = os.open(name, READ_SAFELY, dir_fd=parent)
    except OSError:
        # Not there, a link, or not for us to read: in any case not known to be ours.
        return False
    try:
        status = os.fstat(descriptor)
        if not is_regular(status) or status.st_size != meta.size:
            return False
        identity = names.Identity(meta.source)
        for piece in pieces(descriptor, size=meta.size):
            identity.feed(piece)
        return identity.sha256 == meta.sha256
    finally:
        os.close(descriptor)


def _put(source: Path, meta: FileMeta, name: str, parent: int) -> None:
    try:
        os.rename(source, name, dst_dir_fd=parent)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        part = f".{meta.file_id}{PART}"
        _copy(source, part, parent)
        os.rename(part, name, src_dir_fd=parent, dst_dir_fd=parent)


def _copy(source: Path, part: str, parent: int) -> None:
    descriptor = create(part, folder=parent, anew=True)
    try:
        with source.open("rb") as content:
            status = os.fstat(content.fileno())
            for piece in pieces(content.fileno(), size=status.st_size):
                write_all(descriptor, piece)
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
