"""Broken files through the convert stage, real jail included. `make bad` tries every variant; here it is a part."""

from pathlib import Path

import pytest
from ordeal import Ordeal, a_part, variants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_broken_files_come_to_what_they_must_in_the_jail(tmp_path: Path) -> None:
    """Each is refused with a reason, given time, or converted as if nothing were broken; no converter breaks."""
    made = variants(tmp_path / "bad")
    with Ordeal(tmp_path / "scratch") as ordeal:
        tally = ordeal.run(a_part(made, of_a_kind=2, of_a_format=5))

    assert len(made) > 1000
    assert tally.wrong == []
