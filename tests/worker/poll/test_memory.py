"""What was taken from a source is remembered, in bounded space, over crashes."""

import pytest

from wats_worker.poll.memory import SMALL, Memory
from wats_worker.poll.wire import digest

KEYS = [digest(str(n)) for n in range(5)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "polled" / "mes"


def test_keys_and_cursor_survive_a_restart(folder):
    """Whatever JSON can hold is a cursor."""
    memory = Memory(folder, "sql")
    memory.taken(KEYS[:2])
    memory.taken(KEYS[1:3])
    memory.go_on_at({"datetime": "2026-03-17"})

    again = Memory(folder, "sql")

    assert again.known == set(KEYS[:3])
    assert again.cursor == {"datetime": "2026-03-17"}


def test_nothing_is_there_before_something_was_taken(folder):
    """Who only looks leaves no trace."""
    memory = Memory(folder, "sql")

    assert (memory.known, memory.cursor) == (set(), None)
    assert not folder.exists()


def test_a_torn_line_costs_no_more_than_itself(folder):
    """A crash in the middle of a write."""
    Memory(folder, "sql").taken(KEYS[:1])
    with (folder / "taken").open("a") as file:
        file.write(KEYS[1][:10])

    Memory(folder, "sql").taken(KEYS[2:3])

    assert Memory(folder, "sql").known == {KEYS[0], KEYS[2]}


@pytest.mark.parametrize("text", ["", "{", '["sql", 1]', '{"poller": "listing", "cursor": 7}'])
def test_a_cursor_that_is_no_use_begins_at_the_beginning(folder, text):
    """Damaged, or another poller's; the keys still say what was taken."""
    memory = Memory(folder, "sql")
    memory.taken(KEYS[:1])
    memory.go_on_at(7)
    (folder / "cursor.json").write_text(text)

    again = Memory(folder, "sql")

    assert again.cursor is None
    assert again.known == {KEYS[0]}


def test_keys_that_are_not_offered_any_more_are_forgotten(plant):
    """Once they are the greater part; those that are still there stay known."""
    plant.poller("""
        first = int(options.word or 0)
        for n in range(first, first + options.count):
            yield Item(key=str(n), name="a", content=b"same")
    """)
    Memory(plant.memory, "acme").taken(digest(str(n)) for n in range(SMALL + 1))

    plant.poll(poller_options={"word": str(SMALL - 1), "count": 3})

    assert Memory(plant.memory, "acme").known == {digest(str(n)) for n in range(SMALL - 1, SMALL + 2)}
