"""The tester that is never short of units."""

import signal
import threading
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from wats_worker.cli.main import app
from wats_worker.demo.tester import run


@pytest.fixture(autouse=True)
def _our_signals() -> Iterator[None]:
    """The command listens to signals, and here it runs in the process of the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_writes_so_many_logs_of_different_units(tmp_path):
    """Whole ones: a draft would be taken for a log."""
    answer = CliRunner().invoke(
        app, ["tester", str(tmp_path), "--every", "0", "--count", "3", "--first", "7"]
    )

    assert answer.stdout == "3 logs written\n"
    assert sorted(log.name for log in tmp_path.iterdir()) == [
        f"LD48-50000{number}.txt" for number in (7, 8, 9)
    ]


def test_it_ends_when_it_is_told_to(tmp_path):
    """In the middle of a wait, too."""
    stop = threading.Event()
    stop.set()

    assert run(tmp_path, every_s=3600, stop=stop) == 0


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """A share that is not mounted."""
    answer = CliRunner().invoke(app, ["tester", str(tmp_path / "away")])

    assert answer.exit_code == 2
    assert "away can't be written to" in answer.stderr
