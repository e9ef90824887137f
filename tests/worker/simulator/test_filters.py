"""Filters become SQL that says the same, and nothing in them becomes anything but a value."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wats_worker.simulator.fields import FIELDS, BadQuery
from wats_worker.simulator.filters import condition

ROWS = {
    "serialNumber": ["A'1", "b-2", None],
    "processCode": [60, 50, 60],
    "userName": ["  op ", "Op", "x"],
    "ticks": [10_000_000, 20_000_000, 30_000_000],
}


@pytest.fixture(scope="module")
def table():
    database = sqlite3.connect(":memory:")
    columns = {column for column in FIELDS.values() if column.isidentifier() and column != "NULL"}
    database.execute(f"CREATE TABLE reports({', '.join(sorted(columns | {'ticks'}))})")
    insert = f"INSERT INTO reports({', '.join(ROWS)}) VALUES (?, ?, ?, ?)"  # noqa: S608 - names from above
    database.executemany(insert, zip(*ROWS.values(), strict=True))
    yield database
    database.close()


def found(table, text):
    where, values = condition(text)
    select = f"SELECT rowid FROM reports WHERE {where} ORDER BY rowid"  # noqa: S608 - that is the test
    return [row[0] for row in table.execute(select, values)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("serialNumber eq 'A''1'", [1]),
        ("serialNumber ne 'A''1'", [2, 3]),
        ("serialNumber eq null", [3]),
        ("SERIALNUMBER ne null", [1, 2]),
        ("processCode gt 50", [1, 3]),
        ("processCode ge 50 and processCode lt 60", [2]),
        ("processCode le 50.5", [2]),
        ("processCode eq 50 or serialNumber eq null and processCode eq 60", [2, 3]),
        ("(processCode eq 50 or serialNumber eq null) and processCode eq 60", [3]),
        ("not processCode eq 60", [2]),
        ("not not (processCode eq 60)", [1, 3]),
        ("processCode in (50, 51)", [2]),
        ("start in (1970-01-01T00:00:01Z, 1970-01-01T01:00:03+01:00)", [1, 3]),
        ("start gt 1970-01-01T00:00:01.5Z", [2, 3]),
        ("start eq '1970-01-01T00:00:02Z'", [2]),
        ("contains(userName, 'p') and length(userName) eq 2", [2]),
        ("trim(tolower(userName)) eq 'op'", [1, 2]),
        ("startswith(userName, 'O') eq true", [2]),
        ("endswith(userName, '') eq true", [1, 2, 3]),
        ("indexof(userName, 'p') eq 1", [2]),
        ("substring(userName, 2) eq 'op '", [1]),
        ("substring(userName, 0, 1) eq 'O'", [2]),
        ("concat(userName, userName) eq 'xx'", [3]),
        ("true eq startswith(userName, 'O')", [2]),
        ("toupper(concat(userName, '!')) eq 'X!'", [3]),
    ],
)
def test_a_filter_finds_what_it_says(table, text, rows):
    """Precedence, null, instants and string functions as OData has them."""
    assert found(table, text) == rows


@pytest.mark.parametrize(
    "text",
    [
        "serialNumber",
        "serialNumber eq",
        "eq 1",
        "serialNumber eq 'open",
        "processCode eq 1 processCode eq 2",
        "processCode add 1 eq 2",
        "processCode in ()",
        "processCode in 50",
        "start eq 2026-13-01T00:00:00Z",
        "length(userName, 1) eq 1",
        "nope eq 1",
        "ticks eq 1",
        "processCode; DROP TABLE reports",
        "(" * 200 + "processCode eq 1" + ")" * 200,
    ],
)
def test_other_texts_are_refused(text):
    """What is not understood is not guessed."""
    with pytest.raises(BadQuery):
        condition(text)


@given(st.text())
def test_any_text_is_only_a_value(text):
    """Whatever stands between quotes never reaches the SQL."""
    where, values = condition("serialNumber eq '" + text.replace("'", "''") + "'")

    assert (where, values) == ("(serialNumber IS ?)", (text,))


@given(st.text(alphabet="()', eqandorit0169.-:TZ;\"%_", max_size=60))
def test_any_filter_is_understood_or_refused(text):
    """There is no third way out."""
    try:
        where, values = condition(text)
    except BadQuery:
        return

    assert where.count("?") == len(values)
