"""All processes of one machine under one parent: started in order, restarted, stopped in order.

    start:  broker ──ready──► upload, convert ──► watch          (ascending order)
    stop:   watch ──► convert, upload ──► broker                 (the other way round)
    change: one after another, in ascending order, ends and is started anew; the others go on

The parent does nothing else, so that it has nothing to die of. Its children die with it.
"""

import logging
import os
import random
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from wats_worker.child import Child, Slot, adopt_orphans, how

log = logging.getLogger(__name__)

_LOOK_S: Final = 0.1


@dataclass(frozen=True)
class Change:
    """Other children than before."""

    children: Sequence[Child]  #: all there shall be
    anew: frozenset[str]  #: the names of those that are to be started anew; the rest goes on as it is


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a child that ended is started again.

    >>> backoff = Backoff(first_s=1, longest_s=60)
    >>> [backoff.delay(failures, share=1.0) for failures in (1, 2, 3, 10)]
    [1.0, 2.0, 4.0, 60.0]
    """

    first_s: float = 0.5
    longest_s: float = 60.0
    good_s: float = 60.0  #: who lived this long starts afresh

    def delay(self, failures: int, *, share: float) -> float:
        """The wait after so many failures in a row; ``share`` of it, from 0.5 to 1, at random."""
        return min(self.first_s * 2.0 ** min(failures - 1, 32), self.longest_s) * share


class Supervisor:
    """Keeps children alive until a signal or ``stop`` ends it all in order.

    Args:
        children: In any sequence; their ``order`` counts.
        backoff: Between two starts of one child.
        reload: Asked on SIGHUP what is to change; None is nothing. Without it, SIGHUP stops.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        backoff: Backoff | None = None,
        reload: Callable[[], Change | None] | None = None,
    ) -> None:
        self._stopping = False
        self._asked = False
        self._reload = reload
        self._had_terminal = _has_terminal()
        self._turns: deque[Slot] = deque()  # whose turn it is to end, for good or to be started anew
        self._backoff = backoff or Backoff()
        self._slots = [Slot(child) for child in sorted(children, key=lambda child: child.order)]

    def run(self) -> int:
        """Start, watch and restart the children until told to stop; the exit code, 0 for an ordered stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        signal.signal(signal.SIGHUP, lambda *_: self._hung_up())
        adopt_orphans()
        with tempfile.TemporaryDirectory(prefix="wats-") as folder:
            for slot in self._slots:
                slot.words = Path(folder) / slot.child.name
            try:
                while not self._stopping:
                    if self._asked and not self._turns:
                        self._asked = False
                        self._take_up(Path(folder))
                    self._turn()
                    self._look()
                    time.sleep(_LOOK_S)
            finally:
                self._stop_all()
        return 0

    def stop(self) -> None:
        """End everything in order, soon. Safe in a signal handler."""
        self._stopping = True

    def _hung_up(self) -> None:
        """Whose terminal was closed stops; of anybody else it is asked to take up a change."""
        if self._reload is None or (self._had_terminal and not _has_terminal()):
            self.stop()
        else:
            self._asked = True

    def _take_up(self, words: Path) -> None:
        """Find out what is to change, and whose turns that makes."""
        change = self._reload() if self._reload else None
        if change is None:
            return
        wanted = {child.name: child for child in change.children}
        there = {slot.child.name: slot for slot in self._slots}
        for name, child in wanted.items():
            if name not in there:
                new = Slot(child)
                new.words = words / name
                self._slots.append(new)
            elif name in change.anew:
                there[name].child = child
        self._slots.sort(key=lambda slot: slot.child.order)
        # Whoever hands on work comes after those who do it, and who is not wanted any more comes last.
        self._turns.extend(slot for slot in self._slots if slot.child.name in change.anew & there.keys())
        for slot in self._slots:
            if slot.child.name not in wanted:
                slot.gone = True
                self._turns.append(slot)

    def _turn(self) -> None:
        """One child at a time ends in order; ``_look`` starts it anew."""
        if not self._turns:
            return
        slot, now = self._turns[0], time.monotonic()
        if slot.leaving is None:
            slot.leaving = now
            slot.signal(signal.SIGTERM)
        in_time = slot.ended()
        if not in_time and now - slot.leaving < slot.child.grace_s:
            return
        _tell_end(slot, in_time=in_time)
        self._turns.popleft()
        slot.begin_anew(now)
        if slot.gone:
            self._slots.remove(slot)

    def _look(self) -> None:
        """One round: bury who died, start who is due; while an earlier one is not ready, the rest waits."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is not None and slot.leaving is None and slot.ended():
                lived_s = now - slot.started
                self._failed(slot, how(slot.reap()), lived_s)
        self._bury_strangers()
        for _, rank in groupby(self._slots, key=lambda slot: slot.child.order):
            slots = list(rank)
            for slot in slots:
                if slot.process is None and now >= slot.due:
                    self._start(slot, now)
                slot.ready = slot.ready or (slot.process is not None and slot.answers())
            if not all(slot.ready for slot in slots):
                return

    def _start(self, slot: "Slot", now: float) -> None:
        try:
            slot.start(now)
        except OSError as error:  # no such program, or no memory for another process just now
            self._failed(slot, str(error), lived_s=0.0)

    def _failed(self, slot: "Slot", how: str, lived_s: float) -> None:
        slot.failures = 1 if lived_s >= self._backoff.good_s else slot.failures + 1
        delay = self._backoff.delay(slot.failures, share=random.uniform(0.5, 1.0))  # noqa: S311  no secret
        slot.due = time.monotonic() + delay
        log.error(
            "child_ended",
            extra={
                "child": slot.child.name,
                "how": how,
                "lived_s": round(lived_s, 1),
                "failures": slot.failures,
                "next_try_s": round(delay, 1),
                "said": slot.said() or None,
            },
        )

    def _bury_strangers(self) -> None:
        own = {slot.process.pid for slot in self._slots if slot.process is not None}
        with suppress(ChildProcessError):  # there are no children at all
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid in own:
                    return  # it died this moment, and is seen to in the next round
                os.waitpid(found.si_pid, 0)

    def _stop_all(self) -> None:
        for _, rank in groupby(reversed(self._slots), key=lambda slot: slot.child.order):
            alive = [slot for slot in rank if slot.process is not None]
            for slot in alive:
                slot.signal(signal.SIGTERM)
            began = time.monotonic()
            for slot in alive:
                while not slot.ended() and time.monotonic() - began < slot.child.grace_s:
                    time.sleep(_LOOK_S / 5)
                _tell_end(slot, in_time=slot.ended())


def _tell_end(slot: "Slot", *, in_time: bool) -> None:
    """End what is left of a child that was told to end, and say how that went."""
    code = slot.reap()
    log.log(
        logging.INFO if in_time else logging.WARNING,
        "child_stopped" if in_time else "child_killed",
        extra={"child": slot.child.name, "how": how(code)},
    )


def _has_terminal() -> bool:
    """Whether a terminal controls this process; one that was closed does not any more."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
