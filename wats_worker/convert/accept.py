"""A child's reports, read as strictly as a stranger's: one by one, as they come out of the jail.

A report that is accepted goes into a tray at once, and only what it is remembered by stays here, so a file of
any number of reports takes the room of one. What lies in the tray counts for nothing until the conversion has
come to its end and every report of it was accepted.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from sys import intern
from typing import Any, Final, Protocol
from uuid import NAMESPACE_URL, uuid5

from wats_broker.journal import Run
from wats_worker.convert.disposal import Quarantine
from wats_worker.convert.known import Known
from wats_worker.convert.repeats import run_of
from wats_worker.converters.base import MOST_WARNINGS
from wats_worker.converters.finish import FIELDS
from wats_worker.reports import wsjf
from wats_worker.reports.model import Report
from wats_worker.reports.tidy import tidy
from wats_worker.reports.validate import check
from wats_worker.spool.made import ReportCard

#: Name space of the ids made here. It must never change: reports made with it are out there.
_REPORT_IDS: Final = uuid5(NAMESPACE_URL, "urn:wats-worker:reports")


def report_id(file_id: str, position: int) -> str:
    """The id of a file's n-th report, the same at every attempt.

    >>> report_id("0" * 32, 0)
    'a520dd0b-2b50-5755-ba0b-446e6aa5dfec'
    """
    return str(uuid5(_REPORT_IDS, f"{file_id}:{position}"))


def card_of(report_id: str, report: Report) -> ReportCard:
    """What people find a report by. What is mostly the same for all reports of a file is in memory once."""
    return ReportCard(
        report_id=report_id,
        sent_as=report.get("id") or "",
        kind=intern(report["type"]),
        serial=report["sn"],
        part=intern(report["pn"]),
        revision=intern(report["rev"]),
        process=intern(str(report["processCode"])),
        station=intern(report["machineName"]),
        started=report["start"],
        result=intern(report["result"]),
    )


class Tray(Protocol):
    """Where reports are put as they are accepted."""

    def add(self, card: ReportCard, body: bytes) -> None:
        """Take the next one."""

    def clear(self) -> None:
        """Forget all of them: they are made again, or not at all."""


class Pile:
    """A tray in memory for whoever wants to look at the reports: their documents, one after the other."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []  # a twentieth of their size, so that a large file's fit as well

    def add(self, card: ReportCard, body: bytes) -> None:  # noqa: ARG002 - the body has it
        """Put a report on top."""
        self._packed.append(zlib.compress(body, level=1))

    def clear(self) -> None:
        """Start anew."""
        self._packed.clear()

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (json.loads(zlib.decompress(packed)) for packed in self._packed)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What stays in memory of a report that passed every check."""

    report_id: str  #: the one that it goes by here
    size: int  #: of its body, in bytes
    run: Run | None  #: what a test is remembered by


class Acceptance:
    """Reads the reports of one file.

    Args:
        file_id: What their ids are made from.
        tray: Where they go.
        known: What is known of the server.
    """

    def __init__(self, file_id: str, tray: Tray, known: Known) -> None:
        self._file_id = file_id
        self._tray = tray
        self._known = known
        self._warnings: dict[str, None] = {}
        self._accepted: list[Accepted] = []
        self._refusal: Quarantine | None = None

    def take(self, document: bytes) -> None:
        """Read one report. After one that is refused the others don't matter any more."""
        if self._refusal is not None:
            return
        self._refusal = self._read(document, f"report {len(self._accepted) + 1}")
        if self._refusal is not None:
            self._tray.clear()

    def start_over(self) -> None:
        """The file is converted again: forget what came before."""
        if self._accepted:
            self._tray.clear()
        self._warnings, self._accepted, self._refusal = {}, [], None

    def result(self) -> tuple[Accepted, ...] | Quarantine:
        """The reports, all of which were accepted; or why the file has none."""
        return self._refusal or tuple(self._accepted)

    def warnings(self) -> tuple[str, ...]:
        """What is only doubtful, each text once."""
        return tuple(self._warnings)

    def _read(self, document: bytes, place: str) -> Quarantine | None:
        try:
            report = wsjf.load(document, draft=True)
        except (wsjf.NotJson, wsjf.InvalidReport) as error:
            return Quarantine(f"the converter's report is not valid: {error}", place)
        ours = report_id(self._file_id, len(self._accepted))
        report.setdefault("id", ours)
        report, notes = tidy(report, document)
        for note in notes:
            self._warn(note)
        body = wsjf.dump(report)
        for finding in check(report, body=body, processes=self._known.processes):
            if self._known.convicts(finding):
                field = FIELDS.get(finding.path.rpartition(".")[2])
                return Quarantine(finding.text, f"{place}, {finding.path}", field, finding.fix)
            self._warn(f"{finding.path}: {finding.text}")
        self._tray.add(card_of(ours, report), body)
        self._accepted.append(Accepted(ours, len(body), run_of(report)))
        return None

    def _warn(self, text: str) -> None:
        if len(self._warnings) < MOST_WARNINGS:
            self._warnings[text] = None
