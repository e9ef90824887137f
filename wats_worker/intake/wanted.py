"""Which names in a watch folder are files to take. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Final

#: Endings that programs give to files they have not finished.
UNFINISHED: Final = (
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".filepart",
    ".wats-part",
    ".swp",
    ".lck",
    ".lock",
    "~",
)
#: How the names of files begin that programs keep beside their own.
_BESIDE: Final = re.compile(r"\.(?!\.)|~\$")
#: Folders that belong to systems and not to test machines.
_SYSTEM_FOLDERS: Final = frozenset({"lost+found", "@eadir", "$recycle.bin", "system volume information"})


def is_temporary(name: str) -> bool:
    """Whether a file name says that somebody is not finished with it, or that it is nobody's business.

    Hidden is what begins with one dot. A name that begins with two is a mistake of whoever made it up, and
    passing over it without a word would lose a file.

    >>> [is_temporary(name) for name in ("a.csv.PART", "~$report.xlsx", ".hidden", "a.csv", "..csv")]
    [True, True, True, False, False]
    """
    return _BESIDE.match(name) is not None or name.lower().endswith(UNFINISHED)


def is_system_folder(name: str) -> bool:
    """Whether to stay out of a folder of this name.

    >>> is_system_folder(".snapshot"), is_system_folder("Line 3")
    (True, False)
    """
    return name.startswith(".") or name.lower() in _SYSTEM_FOLDERS


@dataclass(frozen=True)
class Wanted:
    """The include and exclude patterns of one source, whatever the case of the letters.

    A pattern with a slash is held against the path below the watch folder, one without against the name.

    >>> wanted = Wanted(include=("*.csv", "ict/*.txt"), exclude=("*_debug*",), marker=".done")
    >>> [wanted(path) for path in ("A.CSV", "line 3/a.csv", "ict/a.txt", "a.txt", "a_debug.csv")]
    [True, True, True, False, False]
    >>> Wanted(marker=".done")("a.csv.done")
    False
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    marker: str | None = None
    _in: "_Patterns" = field(init=False, repr=False, compare=False)
    _out: "_Patterns" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_in", _Patterns.of(self.include))
        object.__setattr__(self, "_out", _Patterns.of(self.exclude))

    def __call__(self, path: str) -> bool:
        """Whether to take the file at ``path``, relative to the watch folder."""
        name = path.rpartition("/")[2]
        if is_temporary(name) or (self.marker and name.endswith(self.marker)):
            return False
        return self._in.match(path, name) and not self._out.match(path, name)


@dataclass(frozen=True)
class _Patterns:
    of_names: re.Pattern[str] | None
    of_paths: re.Pattern[str] | None

    @classmethod
    def of(cls, patterns: Iterable[str]) -> "_Patterns":
        lower = [pattern.lower() for pattern in patterns]
        return cls(
            _any(pattern for pattern in lower if "/" not in pattern),
            _any(pattern for pattern in lower if "/" in pattern),
        )

    def match(self, path: str, name: str) -> bool:
        if self.of_names and self.of_names.match(name.lower()):
            return True
        return bool(self.of_paths and self.of_paths.match(path.lower()))


def _any(patterns: Iterable[str]) -> re.Pattern[str] | None:
    together = "|".join(translate(pattern) for pattern in patterns)
    return re.compile(together) if together else None
