"""What the convert stage knows, told to the control stage: neither may look at the other."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

from wats_broker.switches import Switches
from wats_worker.app.line import Line
from wats_worker.app.trials import Trials
from wats_worker.child import ask_to_reload
from wats_worker.control.desk import Neighbours
from wats_worker.control.models.converters import ConverterCard
from wats_worker.control.models.processes import ProcessLine, ProcessList
from wats_worker.convert.bounds import level_of
from wats_worker.convert.checks import check_converters
from wats_worker.convert.known import Knowledge, Known
from wats_worker.convert.roster import Entry, Roster, State, roster
from wats_worker.converters.plugins import Found, Lookout
from wats_worker.poll.checks import check_pollers
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.levels import require
from wats_worker.settings import WorkerSettings
from wats_worker.spool.names import process_list as copy_on_spool


class Roll:
    """The roster, made anew when a plugin has changed, or somebody has rung for it.

    Args:
        bell: Another text after each ring.
    """

    def __init__(self, settings: WorkerSettings, *, bell: Callable[[], str] = str) -> None:
        self._settings = settings
        self._lookout = Lookout(settings.convert.plugins)
        self._turn = threading.Lock()
        self._found = Found()
        self._made: Roster | None = None
        self._bell = bell
        self._rung = ""

    def cards(self) -> list[ConverterCard]:
        """All converters."""
        with self._turn:
            self._look()
            if self._made is None:
                self._made = roster(self._settings, self._found)
            return [card(entry, self._settings) for entry in self._made.entries]

    def set_aside(self) -> list[ConverterCard]:
        """Those that somebody has to look at. Ours never are, and take their time to load."""
        with self._turn:
            self._look()
            if not (self._found.plugins or self._found.aside):
                return []
        return [one for one in self.cards() if one.state == State.ASIDE]

    def _look(self) -> None:
        if (rung := self._bell()) != self._rung:
            self._rung = rung
            self._lookout.forget()
        found = self._lookout.look()
        if found is not None:
            self._found, self._made = found, None


def card(entry: Entry, settings: WorkerSettings) -> ConverterCard:
    """A converter as people and scripts are told of it."""
    return ConverterCard(
        name=entry.name or None,
        title=entry.title,
        version=entry.version,
        origin=entry.origin,
        jail=entry.terms(level_of(settings)),
        state=entry.state.value,
        reason=entry.reason or None,
        findings=[asdict(finding) for finding in entry.findings],
    )


def process_list(known: Known, *, version: str, asked_at: float, trouble: str) -> ProcessList:
    """The server's processes as people and scripts are told of them."""
    return ProcessList(
        server=known.server or None,
        version=version,
        age_s=round(time.time() - known.confirmed_at) if known.processes is not None else None,
        old=known.old,
        asked_at=asked_at,
        trouble=trouble or None,
        processes=[
            ProcessLine(
                code=process.code,
                name=process.name,
                test=process.is_test_operation,
                repair=process.is_repair_operation,
                wip=process.is_wip_operation,
                active=process.active,
            )
            for process in sorted(known.processes or (), key=lambda process: process.code)
        ],
    )


def neighbours(line: Line) -> Neighbours:
    """What the other stages of this line know and do."""
    roll = Roll(line.settings, bell=Switches(line.redis, line.keys).rung_lately)
    return Neighbours(
        converters=roll.cards,
        set_aside=roll.set_aside,
        processes=partial(_processes, line),
        trial=Trials(line.settings).run,
        finish=line.spool.finish,
        checks=(check_converters, check_pollers),
        unfit=partial(_unfit, line.settings),
        reload=ask_to_reload,
    )


def _unfit(old: WorkerSettings, new: WorkerSettings) -> str:
    """Whether the jail that is asked for can be had; one that is had already is not built once more."""
    if (old.sandbox, old.scratch_folder()) == (new.sandbox, new.scratch_folder()):
        return ""
    try:
        require(level_of(new), new.scratch_folder())
    except JailUnavailable as unavailable:
        return str(unavailable)
    return ""


def _processes(line: Line) -> ProcessList:
    # Read anew: who has just had the list fetched wants to see that one, and not the one of a moment ago.
    knowledge = Knowledge(
        board=line.board, copy=copy_on_spool(line.settings.spool.folder), server=line.settings.server.url
    )
    notice, known = line.board.look(), knowledge.now()
    return process_list(known, version=notice.version, asked_at=notice.asked_at, trouble=notice.trouble)
