"""What is shown of the line, made from what the door tells. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wats_broker.names import Stage
from wats_broker.states import FileState
from wats_worker.console.trend import Rate
from wats_worker.console.words import Mood, number, span
from wats_worker.control.models.status import Sources, Status


@dataclass(frozen=True)
class Station:
    """One stage in the picture."""

    key: str
    title: str
    icon: str
    mood: Mood
    value: str
    label: str
    notes: tuple[str, ...] = ()
    moves: bool = False  #: something goes on from here at this moment


@dataclass(frozen=True)
class Siding:
    """Where something stands beside the line."""

    key: str
    title: str
    count: int
    mood: Mood
    label: str
    target: str


@dataclass(frozen=True)
class Picture:
    """The line at one moment."""

    stations: tuple[Station, ...]
    sidings: tuple[Siding, ...]


def picture(status: Status, sources: Sources | None, rate: Rate | None) -> Picture:
    """The whole line."""
    stations = (
        _watch(status, sources, rate),
        _convert(status),
        _queue(status),
        _upload(status),
        _server(status, rate),
    )
    return Picture(stations, tuple(_sidings(status)))


def _alive(status: Status, *stages: Stage) -> int:
    return sum(worker.stage in stages for worker in status.workers)


def _workers(count: int) -> str:
    return f"{count} worker{'' if count == 1 else 's'}" if count else "no worker"


def _watch(status: Status, sources: Sources | None, rate: Rate | None) -> Station:
    alive = _alive(status, Stage.WATCH, Stage.POLL)
    known = sources.sources if sources else []
    paused, silent = sum(one.paused is not None for one in known), sum(one.silent for one in known)
    off = [f"{paused} paused"] if paused else []
    quiet = [f"{silent} silent"] if silent else []
    trouble = [f"{len(status.troubles)} can't be taken"] if status.troubles else []
    return Station(
        key="watch",
        title="Watch",
        icon="folder_open",
        mood="bad" if not alive else "warn" if off or quiet or trouble else "good",
        value="–" if rate is None else number(rate.taken),
        label="files a minute",
        notes=(f"{len(known)} source{'' if len(known) == 1 else 's'}", *off, *quiet, *trouble),
        moves=rate is not None and rate.taken > 0,
    )


def _convert(status: Status) -> Station:
    alive = _alive(status, Stage.CONVERT)
    converting, waiting = status.files[FileState.CONVERTING], status.files[FileState.SEEN]
    unfinished = status.files[FileState.SUSPENDED]
    return Station(
        key="convert",
        title="Convert",
        icon="settings_suggest",
        mood="good" if alive else "bad",
        value=number(converting + waiting),
        label="files to convert",
        notes=(
            f"{_workers(alive)}, jail {status.sandbox.level}",
            *([f"{unfinished} unfinished"] if unfinished else []),
        ),
        moves=converting > 0,
    )


def _queue(status: Status) -> Station:
    queue = status.queue
    full = bool(queue.max_size) and queue.depth >= 0.9 * queue.max_size
    bound = f"of {number(queue.max_size)}" if queue.max_size else "no bound"
    return Station(
        key="queue",
        title="Queue",
        icon="layers",
        mood="warn" if full or queue.held else "good",
        value=number(queue.depth),
        label="reports and rooms",
        notes=(bound, f"{number(queue.ready)} ready"),
        moves=queue.leased > 0,
    )


def _upload(status: Status) -> Station:
    queue, alive = status.queue, _alive(status, Stage.UPLOAD)
    mood: Mood
    if queue.paused is not None:
        mood, state = "warn", "paused"
    elif queue.gated_s > 0:
        mood, state = "warn", f"waits {span(queue.gated_s)}"
    else:
        mood, state = ("good" if alive else "bad"), "open"
    return Station(
        key="upload",
        title="Upload",
        icon="cloud_upload",
        mood=mood,
        value=number(queue.leased),
        label="requests under way",
        notes=(_workers(alive), f"lane {state}"),
        moves=queue.leased > 0,
    )


def _server(status: Status, rate: Rate | None) -> Station:
    away = status.queue.gated_s > 0 or status.queue.paused is not None
    return Station(
        key="server",
        title="Server",
        icon="dns",
        mood="warn" if away else "good",
        value="–" if rate is None else number(rate.delivered),
        label="reports a minute",
        notes=(f"{number(status.files[FileState.DELIVERED])} files delivered",),
    )


def _sidings(status: Status) -> Iterator[Siding]:
    queue, quarantined = status.queue, status.files[FileState.QUARANTINED]
    bad: Mood = "bad"
    yield Siding(
        "quarantined",
        "Quarantined",
        quarantined,
        bad if quarantined else "idle",
        "files that no converter could read",
        "/attention",
    )
    yield Siding(
        "held", "Held", queue.held, "warn" if queue.held else "idle", "reports that wait for room", "/files"
    )
    yield Siding(
        "delayed",
        "Delayed",
        queue.delayed,
        "warn" if queue.delayed else "idle",
        "reports that are tried again later",
        "/files",
    )
    yield Siding(
        "buried",
        "Buried",
        queue.buried,
        bad if queue.buried else "idle",
        "reports that the server refused",
        "/attention",
    )


@dataclass(frozen=True)
class Lane:
    """Why the lane to the server is not simply open."""

    paused: str | None
    gated: str | None

    @classmethod
    def of(cls, status: Status) -> "Lane":
        """What the queue says."""
        queue = status.queue
        gated = (queue.gate_reason or "the server failed a moment ago") if queue.gated_s > 0 else None
        return cls(queue.paused, None if queue.paused is not None else gated)


def attention(status: Status) -> int:
    """How much waits for a person."""
    return status.files[FileState.QUARANTINED] + status.queue.buried


def concerns(status: Status) -> Sequence[str]:
    """What a person should know, the wanted shortcomings last."""
    return [*status.concerns, *status.notes]
