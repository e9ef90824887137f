"""The owner's side of one zygote process: start it, exchange one job, end it."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, Final, Self

from wats_worker.sandbox import environment, kernel, wire
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.inlet import Inlet
from wats_worker.sandbox.policy import COMPILING_S, Setup

#: Importing all converters on a busy machine takes long; a zygote that hangs takes longer.
_START_S: Final = 60.0
#: How long a zygote may need to notice that the time of its child is over.
_GRACE_S: Final = 5.0
_LOG_BYTES: Final = 64 * 1024


class Silent(Exception):
    """The zygote did not answer in time."""


class ZygoteProcess:
    """A running zygote. Belongs to the process and, in the end, to the thread that started it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, log: int) -> None:
        self._process = process
        self._pidfd = os.pidfd_open(process.pid)
        self._channel = channel
        self._log = log
        self.owner = os.getpid()

    @classmethod
    def start(cls, setup: Setup) -> Self:
        """Execute a zygote and wait until it is ready.

        Raises:
            JailUnavailable: it could not get ready; the text holds what it said.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        log = kernel.sealed_memory("zygote-log", _LOG_BYTES)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", setup.program],
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                env=environment.clean(setup.scratch),
                cwd="/",
            )
        zygote = cls(process, ours, log)
        try:
            wire.send(ours, setup.to_json())
            zygote._await(_START_S + COMPILING_S * len(setup.plugins))
            refusal = wire.read(wire.receive(ours)[0])["refusal"]
        except (wire.Closed, Silent) as error:
            said = zygote.log().decode(errors="backslashreplace").strip()
            zygote.close()
            raise JailUnavailable(f"the jail's zygote broke off: {said or 'it said nothing'}") from error
        except BaseException:
            zygote.close()
            raise
        if refusal is not None:
            zygote.close()
            raise JailUnavailable(f"the jail can't be built: {refusal}")
        return zygote

    def alive(self) -> bool:
        """Whether it can be sent a job."""
        return not select.select([self._pidfd], [], [], 0)[0]

    def send(self, job: bytes, descriptors: Sequence[int]) -> None:
        """Send one job, whose answer is then to be waited for.

        Raises:
            wire.Closed: it died.
        """
        wire.forward(self._channel, job, descriptors)

    def answer(self, inlet: Inlet, *, wall_s: float) -> dict[str, Any]:
        """Take in the result of the job until it is answered, and what is left of it then.

        The zygote is of no use any more after any exception: the next answer would be to this job.

        Raises:
            wire.Closed: it died.
            Silent: it did not answer although the job's time is over.
        """
        self._await(wall_s + _GRACE_S, inlet)
        answer = wire.read(wire.receive(self._channel)[0])
        inlet.drain()  # a child answers when all of it is in the pipe
        return answer

    def log(self) -> bytes:
        """What the zygote itself has printed."""
        return wire.read_log(self._log, _LOG_BYTES)

    def close(self) -> None:
        """End it; its child dies with it. Nothing is left behind when this returns."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._process.wait()
        self._release()

    def forget(self) -> None:
        """Let go of a zygote that belongs to the process we were forked from."""
        self._process.returncode = 0  # not our child: keeps subprocess from complaining
        self._channel.close()
        self._release()

    def _release(self) -> None:
        os.close(self._pidfd)
        os.close(self._log)

    def _await(self, seconds: float, inlet: Inlet | None = None) -> None:
        deadline = time.monotonic() + seconds
        while True:
            stream = inlet.open if inlet else None
            poll = select.poll()
            poll.register(self._channel, select.POLLIN)
            if stream is not None:
                poll.register(stream, select.POLLIN)
            ready = [descriptor for descriptor, _ in poll.poll(max(0, deadline - time.monotonic()) * 1000)]
            if self._channel.fileno() in ready:
                return
            if not ready:
                raise Silent
            if inlet:
                inlet.pull()


def from_main_thread() -> bool:
    """Whether the kernel may tie a child's life to this thread: no other lasts as long as the process."""
    return threading.current_thread() is threading.main_thread()
