"""Which archived files have had their time. Pure.

Rules count each source by itself, the newest files first; what is held counts, and stays. Where the disk gets
short the oldest files of all sources go, until there is room.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Rule:
    """How much of a source is kept. None: as much as there is."""

    days: float | None = None
    files: int | None = None
    bytes: int | None = None

    def __bool__(self) -> bool:
        return any(bound is not None for bound in (self.days, self.files, self.bytes))


@dataclass(frozen=True)
class Candidate:
    """A file in the archive that has its bytes."""

    file_id: str
    edition: int
    source: str
    at: float  #: when it was archived, in seconds since 1970
    size: int  #: bytes of the original and of its reports
    held: str = ""  #: the label that holds it


@dataclass(frozen=True)
class Victim:
    """A file whose bytes go."""

    file: Candidate
    why: str


def over(files: Iterable[Candidate], rules: Mapping[str, Rule], *, now: float) -> list[Victim]:
    """The files whose time is over, the oldest first.

    >>> files = [Candidate(name, 1, "ict", at, 10) for name, at in [("a", 1.0), ("b", 2.0), ("c", 3.0)]]
    >>> [victim.file.file_id for victim in over(files, {"ict": Rule(files=2)}, now=4.0)]
    ['a']
    """
    found = []
    ordered = sorted(files, key=lambda file: (file.source, -file.at, file.file_id))
    for source, of_source in groupby(ordered, key=lambda file: file.source):
        rule, count, size = rules.get(source, Rule()), 0, 0
        for file in of_source:
            count, size = count + 1, size + file.size
            if not file.held and (why := _why(rule, file, count, size, now)):
                found.append(Victim(file, why))
    return sorted(found, key=lambda victim: (victim.file.at, victim.file.file_id))


def oldest(files: Iterable[Candidate]) -> list[Candidate]:
    """What goes first where the disk is short; what is held is not among them."""
    return sorted((file for file in files if not file.held), key=lambda file: (file.at, file.file_id))


def _why(rule: Rule, file: Candidate, count: int, size: int, now: float) -> str:
    if rule.days is not None and now - file.at > rule.days * 86400:
        return f"older than {rule.days:g} days"
    if rule.files is not None and count > rule.files:
        return f"more than {rule.files} files"
    if rule.bytes is not None and size > rule.bytes:
        return f"more than {rule.bytes // 2**20} MiB"
    return ""
