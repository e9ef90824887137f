"""Finds the table in a text: its delimiter, its heading if it has one, its rows. For drafts of mappings."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from wats_worker.converters.mapped.guesses import UNIT_WORDS, is_data, is_number, roles, separators

_DELIMITERS: Final = (",", ";", "\t", "|")
#: Fewer columns make no table.
_FEWEST_COLUMNS: Final = 3

Rows = list[list[str]]


@dataclass
class Table:
    """A table in a text: what stands above it, its heading, its rows."""

    delimiter: str
    heading: list[str]  # empty texts where the table has none
    above: Rows
    below: Rows
    headed: bool = True
    notes: list[str] = field(default_factory=list)

    def column(self, at: int) -> list[str]:
        """What stands below a heading."""
        return [row[at] for row in self.below if at < len(row)]

    def name(self, at: int) -> str | int:
        """How a mapping points at a column."""
        return self.heading[at] if self.heading.count(self.heading[at]) == 1 and self.heading[at] else at + 1

    def separators(self) -> dict[str, str]:
        """How its numbers are written."""
        found = separators(cell for row in self.below for cell in row)
        return {} if self.delimiter in found.values() else found


def find_table(lines: Sequence[str]) -> Table | None:
    """The table with the delimiter that makes the most of the lines."""
    best: tuple[int, str, Rows] | None = None
    for delimiter in _DELIMITERS:
        try:
            rows = [
                [cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter, strict=True)
            ]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) >= _FEWEST_COLUMNS and any(row))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if best is None or width * count > best[0]:
            best = width * count, delimiter, rows
    if best is None:
        return None
    _, delimiter, rows = best
    for at, row in enumerate(rows[:-1]):
        following = next((below for below in rows[at + 1 :] if any(below)), [])
        if is_heading(row) and len(following) >= _FEWEST_COLUMNS:
            return Table(delimiter, row, rows[:at], [below for below in rows[at + 1 :] if any(below)])
    filled = [row for row in rows if any(row)]
    width = len(filled[0])
    if width >= _FEWEST_COLUMNS and all(len(row) == width for row in filled):
        return Table(delimiter, [""] * width, [], filled, headed=False)
    return None


def is_heading(row: list[str]) -> bool:
    """Words that say what stands below them, and nothing that would stand there itself."""
    if any(is_data(cell) for cell in row):
        return False
    words = [cell for cell in row if cell and not is_number(cell)]
    known = {"serial_number", "start"} <= roles(row, UNIT_WORDS).keys()
    return known or (len(words) >= _FEWEST_COLUMNS and len(words) >= len(row) * 0.6)
