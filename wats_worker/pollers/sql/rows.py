"""A question to a database and its answer, whichever database it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wats_worker.pollers.base import Unreachable

#: Rows with large texts in them come in smaller portions.
_MOST_BYTES: Final = 64 * 2**20

Row = Sequence[Any]


@dataclass(frozen=True)
class Question:
    """One query."""

    query: str
    cursor: Any  #: what :cursor stands for
    most_rows: int


@dataclass(frozen=True)
class Answer:
    """Its rows, all in memory: the transaction is over."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    cut: bool  #: there are more; the last row is only there to show what comes after the others

    def position(self, column: str) -> int:
        """Where a column stands.

        Raises:
            Unreachable: it is not there.
        """
        try:
            return self.columns.index(column)
        except ValueError:
            known = ", ".join(self.columns)
            raise Unreachable(f"the query gives no column {column!r}", fix=f"it gives {known}") from None


def collect(columns: Iterable[str], rows: Iterable[Row], *, most: int) -> Answer:
    """Take what comes, up to one row more than ``most``, or until it gets too large to hold.

    Raises:
        Unreachable: two columns have one name.
    """
    names = tuple(columns)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Unreachable(f"two columns are called {twice!r}", fix="give one of them another name with AS")
    taken: list[Row] = []
    size = 0
    for row in rows:
        taken.append(tuple(row))
        if len(taken) > most or (size > _MOST_BYTES and len(taken) > 1):
            return Answer(names, tuple(taken), cut=True)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
    return Answer(names, tuple(taken), cut=False)
