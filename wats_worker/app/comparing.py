"""An archived file converted once more, and its reports compared to those that were sent. Nothing is changed.

It runs in the jail, as every conversion does, with the limits of the file's own pool.
"""

import hashlib
import json
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from wats_broker.files import new_file
from wats_worker.app.line import Line
from wats_worker.app.trying import why
from wats_worker.archive.archive import Archive
from wats_worker.archive.errors import Damaged, Purged
from wats_worker.archive.record import KeptFile, KeptReport
from wats_worker.control.models.jobs import FileChange, JobWanted, ReportChange, Verdict
from wats_worker.convert.accept import Accepted
from wats_worker.convert.attempt import Attempt, attempt
from wats_worker.convert.rules import Rule, overruled, rule, thresholds
from wats_worker.convert.workshop import Workshop
from wats_worker.reports.difference import differences
from wats_worker.spool.made import ReportCard

#: Reports of one file, and fields of one report, that are told.
_REPORTS: Final = 100
_FIELDS: Final = 100


class Comparer:
    """Converts archived files again, one after another.

    Args:
        line: The line whose configuration and archive count.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._workshops: dict[str, Workshop] = {}

    def close(self) -> None:
        """End the jails. They are built again when they are needed."""
        for workshop in self._workshops.values():
            workshop.close()
        self._workshops.clear()

    def compare(self, record: KeptFile, wanted: JobWanted) -> FileChange:
        """What today's reports of a file would be, compared to those that were sent.

        Raises:
            StoreUnusable: the archive gives nothing for now.
            JailUnavailable: there is no jail to convert in.
        """
        archive = self._line.archive
        found = FileChange(file_id=record.file_id, name=record.card.name, verdict=Verdict.SKIPPED)
        if not archive.has_bytes(record.original):
            return found.model_copy(update={"why": "its bytes are not kept"})
        workshop = self._workshop(record.card.pool)
        applied = self.rule(record, wanted)
        if isinstance(applied, str):
            return found.model_copy(update={"why": applied})
        made = _Made()
        try:
            tried = self._convert(record, applied, workshop, made)
            told = {"converter": f"{tried.converter} {tried.version}".strip()}
            if not _has_reports(tried):
                reason = why(tried.result).get("reason", "it has no reports")
                return found.model_copy(update={**told, "verdict": Verdict.FAILED, "why": reason})
            changes = list(islice(_compare(record, archive, made), _REPORTS))
        except (Damaged, Purged) as lost:
            return found.model_copy(update={"why": str(lost)})
        verdict = Verdict.DIFFERENT if changes else Verdict.SAME
        return found.model_copy(update={**told, "verdict": verdict, "reports": changes})

    def rule(self, record: KeptFile, wanted: JobWanted) -> Rule | str:
        """Who converts it, with which options; or why nobody can."""
        if wanted.version == "recorded":
            return self._recorded(record)
        source = self._line.all_sources.get(record.card.source)
        if source is None:
            return f"there is no source {record.card.source!r} any more, so nobody knows its converter"
        return overruled(rule(source, self._line.settings), wanted.converter or record.card.converter)

    def _recorded(self, record: KeptFile) -> Rule | str:
        how = record.how
        if not how.converter:
            return "nobody wrote down what made its reports"
        # The roster as it is now: somebody may exchange a plugin while a job is at work.
        entry = self._workshop(record.card.pool).roster.by_name.get(how.converter)
        if entry is None or entry.version != how.version:
            there = f"version {entry.version} is" if entry else "no version is"
            return (
                f"{how.converter} {how.version} made its reports, and {there} installed: put {how.version} "
                "in its place, or replay by today's version"
            )
        return Rule(how.converter, how.options)

    def _convert(self, record: KeptFile, applied: Rule, workshop: Workshop, made: "_Made") -> Attempt:
        with tempfile.TemporaryDirectory(prefix="wats-", dir=self._scratch()) as folder:
            source = Path(folder) / "source"
            assert record.original is not None  # noqa: S101  its bytes are there
            with new_file(source) as copy:
                for piece in self._line.archive.read(record.original):
                    copy.write(piece)
            return attempt(
                record.file_id,
                source,
                record.card.name,
                applied,
                tray=made,
                workshop=workshop,
                thresholds=thresholds(self._line.settings.pool(record.card.pool)),
                known=self._line.knowledge.now(),
            )

    def _workshop(self, pool: str) -> Workshop:
        known = pool if pool in self._line.settings.pool_names() else "convert"
        if known not in self._workshops:
            self._workshops[known] = Workshop(self._line.settings, scratch=self._scratch(), pool=known)
        return self._workshops[known]

    def _scratch(self) -> Path:
        folder = self._line.settings.scratch_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


class _Made:
    """A tray for what is made now: the reports by the ids they go by."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}
        self.hashes: dict[str, str] = {}

    def add(self, card: ReportCard, body: bytes) -> None:
        """Take the next one."""
        self._packed[card.report_id] = zlib.compress(body, level=1)
        self.hashes[card.report_id] = hashlib.sha256(body).hexdigest()

    def clear(self) -> None:
        """Start anew."""
        self._packed.clear()
        self.hashes.clear()

    def report(self, report_id: str) -> Any:
        """The document of one."""
        return json.loads(zlib.decompress(self._packed[report_id]))


def _has_reports(tried: Attempt) -> bool:
    return isinstance(tried.result, tuple) and all(isinstance(one, Accepted) for one in tried.result)


def _compare(record: KeptFile, archive: Archive, made: _Made) -> Iterator[ReportChange]:
    kept = {one.card.report_id: one for one in record.reports}
    for report_id, one in kept.items():
        if report_id not in made.hashes:
            yield ReportChange(report_id=report_id, change="gone", fields=[])
        elif one.sha256 != made.hashes[report_id] and (change := _change(record, archive, one, made)):
            yield change
    for report_id in made.hashes:
        if report_id not in kept:
            yield ReportChange(report_id=report_id, change="new", fields=[])


def _change(record: KeptFile, archive: Archive, kept: KeptReport, made: _Made) -> ReportChange | None:
    """The fields of one report; none if its bytes differ and say the same."""
    report_id = kept.card.report_id
    before = json.loads(archive.report(record, report_id))
    found: Iterable[object] = differences(before, made.report(report_id))
    fields = [str(one) for one in found]
    if not fields:
        return None
    told = fields[:_FIELDS]
    return ReportChange(report_id=report_id, change="changed", fields=told, more=len(fields) - len(told))
