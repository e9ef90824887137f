"""How the line is at this moment, as numbers: asked for when somebody wants to know, by metric and labels."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from kombu.exceptions import OperationalError

from wats_broker.names import Stage
from wats_broker.queue import Census
from wats_worker.control.desk import Desk
from wats_worker.sandbox.policy import Level
from wats_worker.spool.errors import SpoolError

#: A metric's name, its labels, its value.
Gauge = tuple[str, tuple[str, ...], float]

#: What is told of the queue by state.
_WAITING: Final = ("ready", "leased", "delayed", "reserved", "held", "buried")
_LANE: Final = ("open", "probing", "gated", "paused")


def gauges(desk: Desk) -> Iterator[Gauge]:
    """All of them.

    Raises:
        RedisError: the broker is away.
    """
    yield from _queue(desk, desk.queue.census())
    yield from _workers(desk)
    yield from _sources(desk)
    for state, count in desk.journal.states().items():
        yield "wats_files_now", (state,), count
    yield "wats_parked_messages", (), desk.parking.look().count
    notice = desk.board.look()
    if notice.confirmed_at:
        yield "wats_process_list_age_seconds", (), desk.board.time() - notice.confirmed_at


def spool_gauges(desk: Desk) -> Iterator[Gauge]:
    """Those that need no broker."""
    writable = False
    with suppress(OSError, SpoolError):
        room = desk.spool.room()
        writable = room.writable and room.enough
        yield "wats_spool_free_bytes", (), room.free_bytes
        yield "wats_spool_free_files", (), room.free_files
        yield "wats_spool_pace", (), room.pace
    yield "wats_spool_writable", (), writable


def lane(census: Census) -> str:
    """The state of the way to the server, in a word."""
    if census.paused:
        return "paused"
    if census.gated_s > 0:
        return "gated"
    return "probing" if census.probing else "open"


def _queue(desk: Desk, census: Census) -> Iterator[Gauge]:
    for state in _WAITING:
        yield "wats_queue_reports", (state,), getattr(census, state)
    yield "wats_queue_depth", (), census.depth
    yield "wats_queue_bound", (), census.max_size
    yield "wats_queue_oldest_seconds", (), census.oldest_s
    yield "wats_upload_slots", (), desk.queue.limits.width
    yield "wats_upload_slots_in_use", (), census.leased
    for state in _LANE:
        yield "wats_lane_state", (state,), state == lane(census)
    yield "wats_lane_gated_seconds", (), census.gated_s


def _workers(desk: Desk) -> Iterator[Gauge]:
    workers = desk.fleet.alive()
    for stage in Stage:
        # Neither has a heartbeat. Whether the broker lives is wats_broker_up; the console knows none.
        if stage not in {Stage.BROKER, Stage.CONSOLE}:
            yield "wats_workers", (stage,), sum(worker.stage == stage for worker in workers)
    complaints = desk.fleet.complaints()
    for what in ("jail", "spool"):
        yield "wats_worker_complaints", (what,), sum(complaint.what == what for complaint in complaints)
    levels = [Level[worker.jail.upper()] for worker in workers if worker.jail]
    if levels:
        yield "wats_jail_level", (), min(levels)
    yield "wats_jail_level_required", (), Level[desk.settings.sandbox.level.upper()]
    for pool in desk.settings.pool_names():
        with suppress(OperationalError):
            yield "wats_convert_backlog", (pool,), desk.dispatch().backlog(pool)


def _sources(desk: Desk) -> Iterator[Gauge]:
    last = desk.journal.last_files()
    for source in desk.settings.all_sources():
        yield "wats_source_troubles", (source.name,), len(desk.journal.troubles(source.name))
        if source.name in last:
            yield "wats_source_last_file_timestamp_seconds", (source.name,), last[source.name].at
    for state in desk.polls.states([source.name for source in desk.settings.scheduled]):
        yield "wats_poll_failures", (state.source,), state.failures
