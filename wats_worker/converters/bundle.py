"""The files of a unit of several, which the watcher has made one of (see the how-to on units).

A bundle is a zip archive that packs nothing. An archive that a person made of the same files will do as well.
"""

from pathlib import PurePosixPath
from typing import Final, Self

from wats_worker.converters.archives import Archive, Bounds
from wats_worker.converters.base import READ_LIMIT, Refused, Source

#: What need not be read, such as recordings, may be large; each file that is read has its own bound.
_BOUNDS: Final = Bounds(members=10_000, total=4 * 2**30)
_ZIP: Final = b"PK\x03\x04"


def is_bundle(head: bytes) -> bool:
    """Whether a file that begins like this can be one."""
    return head.startswith(_ZIP)


class Bundle:
    """The files of one unit, by their names below the watch folder.

    Raises:
        Refused: it holds something else than plain files with plain names.
        NotReady: its end is missing.
    """

    def __init__(self, source: Source) -> None:
        self._archive = Archive(source, _BOUNDS)

    @property
    def names(self) -> list[str]:
        """Of all files, with / between folders."""
        return self._archive.names

    def below(self, name: str) -> list[str]:
        """What lies in the folder with the stem of this file, sorted."""
        folder = f"{PurePosixPath(name).with_suffix('')}/"
        return sorted(inner for inner in self.names if inner.startswith(folder))

    def source(self, name: str, limit: int = READ_LIMIT) -> Source:
        """One file as a source of its own, whose warnings are told with those of the unit.

        Raises:
            Refused: it is longer than ``limit``, or damaged.
        """
        if (size := self._archive.size(name)) > limit:
            raise Refused(f"the file has {size} bytes, and {limit} is the most that is read", place=name)
        return self._archive.source(name)

    def size(self, name: str) -> int:
        """How long a file is."""
        return self._archive.size(name)

    def close(self) -> None:
        """Let go of the archive."""
        self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
