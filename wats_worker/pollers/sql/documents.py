"""What becomes of rows: a document per row or per group, its name, and how far the cursor may go. Pure.

The cursor never passes a row that is in no document yet: it stays where it was while the next row has the
same value. Rows that come again by that have the key they had, which is made of the document.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby, pairwise
from math import isfinite
from typing import Any, Literal

from wats_worker.pollers.base import Unreachable
from wats_worker.pollers.sql.rows import Answer, Row


@dataclass(frozen=True)
class Shape:
    """How documents are made."""

    cursor: str
    group_by: tuple[str, ...] = ()
    content: str | None = None
    document: Literal["csv", "json"] = "csv"
    delimiter: str = ","
    name: str | None = None


@dataclass(frozen=True)
class Document:
    """One file to be."""

    key: str
    name: str
    content: bytes
    cursor: Any  #: None while another row has the same value


def documents(answer: Answer, shape: Shape, *, asked: Any) -> Iterator[Document]:
    """Make documents of an answer, in the order of its rows.

    Raises:
        Unreachable: the rows are not in order, a group is torn apart, a column is missing, or the answer was
            cut before it got anywhere.
    """
    if not answer.rows:
        return
    at = answer.position(shape.cursor)
    _check_order([row[at] for row in answer.rows], shape.cursor)
    runs = list(_runs(answer, shape))
    reached = asked
    for run, following in zip(runs, [*runs[1:], None], strict=True):
        if following is None and answer.cut:
            break  # it may go on beyond the cut
        value = run[-1][at]
        onward = following is None or value < following[0][at]
        reached = value if onward and _is_after(value, reached) else reached
        yield _document(run, answer, shape, cursor=value if onward and reached == value else None)
    if answer.cut and not _is_after(reached, asked):
        raise Unreachable(
            f"{len(answer.rows) - 1} rows were not enough to get beyond {shape.cursor} = {text_of(asked)}",
            fix="raise most_rows, look back less far, or choose a cursor that fewer rows share",
        )


def text_of(value: Any) -> str:
    """A value as a table holds it.

    >>> text_of(None), text_of(5.01), text_of(Decimal("0.10")), text_of(datetime(2026, 3, 17, 8, 14))
    ('', '5.01', '0.10', '2026-03-17T08:14:00')
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case bytes():
            return value.hex()
    return str(value)


def _check_order(cursors: Sequence[Any], column: str) -> None:
    if any(value is None for value in cursors):
        fix = f"add to the query: AND {column} IS NOT NULL"
        raise Unreachable(f"the cursor's column {column!r} is empty in a row", fix=fix)
    try:
        ordered = all(one <= other for one, other in pairwise(cursors))
    except TypeError:
        raise Unreachable(f"{column!r} holds values of several kinds", fix="choose another cursor") from None
    if not ordered:
        raise Unreachable(f"the rows are not ordered by {column!r}", fix=f"add: ORDER BY {column}")


def _is_after(value: Any, asked: Any) -> bool:
    try:
        return bool(value > asked)
    except TypeError:
        return True  # the first poll's start was written as a text or a number, and the column holds times


def _runs(answer: Answer, shape: Shape) -> Iterator[list[Row]]:
    """Rows that belong into one document."""
    if not shape.group_by:
        yield from ([row] for row in answer.rows)
        return
    positions = [answer.position(column) for column in shape.group_by]
    seen: set[tuple[str, ...]] = set()
    for group, rows in groupby(answer.rows, key=lambda row: tuple(text_of(row[at]) for at in positions)):
        if group in seen:
            raise Unreachable(
                f"the rows of {', '.join(group)} don't stand together",
                fix=f"order them so: ORDER BY {', '.join(shape.group_by)}, with the first as the cursor",
            )
        seen.add(group)
        yield list(rows)


def _document(run: Sequence[Row], answer: Answer, shape: Shape, *, cursor: Any) -> Document:
    content = _file(run[0], answer, shape.content) if shape.content else _table(run, answer, shape)
    name = _name(run, answer, shape)
    # By its content: a row that was changed has another key, a row that comes again has not.
    return Document(f"{name} {hashlib.sha256(content).hexdigest()}", name, content, cursor)


def _name(run: Sequence[Row], answer: Answer, shape: Shape) -> str:
    if shape.name is None:
        ending = "txt" if shape.content else shape.document
        return f"{text_of(run[-1][answer.position(shape.cursor)])}.{ending}"
    facts = dict(zip(answer.columns, map(text_of, run[0]), strict=True))
    try:
        return shape.name.format_map(facts)
    except KeyError as missing:
        known = ", ".join(answer.columns)
        raise Unreachable(f"name asks for a column {missing}", fix=f"the query gives {known}") from None


def _file(row: Row, answer: Answer, column: str) -> bytes:
    match row[answer.position(column)]:
        case bytes(content):
            return content
        case str(content):
            return content.encode("utf-8", "surrogateescape")
    raise Unreachable(
        f"a row has no file in {column!r}", fix=f"leave such rows out: AND {column} IS NOT NULL"
    )


def _table(run: Sequence[Row], answer: Answer, shape: Shape) -> bytes:
    if shape.document == "json":
        rows = [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in run]
        text = json.dumps(rows, ensure_ascii=False, indent=1)
    else:
        table = io.StringIO(newline="")
        writer = csv.writer(table, delimiter=shape.delimiter)
        writer.writerow(answer.columns)
        writer.writerows([text_of(value) for value in row] for row in run)
        text = table.getvalue()
    return text.encode("utf-8", "surrogateescape")


def _plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        return value
    return text_of(value)
