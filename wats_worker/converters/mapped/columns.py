"""How a mapping points into a table: at a column, at a key above or below it, at the file's name."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from wats_worker.converters.mapped.facts import Take
from wats_worker.converters.mapped.model import FileName, Name, Part
from wats_worker.converters.mapped.patterns import Pattern, safe

#: A column by its heading, or by its number from 1.
Column = Name | Annotated[int, Field(ge=1, le=10_000)]


class Cell(Part):
    """One fact's place: a column, several that are joined by blanks, or a key with the value beside it."""

    column: Column | Annotated[tuple[Column, ...], Field(min_length=1)] | None = None
    #: The text in the first cell of a row outside of the table; the fact stands behind it.
    key: Name | None = None
    #: What is taken of the text: the first group. Named groups of a step's pattern are facts of those names.
    pattern: Pattern | None = None
    #: Which counts if a unit has several that differ. "only" refuses them.
    take: Take = "only"

    @model_validator(mode="after")
    def _points_at_one_thing(self) -> Self:
        if (self.column is None) == (self.key is None):
            raise ValueError("a cell has a column or a key")
        if self.pattern is not None and not safe(self.pattern).groups:
            raise ValueError(f"{self.pattern!r} has no group, so it takes nothing")
        return self

    @property
    def columns(self) -> tuple[str | int, ...]:
        """The columns it is made of."""
        if self.column is None:
            return ()
        return self.column if isinstance(self.column, tuple) else (self.column,)

    @cached_property
    def expression(self) -> re.Pattern[str] | None:
        """The compiled pattern."""
        return safe(self.pattern) if self.pattern is not None else None


def _cell(value: Any) -> Any:
    """A heading or a number alone is a column; a table with ``file_name`` is no cell at all."""
    return {"column": value} if isinstance(value, (str, int, list, tuple)) else value


#: ``"Serial"``, ``3``, ``["Date", "Time"]`` or the whole table.
AnyCell = Annotated[Cell, BeforeValidator(_cell)]


def _place(value: Any) -> Any:
    if isinstance(value, dict) and "file_name" in value:
        return FileName.model_validate(value)
    return _cell(value)


#: A cell, or a part of the file's name.
Place = Annotated[FileName | Cell, BeforeValidator(_place)]


def captured(match: re.Match[str], field: str) -> MappingOf[str, str]:
    """What a pattern found: its named groups by their names; else its first group, as the field itself."""
    named = {name: text.strip() for name, text in match.groupdict().items() if text is not None}
    if match.re.groupindex:
        return named
    return {field: (match[1] or "").strip()}


def first(facts: MappingOf[str, str], name: str) -> str:
    """The fact of that name, else the first there is."""
    return facts.get(name) or next((text for text in facts.values() if text), "")


class Heading:
    """Where the columns of a table are.

    Args:
        names: The heading's cells; empty for a table without one.
        line: Where it stands.
    """

    def __init__(self, names: Sequence[str], line: int) -> None:
        self.names = tuple(names)
        self.line = line
        self._at: dict[str, int] = {}
        self._twice: set[str] = set()
        for index, name in enumerate(names):
            if name in self._at and name:
                self._twice.add(name)
            self._at.setdefault(name, index)

    def at(self, column: str | int) -> int:
        """The index of a column.

        Raises:
            LookupError: there is no such column, or there are two.
        """
        if isinstance(column, int):
            return column - 1
        if column in self._twice:
            raise LookupError(f"two columns are called {column!r}; give its number")
        return self._at[column]

    def all_at(self, columns: Iterable[str | int]) -> tuple[int, ...]:
        """The indexes of several columns; the errors are those of ``at``."""
        return tuple(self.at(column) for column in columns)


def joined(at: tuple[int, ...], row: Sequence[str]) -> str:
    """The text of a cell that is made of these columns."""
    return row[at[0]] if len(at) == 1 else " ".join(text for index in at if (text := row[index]))
