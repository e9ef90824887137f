"""A short storm over a whole line; ``make chaos`` is the long one."""

import pytest
from chaos import plan
from chaos.storm import run


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_short_storm_loses_and_doubles_nothing(tmp_path):
    """Processes are killed and stopped, the server fails; told from the folders and the server's store alone."""
    figures = run(plan.make(7, acts=8, seconds=15.0, files=40), tmp_path)

    assert figures.troubles == []
    assert not figures.findings.lost
    assert not figures.findings.doubled
    assert figures.faults
