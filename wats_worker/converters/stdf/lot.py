"""What an STDF file says about all of its parts: the lot, the tester, the names of tests, bins and pins."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

NOBODY: Final = 255  # as a head or a site: all of them


@dataclass(frozen=True)
class Bin:
    """A bin's name, and whether it is one for good parts; empty where nobody says."""

    name: str
    verdict: str


@dataclass
class Lot:
    """The facts."""

    order: str
    start: datetime
    texts: dict[str, str]  #: those of ``_TEXTS`` that are not empty
    codes: dict[str, str]  #: further facts of one letter or number
    purpose: str
    tests: dict[int, str] = field(default_factory=dict)
    hard: dict[int, Bin] = field(default_factory=dict)
    soft: dict[int, Bin] = field(default_factory=dict)
    #: Equipment by head and site; site 255 stands for all of the head.
    equipment: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)
    pins: dict[tuple[int, int, int], str] = field(default_factory=dict)  #: by head, site and index
    parts: int = 0
    counted: int | None = None  #: how many parts the tester says there are

    def equipment_of(self, head: int, site: int) -> dict[str, str]:
        """What this site was tested with."""
        return self.equipment.get((head, site)) or self.equipment.get((head, NOBODY)) or {}

    def pin(self, head: int, site: int, index: int) -> str:
        """The name of a pin; its number where it has none."""
        return self.pins.get((head, site, index)) or f"pin {index}"
