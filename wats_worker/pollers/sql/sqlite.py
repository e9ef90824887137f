"""SQLite, with what Python brings along."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from wats_worker.pollers.base import Unreachable
from wats_worker.pollers.sql.rows import Answer, Question, collect

#: A writer may hold the file for so long.
_BUSY_S: Final = 10.0


def ask(database: Path, question: Question) -> Answer:
    """Ask a SQLite file.

    Raises:
        Unreachable: it is not there, or does not understand the question.
    """
    try:
        # Read-only twice: the file is opened so, and no statement may write.
        with closing(
            sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, timeout=_BUSY_S)
        ) as connection:
            # Old testers write their texts in any code page. The bytes go into the file as they are.
            connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            connection.execute("PRAGMA query_only = ON")
            found = connection.execute(question.query, {"cursor": question.cursor})
            columns = [name for name, *_ in found.description or ()]
            return collect(columns, found, most=question.most_rows)
    except sqlite3.Error as error:
        fix = "check the path, who may read it, and the query"
        raise Unreachable(f"{database}: {error}", fix=fix) from error
