"""The worker's end of the pipe to a poller: starts its process, hears what it offers, ends it in time."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from wats_worker.child import PARENT
from wats_worker.poll import wire
from wats_worker.poll.wire import End, Offer, Order

#: The caller gets to act so often while the poller thinks.
_SLICE_S: Final = 0.2
#: A poller that is told nothing more may end by itself.
_GOODBYE_S: Final = 1.0
#: The last of what it printed is kept.
_TAIL_BYTES: Final = 2000


class PollFailed(Exception):
    """The source could not be asked, or not to its end, and what may help."""

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.reason}; {self.fix}" if self.fix else self.reason


class TimeOver(Exception):
    """The poll has taken as long as it may."""


class Talk:
    """One poll's talk with its poller, in a ``with`` block: the process ends with it.

    Args:
        order: What the poller is to do.
        limit_s: So long the whole talk may take.
        while_waiting: Called some times a second; what it raises ends the talk.
    """

    def __init__(
        self, order: Order, *, limit_s: float, while_waiting: Callable[[], object] = lambda: None
    ) -> None:
        self._order = order
        self._while_waiting = while_waiting
        self._ends_at = time.monotonic() + limit_s
        self._lines: deque[bytes] = deque()
        self._part = b""
        self._printed = b""
        self._patience_s = _GOODBYE_S

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wats_worker.poll.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=_environment(),
        )
        self._selector = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # it may have ended, with something of ours unread
            self._stdin.close()
        self._wait(self._patience_s)
        # It stays a zombie until here, so its number is nobody else's.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # and whatever it started
        self._process.wait()
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def begin(self) -> Offer | End:
        """Give the order, and hear the first offer."""
        self._say(asdict(self._order))
        return self.go_on()

    def go_on(self) -> Offer | End:
        """Hear the next offer.

        Raises:
            PollFailed: the poller failed, or its process did.
            TimeOver: it did not come in time.
        """
        match self._hear():
            case {"offer": {"key": str(key), "name": str(name), "cursor": cursor}}:
                return Offer(key, name, cursor)
            case {"end": {"cursor": cursor, "more": more, "offered": offered, "seen": seen}}:
                return End(cursor, bool(more), int(offered), bool(seen))
        raise _nonsense()

    def land(self, place: Path) -> str | None:
        """Have the offered item put into a new file; None when it is there, else why it can't be had now.

        Raises:
            PollFailed, TimeOver: as above.
        """
        self._say({"land": str(place)})
        match self._hear():
            case {"landed": int()}:
                return None
            case {"not_yet": str(reason)}:
                return reason
        raise _nonsense()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self._stdin.write(wire.line(message))
            self._stdin.flush()
        except BrokenPipeError:
            raise self._gone() from None

    def _hear(self) -> dict[str, Any]:
        while not self._lines:
            self._while_waiting()
            if time.monotonic() > self._ends_at:
                self._patience_s = 0.0
                raise TimeOver
            if not self._listen(_SLICE_S) and self._wait(0.0) is not None:
                raise self._gone()  # though something it started keeps the pipe open
        try:
            answer = json.loads(self._lines.popleft())
        except ValueError:
            raise _nonsense() from None
        match answer:
            case {"failed": {"reason": str(reason), "fix": str(fix)}}:
                raise PollFailed(reason, fix)
            case dict():
                return answer
        raise _nonsense()

    def _listen(self, seconds: float) -> bool:
        """Take what comes within this time; whether anything did."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            piece = os.read(key.fd, 65536)
            if key.fileobj is self._process.stderr:
                self._printed = (self._printed + piece)[-_TAIL_BYTES:]
            elif piece:
                *whole, self._part = (self._part + piece).split(b"\n")
                self._lines.extend(whole)
            elif not self._lines:
                raise self._gone()
            if not piece:
                self._selector.unregister(key.fileobj)
            if len(self._part) > wire.LONGEST:
                raise _nonsense()
        return bool(ready)

    def _gone(self) -> PollFailed:
        """Its process ended without saying how the poll did."""
        ended = self._wait(_GOODBYE_S)
        how = "it closed its pipe"
        if ended is not None and ended.si_code == os.CLD_EXITED:
            how = f"its process ended with exit code {ended.si_status}"
        elif ended is not None:
            how = f"its process was killed by {signal.Signals(ended.si_status).name}"
        if self._process.stderr is not None and self._process.stderr in self._selector.get_map():
            with suppress(BlockingIOError):
                os.set_blocking(self._process.stderr.fileno(), False)
                self._printed += os.read(self._process.stderr.fileno(), 65536)
        printed = self._printed[-_TAIL_BYTES:].decode("utf-8", "backslashreplace").strip()
        said = f"; it printed: {printed}" if printed else ""
        return PollFailed(f"the poller gave no answer: {how}{said}", "mend the poller, or tell its author")

    def _wait(self, seconds: float) -> os.waitid_result | None:
        """How the process ended, if it did within this time."""
        give_up = time.monotonic() + seconds
        while True:
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            ended = os.waitid(os.P_PID, self._process.pid, options)
            if ended is not None or time.monotonic() > give_up:
                return ended
            time.sleep(0.01)


def _environment() -> dict[str, str]:
    """What the poller's process finds: not the settings of the worker, some of which are secrets."""
    plain = {name: value for name, value in os.environ.items() if not name.upper().startswith("WATS_")}
    return {**plain, PARENT: str(os.getpid())}


def _nonsense() -> PollFailed:
    return PollFailed("the poller's process said what is no answer", "mend the poller, or tell its author")
