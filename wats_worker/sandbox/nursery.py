"""The zygote's children: fork them, watch them, end them."""

import contextlib
import functools
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from wats_worker.sandbox import child, kernel, scratch, wire
from wats_worker.sandbox.confine import Confinement
from wats_worker.sandbox.loading import Shelf
from wats_worker.sandbox.policy import Limits

#: How often the scratch folder of a running child is weighed. The first look comes after one such time, so
#: a quick conversion pays nothing.
_LOOK_S: Final = 0.02
#: How long a process may take from closing its files to being dead.
_DYING_S: Final = 0.2
#: So many spares in a row died before they saw a file: something is wrong that trying again won't mend.
_HOPELESS: Final = 3
#: How long a self-test may take on a busy machine.
_ERRAND_S: Final = 20.0
_LONGEST_ERRAND: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Child:
    """A forked process, and our two handles on it."""

    pid: int
    pidfd: int
    channel: socket.socket

    def end(self) -> tuple[int, float, int]:
        """Kill it, unless it is dead already: the wait status, its CPU seconds, its peak memory in kB."""
        self.kill()
        _, status, used = os.wait4(self.pid, 0)
        os.close(self.pidfd)
        self.channel.close()
        return status, used.ru_utime + used.ru_stime, used.ru_maxrss

    def kill(self) -> None:
        """Send SIGKILL; by handle, so that it can't hit another process of the same number."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)


class Nursery:
    """Keeps one confined child waiting, and does one job after the other."""

    def __init__(self, control: socket.socket, limits: Limits, confinement: Confinement) -> None:
        self._control = control
        self._limits = limits
        self._confinement = confinement
        self._scratch = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        self._pid = os.getpid()

    def send_out(self, errand: Callable[[], bytes], *, seconds: float = _ERRAND_S) -> bytes:
        """Let a confined child do something and return what it says; nothing if it dies or dawdles."""
        sent = self._fork(socket.SOCK_STREAM, functools.partial(child.run_errand, errand))
        said = b""
        deadline = time.monotonic() + seconds
        while len(said) < _LONGEST_ERRAND and _readable(sent.channel, deadline - time.monotonic()):
            if not (part := sent.channel.recv(65536)):
                break
            said += part
        sent.end()
        scratch.empty(self._scratch)
        return said

    def serve(self, shelf: Shelf) -> NoReturn:
        """Do jobs until the owner goes.

        Raises:
            wire.Closed: it went.
        """
        while True:
            self._do_job(self._wait_for_job(shelf))
            scratch.empty(self._scratch)

    def _wait_for_job(self, shelf: Shelf) -> Child:
        """A waiting child, once there is a job for it."""
        for _ in range(_HOPELESS):
            spare = self._fork(socket.SOCK_SEQPACKET, functools.partial(child.live, shelf))
            if self._next_event(spare, None) == "job":
                return spare
            spare.end()
        raise RuntimeError(f"{_HOPELESS} children in a row ended before they were given a file")

    def _fork(
        self, kind: socket.SocketKind, life: Callable[[socket.socket, Confinement, int], NoReturn]
    ) -> Child:
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        pid = os.fork()
        if pid == 0:
            life(theirs, self._confinement, self._pid)
        theirs.close()
        return Child(pid, os.pidfd_open(pid), ours)

    def _do_job(self, worker: Child) -> None:
        body, descriptors = wire.receive(self._control, 3)
        started = time.monotonic()
        with contextlib.suppress(wire.Closed):  # a child that died just now is found dead below
            wire.forward(worker.channel, body, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        ending = self._watch(worker, started + self._limits.wall_s)
        answer: dict[str, Any] = {"ending": ending, "wall_s": time.monotonic() - started}
        if ending == "answered":
            # The owner need not wait until the child is taken down; it is dead before the next is forked.
            answer["cpu_s"] = kernel.cpu_seconds(worker.pid)
            worker.kill()
            wire.send(self._control, answer)
            worker.end()
        else:
            answer["status"], answer["cpu_s"], answer["peak_kb"] = worker.end()
            wire.send(self._control, answer)

    def _watch(self, worker: Child, deadline: float) -> str:
        """Wait for the child's answer, its death, or the end of what it is granted."""
        while (left := deadline - time.monotonic()) > 0:
            event = self._next_event(worker, min(left, _LOOK_S))
            if event is not None:
                return event
            size, entries = scratch.weigh(self._scratch)
            if size > self._limits.scratch_mb << 20 or entries > self._limits.scratch_entries:
                return "scratch"
        return "timed out"

    def _next_event(self, watched: Child, seconds: float | None) -> str | None:
        """What happens next: ``job``, ``answered``, ``died``, ``left`` (hung up without an answer, and may
        live on), or None when the time is over.

        Raises:
            wire.Closed: the owner is gone.
        """
        poll = select.poll()
        for descriptor in (self._control, watched.channel, watched.pidfd):
            poll.register(descriptor, select.POLLIN)
        events = dict(poll.poll(None if seconds is None else seconds * 1000))
        if not events:
            return None
        if events.get(self._control.fileno(), 0) & (select.POLLHUP | select.POLLERR):
            raise wire.Closed
        channel = events.get(watched.channel.fileno(), 0)
        # The answer counts even when the child is already dead: it was complete before it was sent.
        if channel & select.POLLIN and watched.channel.recv(1) == child.ANSWER:
            return "answered"
        if watched.pidfd in events or (channel and _readable(watched.pidfd, _DYING_S)):
            return "died"
        return "left" if channel else "job"


def _readable(descriptor: int | socket.socket, seconds: float) -> bool:
    return bool(select.select([descriptor], [], [], max(0, seconds))[0])
