"""Texts to facts, by the rules of a mapping: numbers, statuses, dates. Pure."""

import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from wats_worker.converters.base import Refused
from wats_worker.converters.clock import read_iso
from wats_worker.converters.mapped.model import Kind, Letter, Mapping
from wats_worker.converters.scale import SI
from wats_worker.converters.texts import number, shown
from wats_worker.converters.units import SPICE, quantity
from wats_worker.reports.model import ONE_LIMIT, TWO_LIMITS

_CLOCK: Final = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{2}(?:\.[0-9]+)?)")
#: Operators as testers write them. The wire's own names stand for themselves.
_OPERATORS: Final = {
    "=": "EQ", "==": "EQ", "!=": "NE", "<>": "NE", ">": "GT", ">=": "GE", "<": "LT", "<=": "LE",
    "BETWEEN": "GELE", "INSIDE": "GELE", "OUTSIDE": "LTGT", "NONE": "LOG",
}  # fmt: skip

_KNOWN: Final = ONE_LIMIT | TWO_LIMITS | {"LOG", "CASESENSIT", "IGNORECASE"}


class Reading:
    """Reads texts as one mapping says.

    >>> Reading(Mapping(decimal=",", thousands=".")).number("1.234,5")
    1234.5
    """

    def __init__(self, mapping: Mapping) -> None:
        self._decimal = mapping.decimal
        self._thousands = mapping.thousands
        self._prefixes = {"none": None, "si": SI, "spice": SPICE}[mapping.prefixes]
        sign = re.escape(mapping.thousands)
        self._grouped = re.compile(rf"[+-]?[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+(?![0-9{sign}])")
        self._letters = mapping.letters()
        self._kinds = mapping.meanings()
        self._date_format = mapping.date_format
        self._no_value = {"", *(text.strip() for text in mapping.no_value)}
        self._no_limit = {"", *(text.strip() for text in mapping.no_limit)}
        #: The same as numbers: 9.99E37 is also written 9.99e+37.
        self._no_limits = frozenset(self._readable(self._no_limit))
        #: What limits come to, by how they are written; kept by whoever compares with them.
        self.limits: dict[tuple[str, str, str, str], dict[str, Any]] = {}

    def number(self, text: str) -> float:
        """A number.

        Raises:
            ValueError: it is none, or one with another decimal sign.
        """
        return number(self._plain(text))

    def measured(self, text: str, unit: str = "") -> tuple[float, str, bool]:
        """A value, its unit, and whether it was brought to its base unit.

        Raises:
            ValueError: it is no number.
        """
        if self._prefixes is None:
            return self.number(text), unit, False
        plain = self._plain(text)
        try:
            read = quantity(plain, unit=unit or None, prefixes=self._prefixes)
        except ValueError:
            if unit:
                raise
            read = quantity(plain, unit="", prefixes=self._prefixes)  # "4.7k" and no unit anywhere
        return read.value, read.unit, any(letter.isalpha() for letter in plain)

    def is_none(self, text: str) -> bool:
        """Whether a text in the place of a value says that there is none."""
        return text in self._no_value

    def limit(self, text: str, unit: str = "") -> float | None:
        """A limit, or None where the text says that there is none.

        Raises:
            ValueError: it is neither.
        """
        if text in self._no_limit:
            return None
        value, _, _ = self.measured(text, unit)
        return value if math.isfinite(value) and value not in self._no_limits else None

    def has_limit(self, text: str) -> bool:
        """Whether there is a limit, of whatever kind."""
        return text not in self._no_limit

    def status(self, text: str, place: str, field: str) -> Letter:
        """The letter of a status word."""
        try:
            return self._letters[text.lower()]
        except KeyError:
            fix = f'say what it means: statuses = {{"{text}" = "P"}} in the options of the source'
            raise Refused(f"{shown(text)} is not a status", place=place, field=field, fix=fix) from None

    def kind(self, text: str, place: str) -> Kind:
        """What a word in a column of kinds means."""
        try:
            return self._kinds[text.lower()]
        except KeyError:
            fix = f'say what it means: kinds = {{"{text}" = "number"}} in the options of the source'
            raise Refused(
                f"{shown(text)} is not a kind of step", place=place, field="kind", fix=fix
            ) from None

    def moment(self, text: str) -> datetime:
        """A date and time.

        Raises:
            ValueError: there is no such moment, or it is written in another way.
        """
        if self._date_format == "iso":
            return read_iso(text)
        if self._date_format.startswith("unix"):
            seconds = number(text) / (1000 if self._date_format == "unix-ms" else 1)
            if not 0 <= seconds < 2**32:
                raise ValueError(f"{shown(text)} is not a time since 1970")
            return datetime.fromtimestamp(seconds, UTC)
        return datetime.strptime(text, self._date_format)  # noqa: DTZ007 - its zone is assumed and told

    def seconds(self, text: str) -> float:
        """A duration: seconds, or hours, minutes and seconds.

        Raises:
            ValueError: it is none.
        """
        if clock := _CLOCK.fullmatch(text):
            hours, minutes, seconds = clock.groups()
            return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
        value = self.number(text)
        if not 0 <= value < math.inf:
            raise ValueError(f"{shown(text)} is not a duration")
        return value

    def _readable(self, texts: Iterable[str]) -> Iterator[float]:
        for text in texts:
            try:
                yield self.number(text)
            except ValueError:
                continue

    def _plain(self, text: str) -> str:
        """The number as Python writes it."""
        text = text.strip()
        if self._thousands:
            if grouped := self._grouped.match(text):
                text = grouped[0].replace(self._thousands, "") + text[grouped.end() :]
            elif self._thousands in text:
                raise ValueError(f"{shown(text)}: {self._thousands!r} doesn't part thousands there")
        if self._decimal == ",":
            if "." in text:
                raise ValueError(f"{shown(text)} has a point, and the decimal sign is a comma")
            return text.replace(",", ".", 1)
        return text


def operator(text: str, place: str) -> str:
    """The wire's name of an operator."""
    word = text.upper()
    word = _OPERATORS.get(word, word)
    if word not in _KNOWN:
        raise Refused(f"{shown(text)} is not an operator", place=place, field="comparison")
    return word
