"""Reports that are written while the file is still being converted: the file's in the end, all of them or none."""

import os
from pathlib import Path

import pytest

from wats_worker.spool.errors import NotInSpool, SpoolUnusable
from wats_worker.spool.made import Making, ReportCard
from wats_worker.spool.store import DiskSpool


@pytest.fixture
def file_id(take):
    """A claimed file."""
    return take()


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def left_behind(spool):
    """What lies in ``incoming`` besides the lanes and their locks."""
    return [path for path in spool.root.glob("incoming/*/**/*") if path.is_file()]


def test_what_is_kept_becomes_the_reports_of_the_file(spool, file_id):
    """In the order in which they came, with what was said about them."""
    with spool.draft(file_id) as draft:
        for report_id in ("r2", "r1"):
            draft.add(ReportCard(report_id=report_id), b"{%s}" % report_id.encode())
        before = spool.converted(file_id)
        draft.keep(Making(warnings=("hm",)))

    assert not before
    assert spool.pending(file_id) == ["r2", "r1"]
    assert spool.report(file_id, "r1") == b"{r1}"
    assert spool.made(file_id).how.warnings == ("hm",)


def test_what_is_not_kept_is_gone(spool, file_id):
    """A file that is refused in its middle has no reports, and leaves nothing on the disk."""
    with spool.draft(file_id) as draft:
        for number in range(100):
            draft.add(ReportCard(report_id=f"r{number}"), b"{}")

    assert not spool.converted(file_id)
    assert left_behind(spool) == []


def test_an_earlier_conversion_stays_as_it_was(spool, file_id):
    """Until the new one has come to its end."""
    spool.save_reports(file_id, {"r1": b"old"})
    with spool.draft(file_id) as draft:
        draft.add(ReportCard(report_id="r1"), b"new")

    assert spool.report(file_id, "r1") == b"old"


def test_a_draft_can_be_begun_anew(spool, file_id):
    """When the file has to be converted a second time."""
    with spool.draft(file_id) as draft:
        draft.add(ReportCard(report_id="r1"), b"first")
        draft.add(ReportCard(report_id="r2"), b"first")
        draft.clear()
        draft.add(ReportCard(report_id="r1"), b"second")
        draft.keep(Making())

    assert spool.pending(file_id) == ["r1"]
    assert spool.report(file_id, "r1") == b"second"


def test_a_thousand_reports_need_few_descriptors(spool, file_id):
    """They are flushed and closed in portions."""
    before = open_files()
    with spool.draft(file_id) as draft:
        most = 0
        for number in range(1000):
            draft.add(ReportCard(report_id=f"r{number}"), b"{}")
            most = max(most, open_files() - before)
        draft.keep(Making())

    assert most < 100
    assert len(spool.pending(file_id)) == 1000
    assert open_files() == before


def test_a_full_disk_is_the_disks_fault(spool, file_id, monkeypatch):
    """The file is tried again when there is room."""
    with spool.draft(file_id) as draft:
        monkeypatch.setattr(
            os, "write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(SpoolUnusable):
            draft.add(ReportCard(report_id="r1"), b"{}")


def test_a_file_that_is_not_waiting_takes_no_reports(tmp_path):
    """It is finished, or somebody else's."""
    with pytest.raises(NotInSpool), DiskSpool(tmp_path).draft("0" * 32):
        pass


def test_of_very_many_reports_nobody_counts_the_rest(spool, file_id):
    """It is asked after each of them; near the end the answer is exact."""
    ids = [f"r{number}" for number in range(110)]
    spool.save_reports(file_id, dict.fromkeys(ids, b"{}"))

    left = [spool.delivered(file_id, report_id, {}) for report_id in ids]

    assert left == [100] * 11 + list(range(98, -1, -1))
