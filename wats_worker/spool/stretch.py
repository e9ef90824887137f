"""What is new in a file that grows, as a file of its own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from wats_broker.files import CHUNK
from wats_worker.spool.files import GONE, READ_SAFELY, SHARED_WITH_NOBODY, Unreadable, is_regular, open_folder
from wats_worker.spool.recipe import Changed


@dataclass(frozen=True)
class Stretch:
    """The recipe of one piece.

    Args:
        folder: The watch folder.
        name: The file that grows.
        headings: What goes in front.
        start: Where in the file it begins.
        end: Where it ends.
    """

    folder: Path
    name: str
    headings: bytes
    start: int
    end: int

    @cached_property
    def size(self) -> int:
        """How long the piece is."""
        return len(self.headings) + self.end - self.start

    def make(self) -> Iterator[bytes]:
        """The piece. The hash of its bytes says whether they are still those that were sighted."""
        if self.headings:
            yield self.headings
        descriptor = open_safely(self.folder, self.name)
        try:
            position = self.start
            while position < self.end:
                piece = read_at(descriptor, min(CHUNK, self.end - position), position)
                if not piece:
                    raise Changed
                yield piece
                position += len(piece)
        finally:
            os.close(descriptor)

    def stuck(self) -> str:
        """Nothing is taken away."""
        return ""


def open_safely(folder: Path, name: str) -> int:
    """Open a plain file in a watch folder for reading.

    Raises:
        Changed: it is gone, or locked for now.
        Unreadable: it can't be opened.
    """
    *above, base = name.split("/")
    try:
        parent = open_folder(folder, above)
        try:
            descriptor = os.open(base, READ_SAFELY, dir_fd=parent)
        finally:
            os.close(parent)
    except OSError as problem:
        if problem.errno in GONE | SHARED_WITH_NOBODY:
            raise Changed from None
        raise Unreadable(problem.strerror or str(problem)) from problem
    if not is_regular(os.fstat(descriptor)):
        os.close(descriptor)
        raise Changed
    return descriptor


def read_at(descriptor: int, size: int, position: int) -> bytes:
    """Some bytes of an open file; fewer only at its end.

    Raises:
        Unreadable: the file system that holds it gave an error.
    """
    try:
        return os.pread(descriptor, size, position)
    except OSError as problem:
        raise Unreadable(problem.strerror or str(problem)) from problem
