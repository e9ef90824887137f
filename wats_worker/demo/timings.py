"""How long each stage took, from the events in the files' stories. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from wats_broker.journal import FileRecord

#: What is told of a file, in its order.
STAGES: Final = ("quiet, then claimed", "waited for a worker", "converted", "delivered")


@dataclass(frozen=True)
class Timing:
    """One stage over all files, in seconds."""

    stage: str
    files: int
    median_s: float
    longest_s: float


def timings(records: Iterable[FileRecord], dropped_at: Mapping[str, float]) -> list[Timing]:
    """Sum up the delivered files.

    Args:
        records: The files with their stories.
        dropped_at: When the last byte of each was written, by the file's name; seconds since 1970.
    """
    spent: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for record in records:
        for stage, seconds in _spent(record, dropped_at.get(record.name)).items():
            spent[stage].append(seconds)
    return [Timing(stage, len(all_), median(all_), max(all_)) for stage, all_ in spent.items() if all_]


def _spent(record: FileRecord, dropped_at: float | None) -> dict[str, float]:
    at = {event.event: event.at for event in record.story}  # of events that happen again the last one counts
    if (
        dropped_at is None
        or not {"file_seen", "file_taken", "file_converted", "report_delivered"} <= at.keys()
    ):
        return {}
    marks = (dropped_at, at["file_seen"], at["file_taken"], at["file_converted"], at["report_delivered"])
    return {stage: end - begin for stage, begin, end in zip(STAGES, marks, marks[1:], strict=False)}
