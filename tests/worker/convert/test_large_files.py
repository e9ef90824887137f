"""A large file's way from the jail onto the spool: report by report, and all of them or none."""

import json
from pathlib import Path

import psutil
import pytest

from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.choose import Thresholds
from wats_worker.convert.rules import Rule
from wats_worker.convert.workshop import Workshop
from wats_worker.sandbox.outcome import Broken, Refusal
from wats_worker.settings import WorkerSettings
from wats_worker.spool.made import UNTOLD
from wats_worker.spool.store import DiskSpool

FILE_ID = "0" * 32
REPORT = {
    "type": "T", "pn": "PN", "sn": "SN", "rev": "A", "processCode": 10, "result": "P", "machineName": "M",
    "location": "-", "purpose": "-", "start": "2026-01-02T03:04:05+00:00", "uut": {"user": "-"},
    "root": {"id": 1, "group": "M", "stepType": "SequenceCall", "name": "Main", "status": "P", "seqCall": {}},
}  # fmt: skip


class Bench:
    """A file, its converters with few resources, and the spool that its reports go to."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "large.jsonl"
        self.spool = DiskSpool(folder / "spool")
        (self.spool.root / "files" / FILE_ID).mkdir()
        self._scratch = folder / "scratch"

    def write(self, count: int, *, kilobytes: int = 1, last: bytes = b"") -> None:
        """So many reports, each of another unit and at least so long."""
        with self.file.open("wb") as file:
            for number in range(count):
                root = {**REPORT["root"], "reportText": "x" * kilobytes * 1000}
                file.write(json.dumps({**REPORT, "sn": f"SN-{number}", "root": root}).encode() + b"\n")
            file.write(last)

    def convert(self, **limits: int) -> Attempt:
        """Convert the file, and keep the reports if that is what came of it."""
        settings = WorkerSettings(convert={"memory_mb": 64, **limits})
        with Workshop(settings, scratch=self._scratch) as workshop, self.spool.draft(FILE_ID) as draft:
            tried = attempt(
                FILE_ID,
                self.file,
                self.file.name,
                Rule("wats-json"),
                tray=draft,
                workshop=workshop,
                thresholds=Thresholds(),
            )
            if isinstance(tried.result, tuple):
                draft.keep(UNTOLD)
        return tried

    def left_over(self) -> list[Path]:
        """Reports that are nobody's."""
        return list(self.spool.root.glob("incoming/*/*/reports/*"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.slow
def test_neither_side_holds_more_than_a_report(bench: Bench) -> None:
    """The child stays within a limit that is smaller than the file, and its owner hardly grows."""
    bench.write(10)
    bench.convert(memory_mb=32)
    bench.write(500, kilobytes=80)
    before = psutil.Process().memory_info().rss

    tried = bench.convert(memory_mb=32)

    assert isinstance(tried.result, tuple)
    assert len(bench.spool.pending(FILE_ID)) == 500
    assert bench.file.stat().st_size > 40_000_000
    assert psutil.Process().memory_info().rss - before < 10_000_000


def test_a_file_that_is_refused_at_its_end_has_no_reports(bench: Bench) -> None:
    """Those that were written already are gone."""
    bench.write(300, last=b"{]\n")

    tried = bench.convert()

    assert isinstance(tried.result, Refusal)
    assert not bench.spool.converted(FILE_ID)
    assert bench.left_over() == []


@pytest.mark.parametrize(
    ("limits", "told"), [({"output_mb": 1}, "1 MB of reports"), ({"reports": 20}, "20 reports")]
)
def test_the_output_is_limited_over_all_reports(bench: Bench, limits: dict[str, int], told: str) -> None:
    """However small each of them is."""
    bench.write(1500)

    tried = bench.convert(**limits)

    assert isinstance(tried.result, Broken)
    assert tried.result.detail == f"more than {told}"
    assert not bench.spool.converted(FILE_ID)


def test_a_unit_without_end_is_told_by_its_number(bench: Bench) -> None:
    """Files may be of any size and units may not; it is not taken for a fault of the text."""
    bench.write(
        2, last=json.dumps({**REPORT, "miscInfos": [{"description": "d", "text": "t"}] * 400_000}).encode()
    )

    tried = bench.convert()

    assert isinstance(tried.result, Broken)
    assert tried.result.detail == "more than 64 MB of memory, at report 3"
