"""The duty that seals the days of the audit trail."""

import logging
from collections.abc import Callable
from typing import Final

from wats_worker.app.duties import Duty
from wats_worker.app.line import Line
from wats_worker.archive.evidence import Evidence
from wats_worker.trail.entry import hash_of
from wats_worker.trail.manifests import path, seal_days

log = logging.getLogger(__name__)

_EVERY_S: Final = 600.0


def sealing(line: Line) -> Duty:
    """Seal the days that are over. Each one's hash goes into the log: whoever keeps that can prove more."""

    def seal(_: Callable[[], bool]) -> None:
        for day in seal_days(line.trail, Evidence(line.archive_store).of_day):
            digest = hash_of(path(line.trail.layout, day).read_bytes())
            log.info("day_sealed", extra={"day": day, "manifest": digest})

    return Duty("sealing", _EVERY_S, seal)
