"""Units of several files that are in the spool, and whose originals still have to go from their folder.

One file leaves a folder in one step, several don't: half of a unit that is left behind by a crash would look
like another unit. So what is to go is noted before the first of it goes, and as long as the note is there
nobody takes what still lies under these names.
"""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from wats_broker.files import write_atomically
from wats_worker.spool import originals
from wats_worker.spool.files import GONE, READ_SAFELY, Stamp, open_folder
from wats_worker.spool.model import Claimable, Member
from wats_worker.spool.names import printable

_ENDING: Final = ".json"
#: Under this name there is nothing of ours any more.
_SOMETHING_ELSE: Final = GONE | {errno.ELOOP, errno.EISDIR}


@dataclass(frozen=True)
class _Note:
    source: str
    file_id: str
    name: str
    folder: Path
    members: Sequence[Member]


@dataclass(frozen=True)
class Removals:
    """What is still to go.

    Args:
        folder: Where the notes lie.
    """

    folder: Path

    def note(self, file: Claimable) -> None:
        """Note that the originals of a unit are to go. It is in the spool, and durable there."""
        told = {
            "source": file.source,
            "name": file.name,
            "folder": os.fspath(file.folder),
            "members": [(member.name, astuple(member.stamp)) for member in file.members],
        }
        # ASCII, so that undecodable bytes in a name come through as escapes.
        write_atomically(self._path(file.file_id), json.dumps(told).encode())

    def finish(self, file_id: str) -> str:
        """Remove the originals of a unit that are still there and still what they were.

        Returns:
            Why not all of them could go; empty when it is done.
        """
        note = _read(self._path(file_id))
        return self._finish(note) if note else ""

    def finish_all(self, source: str) -> dict[str, str]:
        """The same for every unit of a source; by the unit's name, why it is not done."""
        left = {}
        for path in sorted(self.folder.glob(f"*{_ENDING}")):
            note = _read(path)
            if note is not None and note.source == source and (reason := self._finish(note)):
                left[note.name] = reason
        return left

    def _finish(self, note: _Note) -> str:
        if reason := _is_away(note):
            return reason
        for member in note.members:
            if not member.is_folder and (reason := _remove(member, note)):
                return reason
        for member in sorted(note.members, key=lambda one: -one.name.count("/")):
            if member.is_folder:
                _remove_if_empty(member, note)
        self._path(note.file_id).unlink(missing_ok=True)
        return ""

    def _path(self, file_id: str) -> Path:
        return self.folder / f"{file_id}{_ENDING}"


def _read(path: Path) -> _Note | None:
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None  # somebody else has finished it
    members = [Member(name, Stamp(*stamp)) for name, stamp in told["members"]]
    return _Note(told["source"], path.stem, told["name"], Path(told["folder"]), members)


def _is_away(note: _Note) -> str:
    """Why the watch folder can't be worked in: on a share that is not mounted everything seems to be gone."""
    try:
        device = note.folder.stat().st_dev
    except OSError as problem:
        return f"taken, but its folder can't be reached: {problem.strerror}"
    files = [member for member in note.members if not member.is_folder]
    strange = all(member.stamp.device != device for member in files)
    if strange and not any(os.path.lexists(note.folder / member.name) for member in files):
        return "taken, but its folder is on another disk than it was"
    return ""


def _remove(member: Member, note: _Note) -> str:
    try:
        with _parent(member, note) as (parent, base):
            originals.finish(base, member.stamp, parent=parent, file_id=note.file_id)
            descriptor = os.open(base, READ_SAFELY, dir_fd=parent)
            try:
                now = Stamp.of(os.fstat(descriptor))
                free = not _is_same(now, member.stamp) or originals.remove(
                    descriptor, base, now, parent=parent, file_id=note.file_id
                )
            finally:
                os.close(descriptor)
    except OSError as problem:
        if problem.errno in _SOMETHING_ELSE:
            return ""
        return f"taken, but {printable(member.name)} can't be removed from its folder: {problem.strerror}"
    return "" if free else f"taken, but somebody writes to {printable(member.name)} again"


def _remove_if_empty(member: Member, note: _Note) -> None:
    with suppress(OSError), _parent(member, note) as (parent, base):
        os.rmdir(base, dir_fd=parent)


@contextmanager
def _parent(member: Member, note: _Note) -> Iterator[tuple[int, str]]:
    """The open folder that a member lies in, and its name there."""
    *above, base = member.name.removesuffix("/").split("/")
    parent = open_folder(note.folder, above)
    try:
        yield parent, base
    finally:
        os.close(parent)


def _is_same(now: Stamp, taken: Stamp) -> bool:
    # Not the device: a share that was mounted anew has another one.
    return (now.inode, now.size, now.mtime_ns) == (taken.inode, taken.size, taken.mtime_ns)
