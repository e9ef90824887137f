"""Files found by the serial numbers of their units, for as long as there is room to remember."""

import pytest
from support import Clock

from wats_broker.names import Keys
from wats_broker.serials import Serials

ONE, TWO, THREE = (digit * 32 for digit in "123")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def serials(redis, clock):
    return Serials(redis, Keys(), retention_s=100, most=10, clock=clock)


def test_a_beginning_finds_all_that_begin_so(serials):
    """In any case of letters; the whole number comes first."""
    serials.note(ONE, ["PCB-00421"])
    serials.note(TWO, ["PCB-0042"])
    serials.note(THREE, ["XPCB-0042"])

    assert serials.find("pcb-0042") == [TWO, ONE]
    assert serials.find("PCB-00421") == [ONE]
    assert serials.find("0042") == []


def test_a_unit_has_many_files_and_a_file_many_units(serials):
    """Told twice, it is there once."""
    serials.note(ONE, ["A", "B", "A"])
    serials.note(TWO, ["A"])
    serials.note(TWO, ["A"])

    assert serials.find("A") == [ONE, TWO]
    assert serials.find("B") == [ONE]


def test_what_was_told_first_is_forgotten_first(serials, redis, clock):
    """There is never more than so much."""
    for n in range(30):
        clock.pass_(1)
        serials.note(f"{n:032x}", [f"SN-{n:02}"])

    assert redis.zcard(Keys().journal("serials")) == 10
    assert serials.find("SN-00") == []
    assert serials.find("SN-29") == [f"{29:032x}"]


def test_what_is_old_goes_with_the_next_that_comes(serials, clock):
    """And all of it when nothing comes any more."""
    serials.note(ONE, ["OLD"])
    clock.pass_(101)
    serials.note(TWO, ["NEW"])

    assert serials.find("OLD") == []
    assert serials.find("NEW") == [TWO]


def test_the_index_expires(serials, redis):
    """A factory that stands still leaves nothing behind."""
    serials.note(ONE, ["A"])

    for key in (Keys().journal("serials"), Keys().journal("serials_order")):
        assert 0 < redis.pttl(key) <= 100_000


@pytest.mark.parametrize("serial", ["", " ", "a\nb", "x" * 500, "Ünit", "[", "(", "+", "-"])
def test_any_text_may_be_asked_for(serials, serial):
    """What a scanner reads, and what a person types."""
    serials.note(ONE, [serial or "x", "end"])

    assert ONE in serials.find(serial)
