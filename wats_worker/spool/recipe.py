"""A file that is no file yet: its bytes are made of what lies in a watch folder, when they are read."""

from collections.abc import Iterator
from typing import Protocol


class Changed(Exception):
    """What the bytes are made of is not what it was when somebody looked: look again."""


class Recipe(Protocol):
    """How the bytes of one file are made. Making them again gives the same bytes, or says that it can't."""

    @property
    def size(self) -> int:
        """How many bytes it makes."""

    def make(self) -> Iterator[bytes]:
        """The bytes, piece by piece.

        Raises:
            Changed: they would not be those that were sighted.
            Unreadable: a file can't be read.
        """

    def stuck(self) -> str:
        """Why what it is made of can't be taken out of its folder; empty if it can."""
