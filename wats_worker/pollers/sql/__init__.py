"""A database that is asked for what came after the last time. Each row becomes a file, or each group of rows.

One query per poll, in one transaction that can't write and is over before the first row goes anywhere: the
database's other users never wait for us.
"""

import re
from string import Formatter
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from wats_broker.settings import mistake
from wats_worker.pollers import base
from wats_worker.pollers.base import Cursor, Item, Polled, WholePath
from wats_worker.pollers.sql import alchemy, sqlite, values
from wats_worker.pollers.sql.documents import Shape, documents
from wats_worker.pollers.sql.rows import Answer, Question

NAME: Final = "sql"
TITLE: Final = "A database query"
VERSION: Final = "1"

_COMMENTS: Final = re.compile(r"\A(\s|--[^\n]*(\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_SECRET_IN_URL: Final = re.compile(r"(password|pwd)=|://[^/@]*:[^/@]+@", re.IGNORECASE)


def _query(text: str) -> str:
    if not re.match(r"(select|with)\b", _COMMENTS.sub("", text), re.IGNORECASE):
        raise mistake("does not begin with SELECT or WITH", "ask with a SELECT; nothing may be changed")
    if not re.search(r"(?<!:):cursor\b", text):
        raise mistake(
            "asks for everything each time", "add a condition such as: WHERE id > :cursor ORDER BY id"
        )
    return text


def _url(text: str) -> str:
    if _SECRET_IN_URL.search(text):
        raise mistake("carries a password", "remove it, and name a file with it as password_file")
    return text


def _template(text: str) -> str:
    try:
        fields = [parts for parts in Formatter().parse(text) if parts[1] is not None]
    except ValueError as error:
        raise mistake(f"can't be read: {error}", 'write it like "{serial}_{id}.csv"') from None
    if any(not name or set(name) & set(".[") or spec or how for _, name, spec, how in fields):
        raise mistake("may only name columns", 'write it like "{serial}_{id}.csv"')
    return text


class Options(base.Options):
    """Which database, which rows, and what files they become."""

    #: A SQLite file …
    database: WholePath | None = None
    #: … or another database, as SQLAlchemy writes its address: postgresql+psycopg://reader@db.example/mes
    url: Annotated[str, AfterValidator(_url)] | None = None
    password: SecretStr | None = None
    #: It uses :cursor, and is ordered by the cursor's column.
    query: Annotated[str, AfterValidator(_query)]
    #: The column that only grows: an id, or a time of change.
    cursor: Annotated[str, Field(min_length=1)]
    #: What :cursor is in the first poll.
    start: int | float | str
    #: Neighbouring rows that are the same in these columns become one file; none is a file per row.
    group_by: tuple[str, ...] = ()
    document: Literal["csv", "json"] = "csv"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    #: The column that holds the file itself; then nothing else of the row goes into it.
    content: str | None = None
    #: What the file is called, such as "{serial}_{id}.csv"; None is the cursor's value.
    name: Annotated[str, AfterValidator(_template)] | None = None
    #: No poll asks for more; the next one follows at once.
    most_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.database is None) == (self.url is None):
            what = "neither database nor url is set" if self.url is None else "database and url are both set"
            raise mistake(what, "name a SQLite file as database, or another database as url", key="database")
        if self.password is not None and self.url is None:
            raise mistake("a SQLite file has no password", "remove it", key="password")
        if self.content is not None and self.group_by:
            raise mistake("a file that is in one row can't be made of several", "remove it", key="group_by")
        return self


def poll(options: Options, cursor: Cursor) -> Polled:
    """The rows after the cursor, as files."""
    asked = options.start if cursor is None else values.decode(cursor)
    shape = Shape(
        cursor=options.cursor,
        group_by=options.group_by,
        content=options.content,
        document=options.document,
        delimiter=options.delimiter,
        name=options.name,
    )
    answer = _ask(options, Question(options.query, asked, options.most_rows))
    for found in documents(answer, shape, asked=asked):
        yield Item(
            key=found.key,
            name=found.name,
            content=found.content,
            cursor=None if found.cursor is None else values.encode(found.cursor),
        )
    return base.More() if answer.cut else None


def _ask(options: Options, question: Question) -> Answer:
    if options.database is not None:
        return sqlite.ask(options.database, question)
    secret = options.password.get_secret_value() if options.password else None
    return alchemy.ask(options.url or "", secret, question)
