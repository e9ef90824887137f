"""Which files of a folder form one unit, and whether all of them are there. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Final, Literal

from wats_worker.intake.wanted import UNFINISHED
from wats_worker.spool.names import printable

Kind = Literal["folder", "stem"]

#: What each kind has at least, if nobody says more: any file in the folder, or one beside it as well.
_LEAST: Final[dict[Kind, Sequence[str]]] = {"folder": (), "stem": ("*", "*/*")}


@dataclass(frozen=True)
class Completeness:
    """When a unit is complete: each pattern has found a file of it, and none is half-written.

    A pattern without a slash is held against the names beside each other at the top of the unit, one with a
    slash against whole paths. The case of letters does not matter.

    >>> rule = Completeness("stem", ("*.txt", "*/*-values.txt"))
    >>> rule.missing(["X.TXT", "X/a-values.txt"]), rule.missing(["X.txt"])
    ('', "waits for '*/*-values.txt'")
    >>> Completeness("folder").missing([]), Completeness("stem").missing(["X/a.csv", "X/b.csv.part"])
    ('waits for its first file', 'X/b.csv.part is not finished')
    """

    kind: Kind
    patterns: Sequence[str] = ()

    def missing(self, names: Iterable[str]) -> str:
        """What a unit of these files waits for; empty if it is complete.

        Args:
            names: Of its files: below the unit's own folder, or beside and below a folder with its stem.
        """
        names = list(names)
        if not names:
            return "waits for its first file"
        unfinished = next((name for name in names if is_unfinished(name)), None)
        if unfinished is not None:
            return f"{printable(unfinished)} is not finished"
        wanted = self.patterns or _LEAST[self.kind]
        absent = [pattern for pattern in wanted if not any(_fits(name, pattern) for name in names)]
        return f"waits for {', '.join(map(repr, absent))}" if absent else ""


def is_unfinished(name: str) -> bool:
    """Whether the name of a file says that somebody is at work on it. Hidden ones belong to their unit.

    >>> [is_unfinished(name) for name in ("X/a.csv.PART", "X/~$b.xlsx", "X/.hidden", "X/a.csv")]
    [True, True, False, False]
    """
    return name.rpartition("/")[2].startswith("~$") or name.lower().endswith(UNFINISHED)


def stem(name: str) -> str:
    """What the files of a unit have in common.

    >>> stem("DUT 1.5.txt"), stem("README")
    ('DUT 1.5', 'README')
    """
    return name.rpartition(".")[0] or name


def _fits(name: str, pattern: str) -> bool:
    if "/" not in pattern and "/" in name:
        return False
    return fnmatch(name.lower(), pattern.lower())
