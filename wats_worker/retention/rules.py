"""Which archived files have had their time. Pure.

Rules count each source by itself, the newest files first; what is held counts, and stays. Where the disk gets
short the oldest files of all sources go, until there is room.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wats_worker.catalogue.kept import Kept


@dataclass(frozen=True)
class Rule:
    """How much of a source is kept. None: as much as there is."""

    days: float | None = None
    files: int | None = None
    bytes: int | None = None

    def __bool__(self) -> bool:
        return any(bound is not None for bound in (self.days, self.files, self.bytes))


@dataclass(frozen=True, slots=True)
class Victim:
    """A file whose bytes go."""

    file: Kept
    why: str


def over(files: Iterable[Kept], rule: Rule, *, held: Callable[[Kept], bool], now: float) -> Iterator[Victim]:
    """The files of one source whose time is over.

    >>> files = [Kept(name, 1, "ict", at, 10) for name, at in [("c", 3.0), ("b", 2.0), ("a", 1.0)]]
    >>> [victim.file.file_id for victim in over(files, Rule(files=1), held=lambda file: file.at < 2, now=4)]
    ['b']

    Args:
        files: The newest first.
        rule: How much of them is kept.
        held: What stays whatever the rule says.
        now: Seconds since 1970.
    """
    count = size = 0
    for file in files:
        count, size = count + 1, size + file.size
        if (why := _why(rule, file, count, size, now)) and not held(file):
            yield Victim(file, why)


def _why(rule: Rule, file: Kept, count: int, size: int, now: float) -> str:
    if rule.days is not None and now - file.at > rule.days * 86400:
        return f"older than {rule.days:g} days"
    if rule.files is not None and count > rule.files:
        return f"more than {rule.files} files"
    if rule.bytes is not None and size > rule.bytes:
        return f"more than {rule.bytes // 2**20} MiB"
    return ""
