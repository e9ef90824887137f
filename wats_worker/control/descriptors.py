"""The descriptor of every metric that ``/metrics`` tells: its kind, its labels and what it means. Pure.

The page ``docs/reference/metrics.md`` is made from this:

    python -m wats_worker.control.descriptors docs/reference/metrics.md
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final

from wats_broker import files


class Kind(StrEnum):
    """What can be done with a metric's numbers."""

    COUNTER = "counter"  #: only grows; look at its rate
    GAUGE = "gauge"  #: how it is now
    HISTOGRAM = "histogram"  #: how often something took how long


@dataclass(frozen=True)
class Metric:
    """One metric. A counter is named ``…_total``; a histogram has a ``_bucket``, ``_sum`` and ``_count``."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    family: str = ""  #: what it is kept under in Redis; empty if it is asked for when it is told


_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

METRICS: Final = (
    # What happens to files and reports
    Metric(
        "wats_claims_total",
        _C,
        "Files claimed: new, again (known bytes) or revived (from quarantine).",
        (
            "source",
            "how",
        ),
        family="claims",
    ),
    Metric(
        "wats_files_total",
        _C,
        "Files that came into a state; a state is an outcome.",
        (
            "source",
            "converter",
            "state",
        ),
        family="files",
    ),
    Metric(
        "wats_files_now",
        _G,
        "Files in a state at this moment; for delivered, all there ever were.",
        ("state",),
    ),
    Metric(
        "wats_reports_total",
        _C,
        "Reports made, delivered or buried.",
        (
            "source",
            "converter",
            "outcome",
        ),
        family="reports",
    ),
    Metric(
        "wats_retries_total",
        _C,
        "Attempts that have to be made again, by stage: the server's status, or what stood in its "
        "place; what a file waits for.",
        (
            "stage",
            "cause",
        ),
        family="retries",
    ),
    Metric(
        "wats_events_total",
        _C,
        "Events in the journal.",
        ("event",),
    ),
    # How long it takes
    Metric(
        "wats_claim_wait_seconds",
        _H,
        "From being finished to being claimed; long while the queue is full.",
        family="claim",
    ),
    Metric(
        "wats_stage_seconds",
        _H,
        "How long files were in one state before the next: seen → converting is the wait for a "
        "worker, converting → converted the conversion, converted → delivered the delivery.",
        (
            "from",
            "to",
        ),
        family="stage",
    ),
    Metric(
        "wats_delivery_seconds",
        _H,
        "From offering a report to the server's word that it is stored.",
        family="delivery",
    ),
    Metric(
        "wats_server_answer_seconds",
        _H,
        "What the server took to answer for a stored report.",
        family="answer",
    ),
    # The jail
    Metric(
        "wats_jail_seconds",
        _H,
        "How long the jailed child was at work on a file.",
        ("converter",),
        family="jail",
    ),
    Metric(
        "wats_jail_overhead_seconds",
        _H,
        "What being jailed costs besides: handing the file in, waiting for the answer to be noticed.",
        family="overhead",
    ),
    Metric(
        "wats_jail_cpu_seconds_total",
        _C,
        "Processor time of jailed children.",
        ("converter",),
        family="cpu",
    ),
    Metric(
        "wats_jail_faults_total",
        _C,
        "Conversions that were ended or broke, by cause.",
        (
            "converter",
            "cause",
        ),
        family="faults",
    ),
    Metric(
        "wats_jail_level",
        _G,
        "The lowest jail that a live convert worker has built: 4 strict, 3 seccomp, 2 limits, 1 "
        "process. Absent while none lives.",
    ),
    Metric(
        "wats_jail_level_required",
        _G,
        "The jail that the configuration asks for.",
    ),
    # The upload queue and its lane
    Metric(
        "wats_queue_reports",
        _G,
        "Reports and rooms in the upload queue.",
        ("state",),
    ),
    Metric(
        "wats_queue_depth",
        _G,
        "What counts against the bound: ready, leased, delayed and reserved.",
    ),
    Metric(
        "wats_queue_bound",
        _G,
        "The bound; 0 is none.",
    ),
    Metric(
        "wats_queue_oldest_seconds",
        _G,
        "Since the report was offered that has waited longest.",
    ),
    Metric(
        "wats_upload_slots",
        _G,
        "Requests to the server that may be under way at once, over all hosts.",
    ),
    Metric(
        "wats_upload_slots_in_use",
        _G,
        "Those that are.",
    ),
    Metric(
        "wats_lane_state",
        _G,
        "1 for the state of the lane to the server: open, probing (one report goes ahead after an "
        "outage), gated (shut for a while by the breaker), paused (shut until a person opens it).",
        ("state",),
    ),
    Metric(
        "wats_lane_gated_seconds",
        _G,
        "For how long the lane stays gated.",
    ),
    # The line
    Metric(
        "wats_broker_up",
        _G,
        "1 while the broker answers. Without it only this and the spool are told.",
    ),
    Metric(
        "wats_workers",
        _G,
        "Live processes.",
        ("stage",),
    ),
    Metric(
        "wats_worker_complaints",
        _G,
        "Workers that something keeps from their work.",
        ("what",),
    ),
    Metric(
        "wats_convert_backlog",
        _G,
        "Files whose conversion was asked for and that no worker has taken yet.",
        ("pool",),
    ),
    Metric(
        "wats_parked_messages",
        _G,
        "Messages of another release, kept until somebody updates.",
    ),
    Metric(
        "wats_process_list_age_seconds",
        _G,
        "Since the server confirmed its list of processes. Absent before.",
    ),
    Metric(
        "wats_spool_free_bytes",
        _G,
        "Room on the spool's disk.",
    ),
    Metric(
        "wats_spool_free_files",
        _G,
        "Files that the spool's disk still takes.",
    ),
    Metric(
        "wats_spool_pace",
        _G,
        "The part of the usual pace at which files are taken: less than 1 while its disk gets full.",
    ),
    Metric(
        "wats_spool_writable",
        _G,
        "1 while the spool takes files.",
    ),
    # The sources
    Metric(
        "wats_source_last_file_timestamp_seconds",
        _G,
        "When the last file came from a source.",
        ("source",),
    ),
    Metric(
        "wats_source_troubles",
        _G,
        "Things in a source's folder that can't be claimed.",
        ("source",),
    ),
    Metric(
        "wats_poll_failures",
        _G,
        "Polls of a scheduled source that failed in a row.",
        ("source",),
    ),
)

BY_NAME: Final = {metric.name: metric for metric in METRICS}

_HEAD: Final = """\
# Metrics

What `/metrics` of the control door tells a Prometheus, made by `make docs` from the code. [Monitor the
line](../how-to/monitor.md) shows how to ask, and which alarms come with it.

Every process counts in Redis, inside the scripts that move files and reports anyway. So each replica of the
door tells the same, a worker that ends takes nothing with it, and counting costs a file no further round
trip. A broker that loses its memory starts all counters at 0 again, which rates forgive.

Sources and converters that the configuration does not know are told as `other`, and as `none` where there is
none yet.
"""


def page() -> str:
    """The reference page."""
    rows = [_HEAD]
    for kind, metrics in groupby(
        sorted(METRICS, key=lambda one: list(Kind).index(one.kind)), lambda one: one.kind
    ):
        rows += [f"## {kind.capitalize()}s", "", "| metric | labels | tells |", "|---|---|---|"]
        rows += [
            f"| `{one.name}` | {', '.join(f'`{label}`' for label in one.labels)} | {one.text} |"
            for one in metrics
        ]
        rows.append("")
    return "\n".join(rows)


if __name__ == "__main__":
    files.write_atomically(Path(sys.argv[1]), page().encode(), mode=files.READABLE)
