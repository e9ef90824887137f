"""Values with units: one base unit, the maker's own prefixes, and nothing that is only guessed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wats_worker.converters.units import SPICE, quantity


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5.01 V", 5.01, "V"),
        ("-3.1dBm", -3.1, "dBm"),
        ("10 kΩ", 10_000.0, "Ω"),
        ("4.7 uF", 4.7e-6, "F"),
        ("12 min", 12.0, "min"),
        ("12 m", 12.0, "m"),
        ("25 °C", 25.0, "°C"),
        ("3.15e-005 A", 3.15e-05, "A"),
        ("1.5", 1.5, ""),
        ("inf Ohm", math.inf, "Ohm"),
    ],
)
def test_a_value_is_brought_to_its_base_unit(text, value, unit):
    """A unit that begins like a prefix is none."""
    read = quantity(text)

    assert (read.value, read.unit, read.text) == (value, unit, text)


def test_the_prefix_is_the_makers():
    """M is a million to most, a thousandth to a simulator."""
    assert quantity("4.7 MV").value == 4_700_000.0
    assert quantity("4.7M", unit="V", prefixes=SPICE).value == 0.0047
    assert quantity("4.7meg", unit="Ohm", prefixes=SPICE).value == 4_700_000.0
    assert quantity("4.7MEGOhm", prefixes=SPICE).unit == "Ohm"


def test_a_unit_that_is_known_needs_no_letters():
    """It stands in the column's heading."""
    assert quantity("22p", unit="F").unit == "F"
    assert quantity("22", unit="F").unit == "F"
    assert quantity("22 pF", unit="F").value == 22e-12


@pytest.mark.parametrize("text", ["", "V", "5 khz", "5,01 V", "5 V 3", "1e999 V", "5 furlongs", "--5 V"])
def test_what_is_not_certain_is_refused(text):
    """The letters may be anything."""
    with pytest.raises(ValueError):
        quantity(text)


def test_another_unit_than_the_known_one_is_refused():
    """The column says volts and the cell amperes: one of them is wrong."""
    with pytest.raises(ValueError, match="'A' is not V, with or without a prefix"):
        quantity("5 A", unit="V")


@given(st.decimals(-(10**9), 10**9, places=6), st.sampled_from(["", "k", "m", "µ", "M"]))
def test_scaling_rounds_once(number, prefix):
    """As if the tester had written the number in the base unit."""
    power = {"": 0, "k": 3, "m": -3, "µ": -6, "M": 6}[prefix]

    assert quantity(f"{number} {prefix}V").value == float(number.scaleb(power))
