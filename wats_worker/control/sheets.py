"""Answers as tables for a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel

#: What a spreadsheet takes for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def sheet(kind: type[BaseModel], lines: Sequence[BaseModel]) -> str:
    """The lines as CSV, under the names of their fields."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(kind.model_fields)
    table.writerows([_cell(value) for value in dict(line).values()] for line in lines)
    return text.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet is to show what a tester wrote, and not to obey it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
