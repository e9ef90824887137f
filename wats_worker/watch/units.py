"""Look for units of several files: which are there, which are complete, and which can't be taken.

As with single files no link is followed, nothing is opened but folders, and nothing is believed.
"""

import hashlib
import heapq
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wats_broker.files import FOLDER
from wats_worker.intake.wanted import Wanted, is_system_folder
from wats_worker.spool.bundle import MOST_BYTES, MOST_MEMBERS
from wats_worker.spool.files import GONE, Stamp, open_folder
from wats_worker.spool.model import Member
from wats_worker.spool.names import printable
from wats_worker.watch.complete import Completeness, stem
from wats_worker.watch.look import DEEPEST, FolderAway, Look, oddity
from wats_worker.watch.settle import Sighting

#: Units a look remembers, the oldest first. Each of them may have thousands of files.
MOST: Final = 1000


class Unfit(Exception):
    """Something in a unit that can't be taken, and with it the unit."""


@dataclass(frozen=True, kw_only=True)
class UnitLooker:
    """Looks at one watch folder.

    Args:
        folder: The watch folder.
        wanted: Which names to take: of folders, or of the files beside them.
        completeness: When a unit is complete.
        keep_out: Folders that are no units, such as the done folder.
        our_clock: Whether the times of files on this device are told by our own clock.
        passed: Whether to pass over a unit: taken already, or refused a moment ago.
    """

    folder: Path
    wanted: Wanted
    completeness: Completeness
    keep_out: frozenset[Path]
    our_clock: Callable[[int], bool]
    passed: Callable[[str, Stamp], bool]

    def look(self) -> Look:
        """Look once.

        Raises:
            FolderAway: the watch folder itself can't be opened.
        """
        seen = Look()
        try:
            root = open_folder(self.folder, ())
        except OSError as problem:
            raise FolderAway(problem.strerror or str(problem)) from problem
        try:
            # Not those of the units: they come and go, and the root tells of both.
            seen.folders[""] = os.fstat(root).st_ino
            groups, markers = self._groups(root, seen)
            sightings = (
                sighting
                for name, bases in groups.items()
                if (sighting := self._unit(root, name, bases, markers.get(name), seen)) is not None
            )
            seen.files = heapq.nsmallest(MOST, sightings, key=lambda one: (one.stamp.mtime_ns, one.name))
        except OSError as problem:
            seen.odd["."] = f"can't be looked into: {problem.strerror}"
        finally:
            os.close(root)
        return seen

    def _groups(self, root: int, seen: Look) -> tuple[dict[str, list[str]], dict[str, int]]:
        """By their units' names, what lies in the watch folder, and when its marker files were written."""
        groups: dict[str, list[str]] = {}
        markers: dict[str, int] = {}
        marker = self.wanted.marker
        with os.scandir(root) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not is_system_folder(name) and self.folder / name not in self.keep_out:
                        groups.setdefault(name, []).append(name)
                elif marker is not None and name.endswith(marker):
                    written = entry.stat(follow_symlinks=False)
                    markers[name.removesuffix(marker)] = written.st_mtime_ns
                elif self.wanted(name):
                    if self.completeness.kind == "folder":
                        seen.odd[name] = "a file, and this source takes folders"
                    else:
                        groups.setdefault(stem(name), []).append(name)
        if self.completeness.kind == "folder":
            groups = {name: bases for name, bases in groups.items() if self.wanted(name)}
        return groups, markers

    def _unit(
        self, root: int, name: str, bases: Sequence[str], marked_ns: int | None, seen: Look
    ) -> Sighting | None:
        try:
            members = gather(root, bases)
        except Unfit as odd:
            seen.odd[name] = str(odd)
            return None
        except OSError as problem:
            if problem.errno not in GONE:  # else somebody takes it away while we look
                seen.odd[name] = f"can't be looked into: {problem.strerror}"
            return None
        files = [member for member in members if not member.is_folder]
        if not files:
            return None  # an empty folder may become a unit, or may have been one
        stamp = together(members)
        if self.passed(name, stamp):
            seen.passed.add(name)
            return None
        seen.count += 1
        if missing := self._missing(name, files, marked_ns):
            seen.unready[name] = missing
            return None
        return Sighting(name, stamp, self.our_clock(stamp.device), marked_ns, members)

    def _missing(self, name: str, files: Sequence[Member], marked_ns: int | None) -> str:
        above = f"{name}/" if self.completeness.kind == "folder" else ""
        if missing := self.completeness.missing(file.name.removeprefix(above) for file in files):
            return missing
        if self.wanted.marker is not None and marked_ns is None:
            return f"waits for its marker {printable(name)}{self.wanted.marker}"
        return ""


def gather(root: int, bases: Sequence[str]) -> list[Member]:
    """The files and folders in an open watch folder that these names stand for, with all below them.

    Raises:
        Unfit: something among them can't be taken.
        OSError: they can't be looked into.
    """
    members: list[Member] = []
    size = 0
    for base in bases:
        for member in _walk(root, base, base):
            members.append(member)
            size += member.stamp.size
            if len(members) > MOST_MEMBERS:
                raise Unfit(f"a unit of more than {MOST_MEMBERS} files")
            if size > MOST_BYTES:
                raise Unfit(f"a unit of more than {MOST_BYTES} bytes")
    return members


def together(members: Sequence[Member]) -> Stamp:
    """A stamp that differs as soon as that of any member does, or a member comes or goes."""
    digest = hashlib.blake2b(digest_size=7)
    for member in sorted(members, key=lambda member: member.name):
        digest.update(repr((member.name, member.stamp)).encode(errors="surrogateescape"))
    devices = {member.stamp.device for member in members}
    return Stamp(
        device=devices.pop() if len(devices) == 1 else -1,
        inode=int.from_bytes(digest.digest()),
        size=sum(member.stamp.size for member in members if not member.is_folder),
        mtime_ns=max(member.stamp.mtime_ns for member in members),
        ctime_ns=max(member.stamp.ctime_ns for member in members),
    )


def _walk(parent: int, base: str, name: str) -> Iterator[Member]:
    """A file, or a folder with everything below it."""
    status = os.stat(base, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        if reason := oddity(status.st_mode):
            raise Unfit(f"{printable(name)} is {reason}")
        yield Member(name, Stamp.of(status))
        return
    if name.count("/") >= DEEPEST:
        raise Unfit(f"{printable(name)} lies more than {DEEPEST} folders deep")
    descriptor = os.open(base, FOLDER | os.O_NOFOLLOW, dir_fd=parent)
    try:
        yield Member(f"{name}/", Stamp.of(os.fstat(descriptor)))
        with os.scandir(descriptor) as entries:
            inside = [
                entry.name
                for entry in entries
                if not (is_system_folder(entry.name) and entry.is_dir(follow_symlinks=False))
            ]
        for inner in inside:
            yield from _walk(descriptor, inner, f"{name}/{inner}")
    finally:
        os.close(descriptor)
