"""All processes of one machine under one parent: started in order, restarted, stopped in order.

    start:  broker ──ready──► upload, convert ──► watch          (ascending order)
    stop:   watch ──► convert, upload ──► broker                 (the other way round)

The parent does nothing else, so that it has nothing to die of. Its children die with it.
"""

import ctypes
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from wats_worker.logs import LAST_WORDS

log = logging.getLogger(__name__)

#: Variable with the parent's process id.
PARENT: Final = "WATS_SUPERVISOR"
_LOOK_S: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36


@dataclass(frozen=True)
class Child:
    """One process to keep alive."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  #: on top of the parent's
    grace_s: float = 30.0  #: after SIGTERM; then its whole process group is killed
    order: int = 0  #: a lower one is started, and ready, before a higher one; stopping goes the other way
    ready: Callable[[], bool] | None = None  #: None is ready at once


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
    """

    def __init__(self, children: Sequence[Child], *, backoff: Backoff | None = None) -> None:
        self._stopping = False
        self._backoff = backoff or Backoff()
        self._slots = [_Slot(child) for child in sorted(children, key=lambda child: child.order)]

    def run(self) -> int:
        """Start, watch and restart the children until told to stop; the exit code, 0 for an ordered stop."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop())
        if sys.platform == "linux":
            _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # grandchildren whose parent was killed become ours to bury
        with tempfile.TemporaryDirectory(prefix="wats-") as folder:
            for slot in self._slots:
                slot.words = Path(folder) / slot.child.name
            try:
                while not self._stopping:
                    self._look()
                    time.sleep(_LOOK_S)
            finally:
                self._stop_all()
        return 0

    def stop(self) -> None:
        """End everything in order, soon. Safe in a signal handler."""
        self._stopping = True

    def _look(self) -> None:
        """One round: bury who died, start who is due; while an earlier one is not ready, the rest waits."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is not None and slot.ended():
                lived_s = now - slot.started
                self._failed(slot, _how(slot.reap()), lived_s)
        self._bury_strangers()
        for _, rank in groupby(self._slots, key=lambda slot: slot.child.order):
            slots = list(rank)
            for slot in slots:
                if slot.process is None and now >= slot.due:
                    self._start(slot, now)
                slot.ready = slot.ready or (slot.process is not None and slot.answers())
            if not all(slot.ready for slot in slots):
                return

    def _start(self, slot: "_Slot", now: float) -> None:
        try:
            slot.start(now)
        except OSError as error:  # no such program, or no memory for another process just now
            self._failed(slot, str(error), lived_s=0.0)

    def _failed(self, slot: "_Slot", how: str, lived_s: float) -> None:
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
                in_time = slot.ended()
                code = slot.reap()
                log.log(
                    logging.INFO if in_time else logging.WARNING,
                    "child_stopped" if in_time else "child_killed",
                    extra={"child": slot.child.name, "how": _how(code)},
                )


class _Slot:
    """A child and the process it is at the moment."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.ready = False
        self.started = 0.0
        self.due = 0.0
        self.failures = 0
        self.words = Path(os.devnull)

    def start(self, now: float) -> None:
        """Start the process, in a session of its own: Ctrl-C is ours alone to pass on."""
        self.words.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            list(self.child.argv),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **self.child.env, LAST_WORDS: str(self.words), PARENT: str(os.getpid())},
        )
        self.started = now
        log.info("child_started", extra={"child": self.child.name, "pid": self.process.pid})

    def answers(self) -> bool:
        """Whether the child says that it is ready."""
        return self.child.ready is None or self.child.ready()

    def ended(self) -> bool:
        """Whether the process has ended. It stays a zombie, so that nobody else gets its number."""
        if self.process is None:
            return True
        state = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return state is not None

    def reap(self) -> int:
        """End what is left of the process's group, then let it go; its exit code."""
        if self.process is None:
            return 0
        self.signal(signal.SIGKILL)
        code = self.process.wait()
        self.process = None
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: a polite one to the process, which knows best how to end its own children."""
        if self.process is None:
            return
        if number is signal.SIGKILL:
            with suppress(PermissionError):  # macOS says so of a group of zombies
                os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def said(self) -> str:
        """The last errors the process logged."""
        try:
            return self.words.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its supervisor dies, in whatever way.

    For a child to call at its start, from its main thread. Does nothing in a process that no supervisor
    started, and on systems other than Linux.
    """
    parent = os.environ.get(PARENT)
    if parent is None or sys.platform != "linux":
        return
    _prctl(_PR_SET_PDEATHSIG, int(number))
    # It may have died before we asked to be told.
    if os.getppid() != int(parent):
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _how(code: int) -> str:
    """An exit code in words.

    >>> _how(-9), _how(2)
    ('killed by SIGKILL', 'exit code 2')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have no name
        return f"killed by signal {-code}"
