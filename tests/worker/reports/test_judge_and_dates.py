"""Verdicts from limits, and instants from wire dates."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wats_worker.reports import judge
from wats_worker.reports.dates import Instant

#: Operator: the verdict below, at and between two limits, at the high one, and above it.
TWO = {
    "GTLT": "FFPFF",
    "GTLE": "FFPPF",
    "GELT": "FPPFF",
    "GELE": "FPPPF",
    "LTGT": "PFFFP",
    "LTGE": "PFFPP",
    "LEGT": "PPFFP",
    "LEGE": "PPFPP",
}
ONE = {"EQ": "FPF", "NE": "PFP", "GT": "FFP", "GE": "FPP", "LT": "PFF", "LE": "PPF", "LOG": "PPP"}


@pytest.mark.parametrize("operator", TWO)
def test_two_limits_judge_inside_or_outside(operator: str) -> None:
    """Which ends count is in the operator's letters."""
    verdicts = "".join(
        "P" if judge.numeric(operator, v, 1.0, 2.0) else "F" for v in (0.5, 1.0, 1.5, 2.0, 2.5)
    )

    assert verdicts == TWO[operator]


@pytest.mark.parametrize("operator", ONE)
def test_one_limit_judges_by_the_low_one(operator: str) -> None:
    """Also for LT and LE."""
    verdicts = "".join("P" if judge.numeric(operator, v, 1.0) else "F" for v in (0.5, 1.0, 1.5))

    assert verdicts == ONE[operator]


@pytest.mark.parametrize("operator", [*TWO, *ONE])
def test_nan_passes_nothing_but_ne_and_log(operator: str) -> None:
    """IEEE: NaN is neither above nor below anything."""
    assert judge.numeric(operator, math.nan, 1.0, 2.0) == (operator in {"NE", "LOG"})


def test_without_its_limits_an_operator_judges_nothing() -> None:
    """Nobody knows is not the same as failed."""
    assert judge.numeric("GELE", 1.0, 1.0) is None
    assert judge.numeric("LE", 1.0, None, 2.0) is None
    assert judge.text("EQ", "a") is None


@given(st.datetimes(min_value=__import__("datetime").datetime(1970, 1, 2)), st.integers(-56, 56))
def test_an_instant_is_the_same_in_every_zone(moment, quarters: int) -> None:
    """The offset changes the digits, never the moment."""
    sign, minutes = ("-" if quarters < 0 else "+"), abs(quarters) * 15
    local = f"{moment:%H:%M:%S.%f}{sign}{minutes // 60:02}:{minutes % 60:02}"
    instant = Instant.read(f"{moment.year:04}-{moment:%m-%d}T{local}")

    assert instant is None or Instant.read(instant.utc()) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00Z",
        "2026-01-01",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00+15:00",
        "0001-01-01T00:00:00+01:00",
        "x",
    ],
)
def test_what_no_calendar_has_is_no_instant(text: str) -> None:
    """The wire's pattern lets some of these through."""
    assert Instant.read(text) is None
