"""Headings of IQDVT tables: what is measured, what are limits and verdicts, and what only says how it was."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from wats_worker.converters.base import Refused
from wats_worker.converters.litepoint.bounds import Bound, bound

#: How a test was set up. Everything else that holds a number was measured.
_CONDITIONS: Final = frozenset(
    {
        "tx mode", "rx mode", "mode", "rate", "bw", "bandwidth", "signal bw", "spectrum bw", "frequency",
        "freq", "channel", "preamble", "guard interval", "giltf", "coding type", "ss", "fixed power",
        "open/close loop", "dut transmit power", "limit spec on/off", "uploaded file", "custom file",
        "waveform name", "mpdu read", "aggregated", "mrc matrix", "power level", "packets", "length", "ru",
        "loss",
    }
)  # fmt: skip
#: In what a column is measured whose heading doesn't say.
_UNITS: Final = (
    (re.compile(r"(?:measure )?power|rssi ?[0-9]*|power @ .*"), "dBm"),
    (re.compile(r"(?:.* )?u?evm|lna gain ?[0-9]*|power error|rssi error ?[0-9]*"), "dB"),
    (re.compile(r".* hz"), "Hz"),
    (re.compile(r".* ppm"), "ppm"),
)
_BRACKETS: Final = re.compile(r"\[([^\]]*)\]|\(([^)]*)\)")
_VERDICT: Final = re.compile(r"pass\s*/\s*fail", re.IGNORECASE)
_LIMIT: Final = re.compile(r"\blimits?\b", re.IGNORECASE)
_ERROR: Final = frozenset({"error message", "error"})


class Role(Enum):
    """What the cells of a column are."""

    NAME = auto()  # of the step
    ANTENNA = auto()
    CONDITION = auto()
    MEASURED = auto()
    LIMIT = auto()  # or a verdict, where the heading has the limits
    VERDICT = auto()
    ERROR = auto()


#: Whose cells name a row. The same test is done at several antennas.
_NAMING: Final = {"test": Role.NAME, "band": Role.NAME, "ant": Role.ANTENNA, "antenna": Role.ANTENNA}


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    heading: str
    role: Role
    name: str  # without what stands in brackets
    unit: str = ""
    bounds: tuple[Bound, ...] = ()
    about: str = ""  # how the names begin that a verdict is about; empty for the column next to it


def column(heading: str, place: str) -> Column:
    """What a heading says.

    Raises:
        Refused: it has limits in brackets that can't be read.
    """
    inside = [first or second for first, second in _BRACKETS.findall(heading)]
    name = " ".join(_BRACKETS.sub(" ", heading).split())
    if role := _NAMING.get(name.lower()):
        return Column(heading, role, name)
    if name.lower() in _CONDITIONS:
        return Column(heading, Role.CONDITION, heading.strip())
    if name.lower() in _ERROR:
        return Column(heading, Role.ERROR, name)
    if _VERDICT.search(name) or _LIMIT.search(name):
        try:
            found = [bound(text) for text in inside if any(sign in text for sign in "<>=+±~")]
        except ValueError as error:
            raise Refused(str(error), place=place, field=heading.strip()) from None
        role = Role.VERDICT if _VERDICT.search(name) else Role.LIMIT
        about = _LIMIT.sub("", _VERDICT.sub("", name)).strip().lower()
        return Column(heading, role, name, bounds=tuple(each for each in found if each), about=about)
    unit = inside[0].strip() if len(inside) == 1 else ""
    for known, usual in _UNITS:
        unit = unit or (usual if known.fullmatch(name.lower()) else "")
    return Column(heading, Role.MEASURED, name or heading.strip(), unit[:20])
