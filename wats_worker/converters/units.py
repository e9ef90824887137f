"""Values with units as testers print them, brought to the base unit.

The letters between number and unit differ by maker: M is a million to most and a thousandth to some. So the
prefixes are an argument, and what was printed stays with the value, for the step's report text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wats_worker.converters.scale import SI, scaled
from wats_worker.converters.texts import number, shown

#: Circuit simulators and some in-circuit testers: capitals or not, M is milli and MEG is mega.
SPICE: Final[Mapping[str, int]] = MappingProxyType(
    {
        letters: power
        for prefix, power in {
            "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "meg": 6, "g": 9, "t": 12,
        }.items()
        for letters in {prefix, prefix.upper(), prefix.capitalize()}
    }
)  # fmt: skip
#: What stands for itself, so that no letter of it is taken for a prefix: m is a metre, min no milli-inch.
UNITS: Final = frozenset(
    {
        "A", "Arms", "B", "bar", "bit", "C", "cd", "d", "dB", "dBA", "dBc", "dBFS", "dBm", "dBSPL",
        "dBV", "deg", "degC", "F", "ft", "g", "H", "h", "Hz", "in", "J", "K", "l", "lm", "lx", "m",
        "min", "mol", "N", "Ohm", "ohm", "OHM", "Ohms", "ohms", "OHMS", "Pa", "ppm", "R", "rad",
        "rpm", "s", "sec", "T", "V", "Vac", "Vdc", "Vpp", "Vrms", "W", "Wb", "Ω", "°C", "°F", "°",
        "%",
    }
)  # fmt: skip

_WRITTEN: Final = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|[^0-9 ]+)\s*(\S*)")


@dataclass(frozen=True)
class Quantity:
    """A value in its base unit, and how it was written."""

    value: float
    unit: str
    text: str


def quantity(
    text: str,
    *,
    unit: str | None = None,
    prefixes: Mapping[str, int] = SI,
    units: frozenset[str] = UNITS,
) -> Quantity:
    """Read a number, its prefix and its unit.

    Args:
        text: As printed.
        unit: The unit where the file has it elsewhere; then the text has a prefix at most, or repeats it.
        prefixes: The maker's letters, and the powers of ten they stand for.
        units: All units there may be.

    Raises:
        ValueError: it is no number, or what stands behind it is no unit that is known.

    >>> quantity("4.7 kOhm"), quantity("100M", unit="V", prefixes=SPICE).value, quantity("12 m").unit
    (Quantity(value=4700.0, unit='Ohm', text='4.7 kOhm'), 0.1, 'm')
    """
    text = text.strip()
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{shown(text)} is not a number with a unit")
    digits, letters = found.groups()
    known = {unit} if unit is not None else units
    if not letters or letters in known:
        return Quantity(number(digits), letters or unit or "", text)
    for prefix in sorted(prefixes, key=len, reverse=True):
        rest = letters.removeprefix(prefix)
        if letters.startswith(prefix) and (rest in known or (not rest and unit is not None)):
            return Quantity(scaled(digits, prefixes[prefix]), rest or unit or "", text)
    wanted = "a unit that is known" if unit is None else f"{unit}, with or without a prefix"
    raise ValueError(f"{shown(text)}: {letters[:20]!r} is not {wanted}")
