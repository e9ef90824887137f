"""``/status``: is it healthy, what is it doing, what waits for a person?"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from fastapi import APIRouter

from wats_broker.board import OLD_S, Notice
from wats_broker.fleet import Worker
from wats_broker.names import Stage
from wats_broker.parking import Lot
from wats_broker.queue import Census
from wats_broker.states import FileState
from wats_broker.switches import Kind
from wats_worker.control import polls
from wats_worker.control.desk import Desk
from wats_worker.control.door import Reads
from wats_worker.control.models.queue import QueueCensus
from wats_worker.control.models.status import KnownProcesses, Sandbox, SourceBrief, Status
from wats_worker.settings import WorkerSettings
from wats_worker.spool.errors import SpoolError

#: Concerns about single files in watch folders that are told; the others look the same.
_MOST_TROUBLES: Final = 20
#: And those that are given in full.
_TOLD_TROUBLES: Final = 1000


def router(desk: Desk) -> APIRouter:
    """The route."""
    rooms = APIRouter(tags=["status"])

    @rooms.get("/status")
    def status(_: Reads) -> Status:
        """Show the line at a glance."""
        return look(desk)

    return rooms


def look(desk: Desk) -> Status:
    """The line as it is now."""
    settings = desk.settings
    workers, census, states = desk.fleet.alive(), desk.queue.census(), desk.journal.states()
    troubles = [one for source in settings.all_sources() for one in desk.journal.troubles(source.name)]
    parked = desk.parking.look()
    notice, now = desk.board.look(), desk.board.time()
    concerns = [
        *_stages(settings, workers),
        *_waiting(census, states),
        *_disk(desk),
        *_switches(desk),
        *(f"source {one.source}: {one.name}: {one.reason}" for one in troubles[:_MOST_TROUBLES]),
        *(
            f"converter {card.name or card.origin} is set aside: {card.reason}"
            for card in desk.neighbours.set_aside()
        ),
        *_parked(parked),
        *_processes(settings, notice, now),
    ]
    return Status(
        healthy=not concerns,
        concerns=concerns,
        workers=workers,
        queue=QueueCensus.of(census),
        files=states,
        sources=[SourceBrief(name=source.name, folder=str(source.folder)) for source in settings.sources],
        scheduled=polls.tell(desk, now),
        processes=KnownProcesses(
            known=notice.size,
            age_s=round(now - notice.confirmed_at) if notice.version else None,
            trouble=notice.trouble or None,
        ),
        sandbox=Sandbox(level=settings.sandbox.level, trusted=_trusted(settings)),
        troubles=troubles[:_TOLD_TROUBLES],
        parked=parked.count,
        notes=list(_jail(settings)),
        at=now,
    )


def _stages(settings: WorkerSettings, workers: list[Worker]) -> Iterator[str]:
    alive = {worker.stage for worker in workers}
    needed = [Stage.WATCH, Stage.CONVERT, Stage.ARCHIVE] + ([Stage.UPLOAD] if settings.server.url else [])
    needed += [Stage.POLL, Stage.BEAT] if settings.scheduled else []
    missing = [stage for stage in needed if stage not in alive]
    if missing:
        yield f"no {' and no '.join(missing)} worker is alive: start the line with 'wats-worker up'"
    if not settings.server.url:
        yield "no server is configured, so reports wait on the spool: set [server] url and token_file"


def _waiting(census: Census, states: dict[FileState, int]) -> Iterator[str]:
    if census.paused:
        yield f"uploads are paused: {census.paused}. When that is mended: 'wats-worker queue resume'"
    if quarantined := states[FileState.QUARANTINED]:
        yield f"{quarantined} quarantined file(s): 'wats-worker files find --state quarantined'"
    if census.buried:
        yield f"{census.buried} buried report(s): 'wats-worker queue buried'"


def _parked(lot: Lot) -> Iterator[str]:
    """Told until none came for a day: whoever sends them has been updated by then, or taken away."""
    if lot.news and lot.newest:
        yield (
            f"{lot.count} message(s) of another release are parked, the last one in {lot.newest.queue}: "
            f"{lot.newest.reason}. They go on by themselves when a worker comes that can read them"
        )


def _disk(desk: Desk) -> Iterator[str]:
    """Before it is full; when it is, health says so."""
    with suppress(OSError, SpoolError):
        if concern := desk.spool.room().concern:
            yield f"the disk of {desk.spool.root}: {concern}. Make room, or let retention do so"


def _switches(desk: Desk) -> Iterator[str]:
    """What a person switched off, another one may have forgotten."""
    for name, off in desk.switches.off(Kind.SOURCE).items():
        yield f"source {name} is {off}. Its files wait: 'wats-worker sources resume {name}'"
    for name, off in desk.switches.off(Kind.CONVERTER).items():
        yield f"converter {name} is {off}. To use it again: 'wats-worker converters enable {name}'"


def _processes(settings: WorkerSettings, notice: Notice, now: float) -> Iterator[str]:
    """A list that is missing or old stops nothing, but then only the server finds wrong codes."""
    if settings.server.url is None or not notice.trouble:
        return
    if not notice.version:
        yield f"the server's processes are not known, so codes are not checked: {notice.trouble}"
    elif now - notice.confirmed_at > OLD_S:
        days = (now - notice.confirmed_at) // 86400
        age = f"{days:.0f} days" if days > 1 else "a day"
        yield f"the list of the server's processes is {age} old, so it decides nothing: {notice.trouble}"


def _trusted(settings: WorkerSettings) -> list[str]:
    return [name for name, converter in settings.converters.items() if converter.trusted]


def _jail(settings: WorkerSettings) -> Iterator[str]:
    """Whatever is less than a whole jail is wanted so, and is said all the same for as long as it is so."""
    if (level := settings.sandbox.level) != "strict":
        yield f"The jail is of level {level} and not strict, as [sandbox] level says."
    for name in _trusted(settings):
        yield f"Converter {name} runs outside the jail, as [converters.{name}] trusted says."
    for name, poller in settings.pollers.items():
        if poller.trusted:
            yield f"Poller {name} runs with all rights of the worker, as [pollers.{name}] trusted says."
