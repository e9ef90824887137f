"""Answers as tables for a spreadsheet."""

import csv
import io
from collections.abc import Sequence

from pydantic import BaseModel

from wats_worker.cells import shown


def sheet(kind: type[BaseModel], lines: Sequence[BaseModel]) -> str:
    """The lines as CSV, under the names of their fields."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(kind.model_fields)
    table.writerows([shown(value) for value in dict(line).values()] for line in lines)
    return text.getvalue()
