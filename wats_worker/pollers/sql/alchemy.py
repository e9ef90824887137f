"""Every other database, through SQLAlchemy and the database's own driver."""

from contextlib import closing
from typing import TYPE_CHECKING, Final

from wats_worker.pollers.base import Unreachable
from wats_worker.pollers.sql.rows import Answer, Question, collect

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: What tells a database that a transaction must not write. For others the rollback at its end has to do.
_READ_ONLY: Final = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "mariadb": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}


def ask(url: str, password: str | None, question: Question) -> Answer:
    """Ask a database.

    Raises:
        Unreachable: it does not answer, does not understand, or what it takes to ask it is not installed.
    """
    import sqlalchemy  # noqa: PLC0415  most plants poll no database, and it takes its time
    from sqlalchemy import exc, pool  # noqa: PLC0415  as above

    try:
        address = sqlalchemy.make_url(url)
        if password is not None:
            address = address.set(password=password)
        engine = sqlalchemy.create_engine(address, poolclass=pool.NullPool)
        with closing(engine.connect()) as connection, connection.begin() as transaction:
            _forbid_writing(connection)
            found = connection.execute(sqlalchemy.text(question.query), {"cursor": question.cursor})
            answer = collect(found.keys(), (tuple(row) for row in found), most=question.most_rows)
            transaction.rollback()
            return answer
    except exc.DBAPIError as error:
        # What the driver says; around it SQLAlchemy repeats the query and its values.
        raise Unreachable(str(error.orig).strip(), fix="check url, the account and the query") from error
    except exc.SQLAlchemyError as error:
        raise Unreachable(str(error).partition("\n")[0], fix="check url and the query") from error
    except ImportError as error:
        raise Unreachable(
            f"its driver is not installed: {error}", fix="install it beside SQLAlchemy"
        ) from None


def _forbid_writing(connection: "Connection") -> None:
    from sqlalchemy import text  # noqa: PLC0415  as above

    if statement := _READ_ONLY.get(connection.dialect.name):
        connection.execute(text(statement))
