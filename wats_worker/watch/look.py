"""Walk a watch folder: which files are there, what else is there, and what could not be seen.

No link is followed, nothing is opened but folders, and nothing is believed: whoever can write to the folder
may have put anything there, and may change it while we look.
"""

import heapq
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from wats_broker.files import FOLDER
from wats_worker.intake.wanted import Wanted, is_system_folder
from wats_worker.spool.files import Stamp, open_folder
from wats_worker.watch.settle import Sighting

#: Files a look remembers, the oldest first; the rest is counted and waits for its turn.
MOST: Final = 10_000
#: Folders within folders within folders.
DEEPEST: Final = 40


class FolderAway(Exception):
    """The watch folder can't be looked into: it is not there, or its share does not answer."""


@dataclass
class Look:
    """What one look has seen."""

    files: list[Sighting] = field(default_factory=list)  #: that may be taken, the oldest first
    passed: set[str] = field(default_factory=set)  #: names of files that were passed over
    odd: dict[str, str] = field(default_factory=dict)  #: names of things that can't be taken, and why
    unready: dict[str, str] = field(default_factory=dict)  #: names of units, and what they wait for
    folders: dict[str, int] = field(default_factory=dict)  #: all that were looked into, and their inodes
    count: int = 0  #: files there are, also those beyond ``MOST``


@dataclass(frozen=True, kw_only=True)
class Looker:
    """Looks at one watch folder.

    Args:
        folder: The watch folder.
        wanted: Which names to take.
        recursive: Whether to look into its folders.
        keep_out: Folders never to look into, such as the done folder.
        our_clock: Whether the times of files on this device are told by our own clock.
        passed: Whether to pass over a file: taken already, or refused a moment ago.
    """

    folder: Path
    wanted: Wanted
    recursive: bool
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
        # The oldest by what they say of themselves. Keeping the first of a stream takes little memory.
        seen.files = heapq.nsmallest(
            MOST, self._walk(root, "", seen), key=lambda sighting: (sighting.stamp.mtime_ns, sighting.name)
        )
        return seen

    def _walk(self, descriptor: int, above: str, seen: Look) -> Iterator[Sighting]:
        """Everything below an open folder, which is closed at the end."""
        try:
            seen.folders[above] = os.fstat(descriptor).st_ino
            marked = self._markers(descriptor)
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    name = f"{above}/{entry.name}" if above else entry.name
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # somebody took it away while we looked
                    if stat.S_ISDIR(status.st_mode):
                        yield from self._enter(descriptor, entry.name, name, seen)
                    elif self.wanted(name):
                        yield from self._file(name, status, marked.get(entry.name), seen)
        except OSError as problem:
            seen.odd[above or "."] = f"can't be looked into: {problem.strerror}"
        finally:
            os.close(descriptor)

    def _enter(self, parent: int, base: str, name: str, seen: Look) -> Iterator[Sighting]:
        if not self.recursive or is_system_folder(base) or self.folder / name in self.keep_out:
            return
        if name.count("/") >= DEEPEST:
            seen.odd[name] = f"lies more than {DEEPEST} folders deep"
            return
        try:
            descriptor = os.open(base, FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError as problem:
            seen.odd[name] = f"can't be looked into: {problem.strerror}"
            return
        yield from self._walk(descriptor, name, seen)

    def _file(
        self, name: str, status: os.stat_result, marked_ns: int | None, seen: Look
    ) -> Iterator[Sighting]:
        if (reason := oddity(status.st_mode)) is not None:
            seen.odd[name] = reason
            return
        stamp = Stamp.of(status)
        if self.passed(name, stamp):
            seen.passed.add(name)
            return
        seen.count += 1
        # Without its marker no waiting makes it finished, and it must not stand in the way of others.
        if self.wanted.marker is None or marked_ns is not None:
            yield Sighting(name, stamp, self.our_clock(stamp.device), marked_ns)

    def _markers(self, descriptor: int) -> dict[str, int]:
        """By the names of the files they belong to, when the marker files of a folder were written."""
        marker = self.wanted.marker
        if marker is None:
            return {}
        with os.scandir(descriptor) as entries:
            return {
                entry.name.removesuffix(marker): entry.stat(follow_symlinks=False).st_mtime_ns
                for entry in entries
                if entry.name.endswith(marker) and entry.is_file(follow_symlinks=False)
            }


def oddity(mode: int) -> str | None:
    """Why something is no file to take; None if it is one."""
    if stat.S_ISREG(mode):
        return None
    kinds = {
        stat.S_IFLNK: "a link; links are not followed",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no plain file")
