"""What is shown of a day, a week, a month."""

import csv
import io

import pytest

from wats_worker.console import plots
from wats_worker.console.numbers import Span, hourly, named, told_by, totals
from wats_worker.console.words import portion
from wats_worker.control.models.numbers import By, HourLine, ReasonLine, YieldLine
from wats_worker.control.sheets import sheet

HOUR = 3600
NOW = 1000 * HOUR + 1234.5


def line(**changes):
    told = {
        "part": "PN-7", "station": "ICT 3", "process": "10", "units": 4, "tests": 5, "first_passed": 2,
        "last_passed": 3, "first_pass_yield": 0.5, "last_pass_yield": 0.75,
    }  # fmt: skip
    return YieldLine.model_validate(told | changes)


@pytest.mark.parametrize(("span", "hours"), [(Span.DAY, 25), (Span.WEEK, 169), (Span.MONTH, 721)])
def test_a_span_begins_with_a_whole_hour_and_has_no_holes(span, hours):
    """What the door leaves out was nothing, and a curve over it would say something else."""
    known = [HourLine(at=999 * HOUR, files=3, reports=2), HourLine(at=1000 * HOUR, files=1, reports=0)]

    shown = hourly(known, span.since(NOW), NOW)

    assert len(shown) == hours
    assert shown[-2:] == known
    assert {(one.files, one.reports) for one in shown[:-2]} == {(0, 0)}
    assert {one.at % HOUR for one in shown} == {0}
    assert totals(shown) == (4, 2)


def test_the_plot_has_an_hour_for_each_point():
    """In milliseconds, as the library wants them; over several days the axis tells which."""
    hours = [HourLine(at=HOUR, files=3, reports=2)]

    day, week = plots.hours(hours, days=False), plots.hours(hours, days=True)

    assert [one["data"] for one in day["series"]] == [[[HOUR * 1000, 3]], [[HOUR * 1000, 2]]]
    assert "dd" not in day["xAxis"]["axisLabel"]["formatter"]
    assert "dd" in week["xAxis"]["axisLabel"]["formatter"]


@pytest.mark.parametrize(
    ("share", "text", "percent"),
    [
        (0.0, "0 %", 0.0),
        (0.9999, "99.9 %", 100.0),
        (1.0, "100 %", 100.0),
        (7.0, "100 %", 100.0),
        (-1, "0 %", 0),
    ],
)
def test_a_share_is_never_more_than_all(share, text, percent):
    """One unit that failed is not rounded away, and no bar is longer than its place."""
    shown = portion(share)

    assert (shown.text, shown.percent) == (text, percent)


def test_yield_is_told_by_what_was_asked():
    """A report without a station has a row all the same."""
    assert told_by("station") == (By.STATION,)
    assert named(line(), "all") == ["PN-7", "ICT 3", "10"]
    assert named(line(station=""), "station") == ["–"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_a_sheet_obeys_no_tester(sign):
    """What begins like a formula is text; commas, quotes and lines stay in their cell."""
    reason = f'{sign}cmd|"/C calc", or\na line'

    written = sheet(ReasonLine, [ReasonLine(reason=reason, source="ict", files=2)])

    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row == {"reason": f"'{reason}", "source": "ict", "files": "2"}


def test_a_sheet_of_nothing_has_its_heads():
    """So whoever opens it sees what there is none of."""
    assert sheet(HourLine, []) == "at,files,reports\r\n"
