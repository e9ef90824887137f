"""The duty that makes room: on a disk that has none, and by rules."""

import pytest
from worker.claimables import claimable
from worker.keeping import kept

from wats_broker.names import Stage
from wats_worker.app import retention
from wats_worker.app.line import Line
from wats_worker.retention.holds import Hold, Holds
from wats_worker.settings import load


@pytest.fixture
def make(tmp_path, broker, real_redis):
    """A line with these lines in its configuration."""
    lines = []

    def make(*, archive="", source=""):
        (tmp_path / "in").mkdir()
        config = tmp_path / "wats.toml"
        config.write_text(
            f'[broker]\nurl = "{broker.url}"\n[spool]\nfolder = "{tmp_path}/spool"\n[archive]\n{archive}\n'
            f'[[sources]]\nname = "ict"\nfolder = "{tmp_path}/in"\n{source}\n'
        )
        lines.append(Line(load(config), Stage.CONTROL))
        return lines[-1]

    yield make
    for line in lines:
        line.close()


def has_bytes(line, file_id):
    return line.archive.has_bytes(line.archive.record(file_id).original)


def test_a_full_disk_is_freed_and_nothing_undelivered_is_touched(make):
    """Less is free than there should be: what is archived goes, what waits on the spool or is held stays."""
    line = make(archive="min_free_mb = 1_000_000_000")
    folder = line.settings.sources[0].folder
    (folder / "waiting.log").write_text("not delivered")
    waiting = claimable(folder, "waiting.log")
    line.spool.claim([waiting], keep=False)
    old, held = kept(line, "SN-1", b"{}"), kept(line, "SN-2", b"{}")
    Holds(line.archive_store).add(Hold(label="case", file_ids=(held,), who="local", reason="claim", at=0))

    retention.retention(line).do(lambda: True)

    assert [has_bytes(line, one) for one in (old, held)] == [False, True]
    assert line.spool.source(waiting.file_id).read_text() == "not delivered"


def test_without_rules_and_with_room_nothing_is_looked_at(make):
    """A million records need not be read for nothing."""
    line = make()
    file_id = kept(line, "SN-1", b"{}")

    retention.retention(line).do(lambda: True)

    assert has_bytes(line, file_id)
    assert line.trail.layout.days() == []


def test_the_rules_of_the_configuration_count(make):
    """By source, as its keys say."""
    line = make(source="keep_files = 1\nkeep_mb = 5")
    for n in range(2):
        kept(line, f"SN-{n}", b"{}")

    plan, purged = retention.run(line, "a test", lambda: True, dry=True)

    assert (plan.files, len(plan.victims), purged.files) == (2, 1, 0)
    assert retention.rules(line)["ict"].bytes == 5 * 2**20
