"""What came of a file that was tried, as a person reads it."""

import io

from rich.console import Console

from wats_worker.app.trying import Trial
from wats_worker.cli.showing import show
from wats_worker.convert.accept import Pile
from wats_worker.convert.attempt import Attempt
from wats_worker.sandbox.outcome import Refusal, Usage


def said(*warnings: str) -> list[str]:
    """The lines about warnings."""
    told = io.StringIO()
    tried = Attempt(Refusal("no", None, None, None, Usage()), "any", warnings=warnings)
    show(Console(file=told, width=200), "unit.log", Trial(tried, Pile(), ()))
    return [line for line in told.getvalue().splitlines() if "warning" in line]


def test_what_is_said_of_many_steps_is_read_once() -> None:
    """Fifty lines that differ in the number of a step hide the one that matters."""
    of_steps = [
        f"report.root.steps[{at}].numericMeas[0].status: is P, and the limits say F" for at in range(50)
    ]

    lines = said(*of_steps, "4/5/2023 was read as 2023-05-04: say date_order", "line 4: a comma too many")

    assert lines == [
        f"warning: {of_steps[0]} (and 49 more like it)",
        "warning: 4/5/2023 was read as 2023-05-04: say date_order",
        "warning: line 4: a comma too many",
    ]


def test_a_screen_of_warnings_is_enough() -> None:
    """What is left out is counted."""
    lines = said(*(f"line {at}: odd in its own way ({at})" for at in range(25)))

    assert len(lines) == 21
    assert lines[-1] == "… and 5 other warnings; --json has them all"
