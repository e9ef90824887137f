"""One child of the supervisor: what it shall be, the process it is, and what it does as a child."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from wats_worker.logs import LAST_WORDS

log = logging.getLogger(__name__)

#: Variable with the parent's process id.
PARENT: Final = "WATS_SUPERVISOR"
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


class Slot:
    """A child and the process it is at the moment."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.ready = False
        self.started = 0.0
        self.due = 0.0
        self.failures = 0
        self.leaving: float | None = None  #: when it was told to end, so that it can be started anew
        self.gone = False  #: it is not started anew
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

    def begin_anew(self, now: float) -> None:
        """It ended because it was told to: no failure, and nothing to wait for."""
        self.leaving, self.ready, self.due, self.failures = None, False, now, 0

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
            # Its own send_signal would let one go that has just ended, and with it its number.
            os.kill(self.process.pid, number)

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


def ask_to_reload() -> bool:
    """Ask the supervisor that started this process to take up a changed configuration; False if none did."""
    parent = os.environ.get(PARENT)
    if parent is None or os.getppid() != int(parent):
        return False
    os.kill(int(parent), signal.SIGHUP)
    return True


def adopt_orphans() -> None:
    """Grandchildren whose parent was killed become ours to bury."""
    if sys.platform == "linux":
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def how(code: int) -> str:
    """An exit code in words.

    >>> how(-9), how(2)
    ('killed by SIGKILL', 'exit code 2')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have no name
        return f"killed by signal {-code}"
