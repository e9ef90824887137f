"""Numbers with a prefix, brought to the base unit once and rounded once."""

import math
import re
from collections.abc import Mapping
from typing import Final

from wats_worker.converters.texts import number, shown

#: Where upper and lower case mean what they mean everywhere.
SI: Final[Mapping[str, int]] = {
    "f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12,
}  # fmt: skip

_GLUED: Final = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|[^0-9 ]+)\s*([A-Za-zµ]*)")


def scaled(text: str, power: int) -> float:
    """A number times a power of ten.

    The power goes into the exponent of the text, so that 4700.5 with -6 is the double nearest to 0.0047005
    and not that of a product.

    Raises:
        ValueError: the text is no number, or more than a double can hold.

    >>> scaled("4700.5", -6)
    0.0047005
    """
    value = number(text)
    if not power or not math.isfinite(value):
        return value
    mantissa, _, exponent = text.strip().lower().partition("e")
    value = float(f"{mantissa}e{int(exponent or 0) + power}")
    if math.isinf(value):
        raise ValueError(f"{shown(text)} is larger than a double can hold")
    return value


def split(text: str) -> tuple[str, str]:
    """A number and the letters after it, as in ``4700.5u`` and ``10.00 KO``.

    Raises:
        ValueError: it is not a number with letters.

    >>> split("4700.5u"), split(" -2.20k"), split("10.00 KO")
    (('4700.5', 'u'), ('-2.20', 'k'), ('10.00', 'KO'))
    """
    found = _GLUED.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{shown(text)} is not a number")
    return found[1], found[2]
