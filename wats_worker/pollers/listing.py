"""A folder that can only be listed: files stay where they are, and each is taken once as it is.

What was taken is remembered by path, size and time, and not by a highest time: whoever copies an old file
into the folder brings its old time along, and it must not be overlooked.

A file is finished when nobody has written to it for a while, by its own time, or when it looks as it did at
the last poll. The second rule needs no clock, so a share whose clock is ahead of ours delays files and never
hides them. It is why the cursor holds the files that were too fresh the last time.
"""

import io
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, BinaryIO, Final

from pydantic import Field

from wats_broker.files import FOLDER
from wats_worker.intake.wanted import Wanted, is_system_folder
from wats_worker.pollers import base
from wats_worker.pollers.base import Cursor, Item, NotYet, Polled, Unreachable, WholePath
from wats_worker.spool.files import READ_SAFELY, Stamp, open_folder

NAME: Final = "listing"
TITLE: Final = "A folder that can only be listed"
VERSION: Final = "1"

#: Folders within folders within folders.
_DEEPEST: Final = 40
#: Testers make a file before they have something to write.
_EMPTY_FACTOR: Final = 5


class Options(base.Options):
    """Which files of which folder."""

    folder: WholePath
    recursive: bool = False
    #: Patterns as in [[sources]].
    include: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)
    exclude: tuple[str, ...] = ()
    #: A file that was written to more recently is left for the next poll, which takes it if it is still so.
    quiet_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0
    #: Older files are left alone for good; None takes whatever is there.
    days: Annotated[int, Field(ge=1)] | None = None


@dataclass(frozen=True)
class _File:
    path: str  # below the folder
    stamp: Stamp

    @property
    def look(self) -> list[int]:
        """What tells one state of it from another, and survives a remount."""
        return [self.stamp.size, self.stamp.mtime_ns]


def poll(options: Options, cursor: Cursor) -> Polled:
    """Everything in the folder that is finished, the oldest first."""
    listing = _Listing(options)
    now = time.time()
    seen: dict[str, Any] = cursor if isinstance(cursor, dict) else {}
    fresh: dict[str, list[int]] = {}
    for file in sorted(listing.files(), key=lambda file: (file.stamp.mtime_ns, file.path)):
        age = now - file.stamp.mtime_ns / 1e9
        if options.days is not None and age > options.days * 86400:
            continue
        quiet = options.quiet_s * (1 if file.stamp.size else _EMPTY_FACTOR)
        if age < quiet and seen.get(file.path) != file.look:
            fresh[file.path] = file.look
            continue
        yield Item(
            key="\0".join((file.path, *map(str, file.look))),
            name=file.path.rpartition("/")[2],
            content=partial(listing.open, file),
        )
    if listing.closed:
        # Last, because what can be seen is worth having.
        raise Unreachable(
            f"{len(listing.closed)} of its folders can't be listed, such as {listing.closed[0]}",
            fix="give the worker's user the right to read and enter them",
        )
    return fresh


class _Listing:
    """One look at the folder. No link is followed, and nothing is believed until it is open."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._wanted = Wanted(options.include, options.exclude)
        #: Folders that could not be looked into, each with the reason.
        self.closed: list[str] = []

    def files(self) -> Iterator[_File]:
        """All files that are wanted, in no order."""
        try:
            root = open_folder(self._options.folder, ())
        except OSError as problem:
            raise Unreachable(
                f"{self._options.folder} can't be listed: {problem.strerror}",
                fix="mount it, mend folder, or give the worker's user the right to read it",
            ) from problem
        yield from self._walk(root, "")

    def open(self, file: _File) -> BinaryIO:
        """The content of a file, as long as it is as it was listed."""
        *above, base_name = file.path.split("/")
        try:
            parent = open_folder(self._options.folder, above)
            try:
                descriptor = os.open(base_name, READ_SAFELY, dir_fd=parent)
            finally:
                os.close(parent)
        except FileNotFoundError:
            raise NotYet from None
        except OSError as problem:
            raise NotYet(f"can't be read: {problem.strerror}") from problem
        content = _Unchanged(descriptor, file.stamp)
        if not content.is_as_listed():
            content.close()
            raise NotYet
        return io.BufferedReader(content)

    def _walk(self, descriptor: int, above: str) -> Iterator[_File]:
        """Everything below an open folder, which is closed at the end."""
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    path = f"{above}/{entry.name}" if above else entry.name
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if stat.S_ISDIR(status.st_mode):
                        yield from self._enter(descriptor, entry.name, path)
                    elif stat.S_ISREG(status.st_mode) and self._wanted(path):
                        yield _File(path, Stamp.of(status))
        except OSError as problem:
            self.closed.append(f"{above or '.'} ({problem.strerror})")
        finally:
            os.close(descriptor)

    def _enter(self, parent: int, name: str, path: str) -> Iterator[_File]:
        if not self._options.recursive or is_system_folder(name):
            return
        if path.count("/") >= _DEEPEST:
            self.closed.append(f"{path} (more than {_DEEPEST} folders deep)")
            return
        try:
            descriptor = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        except OSError as problem:
            self.closed.append(f"{path} ({problem.strerror})")
            return
        yield from self._walk(descriptor, path)


class _Unchanged(io.FileIO):
    """A file that complains at its end when it is not what was listed: somebody writes to it."""

    def __init__(self, descriptor: int, listed: Stamp) -> None:
        super().__init__(descriptor)
        self._listed = listed

    def is_as_listed(self) -> bool:
        return Stamp.of(os.fstat(self.fileno())) == self._listed

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer) or 0
        if not count and not self.is_as_listed():
            raise NotYet
        return count

    def readall(self) -> bytes:
        content = super().readall() or b""
        if not self.is_as_listed():
            raise NotYet
        return content
