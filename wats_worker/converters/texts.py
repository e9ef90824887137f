"""Small readings that several formats share: numbers as testers print them, texts that must fit."""

import math
import re
from typing import Any, Final

# Possessive: a megabyte of digits with a letter behind it must not be tried digit by digit.
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_PREFIXED: Final = re.compile(r"[+-]?0(?:[xX][0-9a-fA-F]{1,16}|[bB][01]{1,64})")
#: What printf and .NET write for values that are not numbers.
_WORDS: Final = {
    "nan": math.nan,
    "-nan": math.nan,
    "ind": math.nan,
    "-nan(ind)": math.nan,
    "1.#qnan": math.nan,
    "-1.#ind": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "1.#inf": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
    "-1.#inf": -math.inf,
}
#: A measurement knows passed, failed and skipped only: what it gets where only its step has a verdict.
OF_STEP: Final = {"P": "P", "D": "P", "S": "S", "F": "F", "E": "F", "T": "F"}
#: Where a report text ends.
_REPORT_TEXT: Final = 100_000

Step = dict[str, Any]


def number(text: str, *, prefixed: bool = False) -> float:
    """Read a number with a point; ``prefixed`` also takes 0x1F and 0b101.

    Raises:
        ValueError: anything else, such as a comma or a number no double can hold.

    >>> number("3.15e-005"), number("0x1F", prefixed=True)
    (3.15e-05, 31.0)
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise ValueError(f"{shown(text)} is larger than a double can hold")
        return value
    if prefixed and _PREFIXED.fullmatch(text):
        return float(int(text, 0))
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    raise ValueError(f"{shown(text)} is not a number")


def whole(text: str) -> int:
    """Read an integer, also one written as 60.0.

    Raises:
        ValueError: anything else.
    """
    if text.isascii() and text.isdecimal() and len(text) < 16:
        return int(text)
    value = number(text)
    if not math.isfinite(value) or not value.is_integer():
        raise ValueError(f"{shown(text)} is not a whole number")
    return int(value)


def wire_number(value: float) -> float | str:
    """A number as the wire has it: NaN and the infinities are strings."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def shown(text: str) -> str:
    """A text from a file, quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def say(step: Step, text: str) -> None:
    """Add a line to a step's report text."""
    whole_text = f"{step['reportText']}\n{text}" if step.get("reportText") else text
    step["reportText"] = whole_text[:_REPORT_TEXT]


def fit(step: Step, label: str, text: str, limit: int) -> str:
    """The text, cut to what the wire takes; the whole of it then stands in the step's report text."""
    if len(text) <= limit:
        return text
    say(step, f"{label}: {text}")
    return text[:limit]
