"""The ``$filter`` of a header query as an SQL condition.

and or not ( )   eq ne gt ge lt le in   string functions; no arithmetic, no date or number functions.

Field names reach the SQL only through ``FIELDS``, literals only as parameters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from wats_worker.simulator.fields import FIELDS, BadQuery, column
from wats_worker.simulator.instants import ticks

_COMPARE: Final = {"eq": "IS", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
#: (name, number of arguments): SQL. Positions count from 0 in OData and from 1 in SQLite.
_FUNCTIONS: Final = {
    ("contains", 2): "instr({0}, {1}) > 0",
    ("startswith", 2): "substr({0}, 1, length({1})) = {1}",
    ("endswith", 2): "substr({0}, length({0}) - length({1}) + 1) = {1}",
    ("indexof", 2): "instr({0}, {1}) - 1",
    ("substring", 2): "substr({0}, {1} + 1)",
    ("substring", 3): "substr({0}, {1} + 1, {2})",
    ("concat", 2): "{0} || {1}",
    ("tolower", 1): "lower({0})",
    ("toupper", 1): "upper({0})",
    ("trim", 1): "trim({0})",
    ("length", 1): "length({0})",
}
_TRUTHS: Final = frozenset({"contains", "startswith", "endswith"})
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<date>\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)
      | (?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})
      | (?P<number>[+-]?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<mark>[(),])
    )""",
    re.VERBOSE | re.ASCII,
)
_MAX_DEPTH: Final = 50


def condition(text: str) -> tuple[str, tuple[Any, ...]]:
    """Turn a ``$filter`` into an SQL condition and its values.

    >>> condition("serialNumber eq 'A''1' and not startswith(partNumber, 'X')")
    ('((serialNumber IS ?) AND (NOT (substr(partNumber, 1, length(?)) = ?)))', ("A'1", 'X', 'X'))

    Raises:
        BadQuery: the filter is not understood.
    """
    parser = _Parser(list(_tokens(text)))
    made = parser.either()
    if parser.left:
        raise BadQuery(f"$filter: unexpected '{parser.left[0].text}'")
    return made.sql, made.values


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Sql:
    sql: str
    values: tuple[Any, ...] = ()
    is_start: bool = False  # the start field itself: it is compared as an instant, not as text
    is_truth: bool = False  # true or false by itself, without a comparison


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found or found.lastgroup is None:
            raise BadQuery(f"$filter: can't read '{text[at:][:20]}'")
        yield _Token(found.lastgroup, found[found.lastgroup])
        at = found.end()


@dataclass(slots=True)
class _Parser:
    """One function per level of precedence: or, and, not, comparison, value."""

    left: list[_Token]
    depth: int = 0

    def either(self) -> _Sql:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise BadQuery("$filter: nested too deep")
        made = self._both()
        while self._take("or"):
            made = _joined(made, "OR", self._both())
        self.depth -= 1
        return made

    def _both(self) -> _Sql:
        made = self._negated()
        while self._take("and"):
            made = _joined(made, "AND", self._negated())
        return made

    def _negated(self) -> _Sql:
        turns = 0
        while self._take("not"):
            turns += 1
        made = self._compared()
        return _Sql(f"(NOT {made.sql})", made.values) if turns % 2 else made

    def _compared(self) -> _Sql:
        if self._take("("):
            made = self.either()
            self._demand(")")
            return made
        value = self._value()
        if self._take("in"):
            return self._one_of(value)
        for word, operator in _COMPARE.items():
            if self._take(word):
                other = self._value(as_instant=value.is_start)
                value = _instant(value) if value.is_start else value
                return _Sql(f"({value.sql} {operator} {other.sql})", value.values + other.values)
        if not value.is_truth:
            raise BadQuery(f"$filter: a comparison is missing after '{value.sql}'")
        return value

    def _one_of(self, value: _Sql) -> _Sql:
        self._demand("(")
        choices = [self._value(as_instant=value.is_start)]
        while self._take(","):
            choices.append(self._value(as_instant=value.is_start))
        self._demand(")")
        value = _instant(value) if value.is_start else value
        values = value.values + tuple(one for choice in choices for one in choice.values)
        return _Sql(f"({value.sql} IN ({', '.join(choice.sql for choice in choices)}))", values)

    def _value(self, *, as_instant: bool = False) -> _Sql:
        if not self.left:
            raise BadQuery("$filter: ends too early")
        token = self.left.pop(0)
        match token.kind:
            case "text":
                text = token.text[1:-1].replace("''", "'")
                return _Sql("?", (_ticks(text) if as_instant else text,))
            case "date":
                return _Sql("?", (_ticks(token.text),))
            case "guid":
                return _Sql("?", (str(UUID(token.text)),))
            case "number":
                return _Sql("?", (float(token.text) if "." in token.text else int(token.text),))
            case "word":
                return self._named(token.text)
        raise BadQuery(f"$filter: unexpected '{token.text}'")

    def _named(self, word: str) -> _Sql:
        constant = {"null": None, "true": 1, "false": 0}
        if word in constant:
            return _Sql("?", (constant[word],))
        if not self._take("("):
            name = column(word)
            return _Sql(FIELDS[name], is_start=name == "start")
        arguments = [self._value()]
        while self._take(","):
            arguments.append(self._value())
        self._demand(")")
        return _called(word, arguments)

    def _take(self, text: str) -> bool:
        if self.left and self.left[0].kind in {"word", "mark"} and self.left[0].text == text:
            self.left.pop(0)
            return True
        return False

    def _demand(self, mark: str) -> None:
        if not self._take(mark):
            raise BadQuery(f"$filter: '{mark}' expected")


def _called(name: str, arguments: list[_Sql]) -> _Sql:
    sql = _FUNCTIONS.get((name, len(arguments)))
    if sql is None:
        raise BadQuery(f"$filter: there is no function '{name}' of {len(arguments)} values")
    values = tuple(one for place in re.findall(r"\{(\d)\}", sql) for one in arguments[int(place)].values)
    made = sql.format(*(argument.sql for argument in arguments))
    return _Sql(f"({made})", values, is_truth=name in _TRUTHS)


def _joined(first: _Sql, word: str, second: _Sql) -> _Sql:
    return _Sql(f"({first.sql} {word} {second.sql})", first.values + second.values)


def _instant(value: _Sql) -> _Sql:
    return _Sql("ticks", value.values)


def _ticks(text: str) -> int:
    try:
        return ticks(text)
    except ValueError as error:
        raise BadQuery(f"$filter: {error}") from None
