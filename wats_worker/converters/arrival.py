"""How the files of some testers come: facts that are needed where no converter is loaded.

Whoever watches a folder must know where one unit ends and which files belong together, and runs no converter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Grows:
    """A file that a tester adds to all day, line by line, and how to cut it between two units.

    Without any of these a piece ends where the file has been quiet for a while.
    """

    heading: str = ""  #: lines that begin like this are headings; each piece gets those that hold for it
    key: tuple[str, ...] = ()  #: columns of the heading: lines that agree in them belong to one unit
    separator: str = "\t"
    begins: tuple[str, ...] = ()  #: a unit begins with a line that begins like one of these …
    ends: tuple[str, ...] = ()  #: … and ends with one that begins like one of these


@dataclass(frozen=True)
class Pair:
    """A file that is not whole without the folder of the same stem beside it.

    It is known by its marks, all of which stand within its first 64 kB.
    """

    marks: tuple[bytes, ...]


#: By converter.
GROWS: Final[Mapping[str, Grows]] = MappingProxyType(
    {
        "listen-soundcheck": Grows(heading="Serial #:", key=("Serial #:", "Time:")),
        "spea-3030": Grows(ends=("END;",)),
    }
)
PAIRS: Final[Mapping[str, Pair]] = MappingProxyType(
    {"klippel": Pair(marks=(b"Cfg_DutStartTime=", b"Ctrl_OverallVerdict="))}
)
