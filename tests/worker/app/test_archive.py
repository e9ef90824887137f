"""The archive stage, turn by turn: it says what keeps it from its work, and goes on by itself."""

import pytest

from wats_broker.names import Stage
from wats_worker.app.archive import Keeping
from wats_worker.app.line import Line
from wats_worker.settings import SpoolSettings, WorkerSettings


@pytest.fixture
def line(tmp_path, broker, real_redis):
    settings = WorkerSettings(broker=broker, spool=SpoolSettings(folder=tmp_path / "spool"))
    line = Line(settings, Stage.ARCHIVE)
    yield line
    line.close()
    line.redis.close()


def test_an_archive_that_can_not_be_used_is_told_of_until_it_can(line):
    """To whoever asks how the line is; the log has it once."""
    (line.settings.archive_folder()).write_text("not a folder")
    keeping = Keeping(line)

    keeping.turn()
    keeping.turn()

    assert [one.what for one in line.fleet.complaints()] == ["archive"]
    line.settings.archive_folder().unlink()
    keeping.turn()
    assert line.fleet.complaints() == []
    keeping.close()


def test_of_two_one_archives(line):
    """The other stands by, and follows when the first goes home."""
    first, second = Keeping(line), Keeping(line)
    second._name = "elsewhere"

    first.turn()
    second.turn()
    assert (first.work, second.work) == ("waits for delivered files", f"stands by for {first._name}")

    first.close()
    second.turn()

    assert second.work == "waits for delivered files"
    second.close()
