"""What the line stands on, looked at one after the other: what is wrong, and what mends it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from redis.exceptions import RedisError

from wats_broker.connection import masked
from wats_broker.errors import BrokerError
from wats_broker.fleet import Worker
from wats_broker.names import Stage
from wats_worker.control.desk import Desk
from wats_worker.control.models.health import Dependency, Health
from wats_worker.sandbox.policy import Level
from wats_worker.settings import ConverterSettings
from wats_worker.settings.schema import PollerSettings
from wats_worker.spool.errors import SpoolError

#: Seconds for which a look is good enough.
_FRESH_S: Final = 1.0
#: Seconds that a look may take before it says so: a disk or a broker that hangs must not hang who asks.
_PATIENCE_S: Final = 2.0

#: One look at one dependency.
Look = Callable[[Desk], Dependency]


class Checkup:
    """Looks at everything when somebody asks, at most once a second, and never waits long.

    Args:
        desk: The line.
        patience_s: How long a look may take.
    """

    def __init__(self, desk: Desk, *, patience_s: float = _PATIENCE_S) -> None:
        self._desk = desk
        self._patience_s = patience_s
        self._guard = threading.Lock()
        self._round: _Round | None = None

    def now(self) -> Health:
        """How everything is, or was a moment ago."""
        with self._guard:
            if self._round is None or self._round.is_over(_FRESH_S):
                self._round = _Round(self._desk)
            current = self._round
        return Health(dependencies=current.found(self._patience_s))


class _Round:
    """One round of looks, in a thread of its own, because any of them may hang."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._began = time.monotonic()
        self._found: list[Dependency] = []
        self._done = threading.Event()
        threading.Thread(target=self._run, name="checkup", daemon=True).start()

    def is_over(self, fresh_s: float) -> bool:
        """Whether it has ended and is too old by now. One that hangs is not begun a second time."""
        return self._done.is_set() and time.monotonic() - self._began >= fresh_s

    def found(self, patience_s: float) -> tuple[Dependency, ...]:
        """What was found until now, and where it hangs if it does."""
        self._done.wait(max(0.0, self._began + patience_s - time.monotonic()))
        found = tuple(self._found)
        return found + tuple(_hangs(name, patience_s) for name in list(_LOOKS)[len(found) :])

    def _run(self) -> None:
        try:
            for name, look in _LOOKS.items():
                self._found.append(self._looked(name, look))
        finally:
            self._done.set()

    def _looked(self, name: str, look: Look) -> Dependency:
        try:
            return look(self._desk)
        except (RedisError, BrokerError) as error:
            if name == "broker":
                address = masked(self._desk.settings.broker.url)
                fix = f"see that the broker at {address} runs, or mend [broker] url"
                return _bad(name, f"no answer: {error}", fix)
            return _bad(name, "nobody knows without the broker", "mend the broker")


def _broker(desk: Desk) -> Dependency:
    desk.redis.ping()
    return _good("broker")


def _spool(desk: Desk) -> Dependency:
    fix = (
        f"make room on the disk of {desk.spool.root}, mount it, or give its folder back to the worker's user"
    )
    try:
        room = desk.spool.room()
        problem, concern = room.problem, room.concern
        if room.trouble:
            fix = "see that the object store answers and may be written; 'wats-worker doctor' tries it out"
        desk.spool.local_clock_device()  # it writes: a disk that is full of errors says so only then
    except (OSError, SpoolError) as error:
        problem, concern = str(error), ""
    complaints = [one for one in desk.fleet.complaints() if one.what == "spool"]
    if not problem and complaints:
        problem = f"{complaints[0].worker}: {complaints[0].reason}"
    return _bad("spool", problem, fix) if problem else _good("spool", concern)


def _jail(desk: Desk) -> Dependency:
    workers = _alive(desk, Stage.CONVERT)
    found = _built(desk, workers)
    return found.model_copy(update={"facts": _enforced(desk, workers)})


def _enforced(desk: Desk, workers: Sequence[Worker]) -> dict[str, str]:
    """What is enforced, by whom, and for whom it is not."""
    settings = desk.settings
    facts: dict[str, str] = {"required": settings.sandbox.level}
    facts |= {worker.name: worker.jail or "none" for worker in workers}
    kinds: dict[str, Mapping[str, ConverterSettings | PollerSettings]] = {
        "converters": settings.converters,
        "pollers": settings.pollers,
    }
    for kind, configured in kinds.items():
        trusted = [name for name, one in configured.items() if one.trusted]
        if trusted:
            facts[f"{kind} outside the jail"] = ", ".join(trusted)
    return facts


def _built(desk: Desk, workers: Sequence[Worker]) -> Dependency:
    required = Level[desk.settings.sandbox.level.upper()]
    fix = "'wats-worker doctor' on that machine says what is missing there"
    for complaint in desk.fleet.complaints():
        if complaint.what == "jail":
            return _bad("jail", f"{complaint.worker}: {complaint.reason}", fix)
    if not workers:
        return _bad("jail", "no convert worker lives, and only they build it", _start(Stage.CONVERT))
    for worker in workers:
        if not worker.jail or Level[worker.jail.upper()] < required:
            has, wanted = worker.jail or "none", required.name.lower()
            reason = f"{worker.name} has one of level {has}, and {wanted} is asked for"
            return _bad("jail", reason, "start that worker again with the configuration of the others")
    return _good("jail", f"level {required.name.lower()}")


def _archive(desk: Desk) -> Dependency:
    for complaint in desk.fleet.complaints():
        if complaint.what == "archive":
            fix = "make room, mount it or bring its server back; delivered files wait on the spool until then"
            return _bad("archive", f"{complaint.worker}: {complaint.reason}", fix, needed=False)
    return _stage(Stage.ARCHIVE, _always)(desk)


def _server(desk: Desk) -> Dependency:
    if desk.settings.server.url is None:
        return _good("server", "none is configured, so reports wait on the spool")
    census = desk.queue.census()
    if census.paused:
        return _good("server", f"uploads are paused: {census.paused}")
    if not _alive(desk, Stage.UPLOAD):
        return _bad("server", "no upload worker lives, so nobody asks it", _start(Stage.UPLOAD))
    # A server that asks for a rest is there.
    if (census.gated_s or census.probing) and "(429)" not in (census.gate_reason or ""):
        fix = "see that the server and the network to it are up; the line goes on by itself"
        return _bad("server", census.gate_reason or "it failed a moment ago", fix)
    return _good("server", census.gate_reason or "")


def _stage(stage: Stage, wanted: Callable[[Desk], bool], *, needed: bool = False) -> Look:
    """A look at whether anybody lives who does this; only where that is wanted."""

    def look(desk: Desk) -> Dependency:
        count = len(_alive(desk, stage))
        if count:
            return _good(stage, f"{count} alive", needed=needed)
        if not wanted(desk):
            return _good(stage, "nothing to do", needed=needed)
        return _bad(stage, "none lives", _start(stage), needed=needed)

    return look


def _messages(desk: Desk) -> Dependency:
    """Whether all speak one protocol. Nothing is lost where they don't, so the line is ready all the same."""
    lot = desk.parking.look()
    if lot.news and lot.newest:
        fix = "update the workers that are older; parked messages go on by themselves then"
        return _bad("messages", f"{lot.count} parked: {lot.newest.reason}", fix, needed=False)
    return _good("messages", f"{lot.count} parked" if lot.count else "", needed=False)


def _always(_: Desk) -> bool:
    return True


def _watches(desk: Desk) -> bool:
    return bool(desk.settings.sources)


def _uploads(desk: Desk) -> bool:
    return desk.settings.server.url is not None


def _polls(desk: Desk) -> bool:
    return bool(desk.settings.scheduled)


#: In this order: what others stand on first.
_LOOKS: Final[dict[str, Look]] = {
    "broker": _broker,
    "spool": _spool,
    "convert": _stage(Stage.CONVERT, _always, needed=True),
    "jail": _jail,
    "server": _server,
    "watch": _stage(Stage.WATCH, _watches),
    "upload": _stage(Stage.UPLOAD, _uploads),
    "archive": _archive,
    "poll": _stage(Stage.POLL, _polls),
    "beat": _stage(Stage.BEAT, _polls),
    "messages": _messages,
}


def _alive(desk: Desk, stage: Stage) -> list[Worker]:
    return [worker for worker in desk.fleet.alive() if worker.stage == stage]


def _start(stage: Stage) -> str:
    return f"start one: 'wats-worker {stage}', or all with 'wats-worker up'; its log says why it ended"


def _good(name: str, reason: str = "", *, needed: bool = True) -> Dependency:
    return Dependency(name=name, ok=True, needed=needed, reason=reason)


def _bad(name: str, reason: str, fix: str, *, needed: bool = True) -> Dependency:
    return Dependency(name=name, ok=False, needed=needed, reason=reason, fix=fix)


def _hangs(name: str, patience_s: float) -> Dependency:
    fix = "look at whichever of these stands first: it hangs, and the others wait for it"
    return _bad(name, f"no answer within {patience_s:g} s", fix)
