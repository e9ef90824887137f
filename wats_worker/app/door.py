"""The control stage: a desk for the rooms behind the door, and the door itself, until a signal ends it."""

import logging
import threading
from pathlib import Path
from typing import Final

from wats_broker.access import Access, Scope
from wats_broker.names import Stage
from wats_worker.app.duties import Duties
from wats_worker.app.line import Line
from wats_worker.app.neighbours import neighbours
from wats_worker.app.replaying import replays
from wats_worker.app.retention import retention
from wats_worker.app.sealing import sealing
from wats_worker.catalogue.numbers import Numbers
from wats_worker.control.api import build
from wats_worker.control.desk import Desk
from wats_worker.control.jobs import Jobs
from wats_worker.control.operator import LOCAL, TERM_S, local_token
from wats_worker.control.place import Place
from wats_worker.control.serving import CannotListen, serving
from wats_worker.control.trend import Observer
from wats_worker.pulse import Pulse, worker_name
from wats_worker.retention.holds import Holds

log = logging.getLogger(__name__)

#: Seconds between two looks whether the server still serves.
_LOOK_S: Final = 1.0


def run_control(line: Line, config: Path | None, stop: threading.Event) -> int:
    """Keep the door open until told to stop; the exit code.

    Raises:
        CannotListen: the address is taken, or the operator's token has no place.
    """
    place, control = Place.of(line.settings), line.settings.control
    desk = make_desk(line, config)
    token = _token(line)
    if place.is_open_to_eavesdroppers:
        hint = "set [control] cert_file and key_file, or listen on a unix socket or 127.0.0.1"
        log.warning("door_unprotected", extra={"address": place.address, "hint": hint})

    def enter() -> None:
        """Again and again: a broker that forgets everything must not shut the operator out."""
        desk.access.admit(token, LOCAL, Scope.ADMIN, term_s=TERM_S)

    enter()
    pulse = Pulse(line.fleet, Stage.CONTROL, chores=[enter, Observer(desk).look], work=lambda: place.address)
    work = [sealing(line), retention(line), replays(line, desk)]
    duties = Duties(line.duty_lease, worker_name(Stage.CONTROL), work)
    with serving(build(desk), place, cert_file=control.cert_file, key_file=control.key_file) as serves:
        log.info("door_open", extra={"address": place.address})
        pulse.start()
        duties.start()
        while serves() and not stop.wait(_LOOK_S):
            continue
    duties.stop()
    pulse.stop()
    return 0 if stop.is_set() else 1


def make_desk(line: Line, config: Path | None) -> Desk:
    """What the rooms work with, of this line."""
    return Desk(
        settings=line.settings,
        config=config,
        redis=line.redis,
        keys=line.keys,
        access=Access(line.redis, line.keys),
        journal=line.journal,
        queue=line.queue,
        fleet=line.fleet,
        watching=line.watch_lease,
        board=line.board,
        polls=line.polls,
        switches=line.switches,
        parking=line.parking,
        spool=line.spool,
        archive=lambda: line.archive,
        catalogue=lambda: line.catalogue,
        feed=lambda: line.feed,
        trail=line.trail,
        jobs=Jobs(line.settings.replay_folder()),
        holds=lambda: Holds(line.archive_store),
        numbers=lambda: Numbers(line.catalogue),
        dispatch=lambda: line.dispatch,
        neighbours=neighbours(line),
    )


def _token(line: Line) -> str:
    try:
        return local_token(line.settings).get_secret_value()
    except OSError as error:
        raise CannotListen(
            f"the operator's token can't be kept in {Place.of(line.settings).folder}: {error.strerror}. "
            "Set [control] folder to another place"
        ) from error
