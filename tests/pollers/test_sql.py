"""Rows become files: one each or one per group, never one twice, never one left out."""

import csv
import io
import json
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pollers.polling import Asked
from pydantic import ValidationError

from wats_worker.pollers import sql
from wats_worker.pollers.base import More, Unreachable
from wats_worker.pollers.sql import values
from wats_worker.pollers.sql.documents import Shape, documents
from wats_worker.pollers.sql.rows import Answer

COLUMNS = "id INTEGER PRIMARY KEY, serial TEXT, step TEXT, value REAL, log"


class Database:
    """A tester's database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.change(f"CREATE TABLE results ({COLUMNS})")

    def change(self, statement: str, *rows: tuple) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            if rows:
                connection.executemany(statement, rows)
            else:
                connection.execute(statement)

    def add(self, *rows: tuple) -> None:
        self.change("INSERT INTO results VALUES (?, ?, ?, ?, ?)", *rows)

    def ask(self, after=None, /, **changes) -> Asked:
        options = {
            "database": str(self.path),
            "query": "SELECT id, serial, step, value FROM results WHERE id > :cursor ORDER BY id",
            "cursor": "id",
            "start": 0,
        }
        options |= changes
        return Asked(sql, {key: value for key, value in options.items() if value is not None}, after)


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "mes.db")


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


class TestDocuments:
    def test_a_row_becomes_a_table_with_one_row(self, database):
        """The columns are its heading; what is empty stays empty."""
        database.add((1, "SN1", 'a "quoted", step', 5.01, None), (2, "SN2", None, None, None))

        asked = database.ask()

        assert asked.names == ["1.csv", "2.csv"]
        assert table(asked.files["1.csv"]) == [
            ["id", "serial", "step", "value"],
            ["1", "SN1", 'a "quoted", step', "5.01"],
        ]
        assert table(asked.files["2.csv"])[1] == ["2", "SN2", "", ""]

    def test_rows_of_a_group_become_one_table(self, database):
        """A unit and its steps."""
        database.add(
            (1, "SN1", "a", 1, None),
            (2, "SN1", "b", 2, None),
            (3, "SN2", "a", 3, None),
            (4, "SN2", "b", 4, None),
        )

        asked = database.ask(group_by=["serial"], name="{serial}_{id}.csv")

        assert asked.names == ["SN1_1.csv", "SN2_3.csv"]
        assert [row[2] for row in table(asked.files["SN2_3.csv"])[1:]] == ["a", "b"]
        assert asked.cursors == [2, 4]

    def test_documents_can_be_json(self, database):
        """Numbers stay numbers."""
        database.add((1, "Prüfling", "a", 1.5, None))

        asked = database.ask(document="json")

        assert json.loads(asked.files["1.json"]) == [
            {"id": 1, "serial": "Prüfling", "step": "a", "value": 1.5}
        ]

    @pytest.mark.parametrize("log", ["<Reports/>", b"\xff\xfe binary"])
    def test_a_row_can_hold_the_file_itself(self, database, log):
        """As text or as bytes; nothing else of the row goes into it."""
        database.add((1, "SN1", None, None, log))
        query = "SELECT id, serial, log FROM results WHERE id > :cursor ORDER BY id"

        asked = database.ask(query=query, content="log", name="{serial}.xml")

        assert asked.files == {"SN1.xml": log if isinstance(log, bytes) else log.encode()}

    def test_a_row_without_its_file_is_told(self, database):
        """It is not a file of nothing."""
        database.add((1, "SN1", None, None, None))
        query = "SELECT id, log FROM results WHERE id > :cursor ORDER BY id"

        with pytest.raises(Unreachable, match="a row has no file in 'log'") as told:
            database.ask(query=query, content="log")
        assert "IS NOT NULL" in told.value.fix

    def test_texts_in_any_code_page_come_through(self, database):
        """Byte by byte, for the converter to read."""
        database.change("INSERT INTO results VALUES (1, CAST(x'47fc' AS TEXT), NULL, NULL, NULL)")

        assert b"1,G\xfc,," in database.ask().files["1.csv"]

    def test_the_same_row_has_the_same_key_and_a_changed_one_another(self, database):
        """By that it is known when it comes again."""
        database.add((1, "SN1", "a", 1, None))
        first = database.ask().keys
        assert database.ask().keys == first

        database.change("UPDATE results SET value = 2")

        assert database.ask().keys != first


class TestCursor:
    def test_the_next_poll_goes_on_behind_the_last_row(self, database):
        """Nothing comes twice, and nothing that is new is missed."""
        database.add((1, "SN1", "a", 1, None), (2, "SN2", "a", 1, None))
        first = database.ask()
        database.add((3, "SN3", "a", 1, None))

        second = database.ask(first.cursors[-1])

        assert first.cursors == [1, 2]
        assert second.names == ["3.csv"]
        assert database.ask(second.cursors[-1]).names == []

    def test_it_waits_before_rows_that_share_a_value(self, database):
        """A poll that ends between them must find the rest again."""
        query = "SELECT value, serial FROM results WHERE value >= :cursor ORDER BY value, serial"
        database.add((1, "a", None, 10, None), (2, "b", None, 10, None), (3, "c", None, 11, None))

        assert database.ask(query=query, cursor="value", name="{serial}").cursors == [None, 10.0, 11.0]
        assert documents_of([(10, "a"), (10, "b"), (10, "c")], most=2).cursors == [None, None]

    def test_it_never_goes_back(self, database):
        """A query may look back for rows that were committed late."""
        database.add(*((n, f"SN{n}", None, None, None) for n in range(1, 6)))
        query = "SELECT id, serial FROM results WHERE id > :cursor - 3 ORDER BY id"

        assert database.ask(4, query=query).cursors == [None, None, 4, 5]

    def test_a_poll_takes_a_bounded_portion_and_says_that_there_is_more(self, database):
        """The next one follows at once."""
        database.add(*((n, f"SN{n}", None, None, None) for n in range(1, 8)))

        first = database.ask(most_rows=3)
        second = database.ask(first.cursors[-1], most_rows=3)
        third = database.ask(second.cursors[-1], most_rows=3)

        assert [first.names, second.names, third.names] == [
            ["1.csv", "2.csv", "3.csv"],
            ["4.csv", "5.csv", "6.csv"],
            ["7.csv"],
        ]
        assert (first.end, third.end) == (More(), None)

    def test_a_portion_never_ends_within_a_group(self, database):
        """Half a unit would be a wrong report."""
        database.add(*((n, f"SN{n // 4}", None, None, None) for n in range(8)))

        asked = database.ask(-1, start=-1, group_by=["serial"], most_rows=6)

        assert [len(table(data)) - 1 for data in asked.files.values()] == [4]

    def test_rows_that_are_too_many_for_their_value_are_told(self, database):
        """It would ask for the same ones for ever."""
        query = "SELECT value, serial FROM results WHERE value > :cursor ORDER BY value"
        database.add(*((n, f"SN{n}", None, 10, None) for n in range(9)))

        with pytest.raises(Unreachable, match="3 rows were not enough to get beyond value = 0") as told:
            database.ask(query=query, cursor="value", most_rows=3)
        assert "raise most_rows" in told.value.fix

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("SELECT id FROM results WHERE id > :cursor ORDER BY id DESC", "not ordered by 'id'"),
            ("SELECT value AS id FROM results WHERE id > :cursor", "'id' is empty in a row"),
            ("SELECT serial AS id FROM results WHERE id > :cursor", "several kinds"),
            ("SELECT serial FROM results WHERE id > :cursor", "gives no column 'id'"),
            ("SELECT id, serial, step AS serial FROM results WHERE id > :cursor ORDER BY id", "two columns"),
            ("SELECT id FROM nowhere WHERE id > :cursor ORDER BY id", "no such table: nowhere"),
            ("SELECT id, id AS b FROM results WHERE id > :cursor ORDER BY id", "asks for a column 'serial'"),
        ],
    )
    def test_a_query_that_can_t_be_followed_is_told(self, database, query, told):
        """With what mends it."""
        database.add((1, "one", "a", None, None), (2, "two", "a", None, None))
        database.change("UPDATE results SET serial = CAST(2 AS INTEGER) WHERE id = 2")
        database.change("CREATE TABLE mixed AS SELECT id FROM results")
        if "kinds" in told:
            query = "SELECT log AS id FROM results WHERE :cursor = 0 ORDER BY 1"
            database.change("UPDATE results SET log = CASE id WHEN 1 THEN 'text' ELSE 5 END")

        with pytest.raises(Unreachable, match=told) as raised:
            database.ask(query=query, name="{serial}.csv" if "asks for" in told else None)
        assert raised.value.fix

    def test_a_group_that_is_torn_apart_is_told(self, database):
        """Two halves would be two reports."""
        database.add((1, "A", None, None, None), (2, "B", None, None, None), (3, "A", None, None, None))

        with pytest.raises(Unreachable, match="the rows of A don't stand together"):
            database.ask(group_by=["serial"])

    @given(
        rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=12),
        most=st.integers(1, 12),
        stop=st.integers(0, 12),
    )
    def test_whatever_is_not_taken_comes_again(self, rows, most, stop):
        """Wherever a poll is cut off, a later one that begins at its cursor sees every row that is left."""
        rows = sorted(rows)
        taken: set[tuple] = set()
        cursor = -1
        for limit in (stop, 99):
            offered = [row for row in rows if row[0] >= cursor]
            asked = documents_of(offered, most=99 if limit == 99 else most, asked=cursor)
            for found in asked.found[:limit]:
                taken.add(tuple(int(cell) for cell in table(found.content)[1]))
                cursor = cursor if found.cursor is None else found.cursor

        assert taken == set(rows)


class documents_of:  # noqa: N801 - reads as a question
    """Documents of rows that no database gave."""

    def __init__(self, rows: list[tuple], *, most: int, asked: int = -1) -> None:
        cut = len(rows) > most
        answer = Answer(("value", "serial"), tuple(rows[: most + 1]), cut=cut)
        self.found = []
        with suppress(Unreachable):  # that it did not get anywhere
            for document in documents(answer, Shape(cursor="value"), asked=asked):
                self.found.append(document)
        self.cursors = [document.cursor for document in self.found]


class TestDatabases:
    def test_nothing_is_written(self, database):
        """Not even by a query that tries."""
        database.add((1, "SN1", None, None, None))
        database.path.chmod(0o444)
        before = database.path.read_bytes()

        with pytest.raises(Unreachable, match=r"readonly|read-only|syntax"):
            database.ask(query="WITH x AS (SELECT :cursor) DELETE FROM results RETURNING id")

        assert database.path.read_bytes() == before
        assert not list(database.path.parent.glob("mes.db-*"))

    def test_writers_don_t_wait_for_us(self, database):
        """The transaction is over before the first row is given."""
        database.add((1, "SN1", None, None, None), (2, "SN2", None, None, None))
        options = sql.Options(
            database=database.path,
            query="SELECT id FROM results WHERE id > :cursor ORDER BY id",
            cursor="id",
            start=0,
        )
        asked = sql.poll(options, None)
        next(asked)

        database.add((3, "SN3", None, None, None))

        assert [item.name for item in asked] == ["2.csv"]

    def test_a_database_that_is_not_there_is_not_made(self, tmp_path):
        """A path with a slip in it."""
        with pytest.raises(Unreachable, match="unable to open"):
            Database.ask(_At(tmp_path / "nowhere.db"))

        assert not (tmp_path / "nowhere.db").exists()

    def test_other_databases_are_asked_through_sqlalchemy(self, database):
        """Here SQLite once more; the same rows, and no writing either."""
        database.add((1, "SN1", "a", 1.5, None), (2, "SN2", "b", None, None))
        url = {"database": None, "url": f"sqlite:///{database.path}"}

        assert database.ask(**url).files == database.ask().files
        assert database.ask(1, **url).names == ["2.csv"]
        with pytest.raises(Unreachable, match="readonly"):
            database.ask(query="WITH x AS (SELECT :cursor) INSERT INTO results(id) SELECT 9", **url)

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("sqlite:////nowhere/mes.db", "unable to open database file"),
            ("nosuch://host/mes", "Can't load plugin"),
            ("mysql+pymysql://host/mes", "its driver is not installed"),
        ],
    )
    def test_a_database_that_can_t_be_asked_is_told(self, database, url, told):
        """In the words of whoever knows best."""
        with pytest.raises(Unreachable, match=told) as raised:
            database.ask(database=None, url=url)
        assert raised.value.fix

    def test_a_cursor_of_any_kind_survives_the_spool(self):
        """Times among them, which JSON has not."""
        for value in (7, 1.5, "2026-03-17", datetime(2026, 3, 17, 8, 14), b"\x00\x07"):
            assert values.decode(json.loads(json.dumps(values.encode(value)))) == value


class _At:
    def __init__(self, path: Path) -> None:
        self.path = path


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"database": None}, "neither database nor url is set"),
        ({"url": "sqlite:///x"}, "database and url are both set"),
        ({"database": "mes.db"}, "is not a whole path"),
        ({"database": None, "url": "postgresql://reader:s3cret@db/mes"}, "carries a password"),
        ({"database": None, "url": "mssql+pyodbc:///?odbc_connect=UID=a;PWD=s3cret"}, "carries a password"),
        ({"query": "DELETE FROM results WHERE id > :cursor"}, "does not begin with SELECT"),
        ({"query": "SELECT * FROM results"}, "asks for everything each time"),
        ({"query": "SELECT id::cursor FROM results"}, "asks for everything each time"),
        ({"name": "{serial.__class__}"}, "may only name columns"),
        ({"name": "{"}, "can't be read"),
        ({"content": "log", "group_by": ["serial"]}, "can't be made of several"),
        ({"password": "s3cret"}, "a SQLite file has no password"),
    ],
)
def test_options_that_don_t_fit_are_told(database, changes, told):
    """Before anything is asked, and without repeating a secret."""
    with pytest.raises(ValidationError, match=told) as raised:
        database.ask(**changes)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "query", ["-- all of it\nselect 1, :cursor", "/* a\nb */ WITH x AS (SELECT :cursor)"]
)
def test_a_query_may_have_comments(query):
    """Before its first word."""
    assert sql.Options(database=Path("/x"), query=query, cursor="id", start=0)
