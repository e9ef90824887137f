"""The owner's side of one zygote process: start it, exchange one job, end it."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from wats_worker.sandbox import kernel, wire
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.policy import Setup

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
                env=_environment(setup.scratch),
                cwd="/",
            )
        zygote = cls(process, ours, log)
        try:
            wire.send(ours, setup.to_json())
            zygote._await(_START_S)
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

    def exchange(self, job: bytes, descriptors: Sequence[int], *, wall_s: float) -> dict[str, Any]:
        """Send one job and wait for its answer.

        The zygote is of no use any more after any exception: the next answer would be to this job.

        Raises:
            wire.Closed: it died.
            Silent: it did not answer although the job's time is over.
        """
        wire.forward(self._channel, job, descriptors)
        self._await(wall_s + _GRACE_S)
        return wire.read(wire.receive(self._channel)[0])

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

    def _await(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise Silent


def _environment(scratch: Path) -> dict[str, str]:
    """Everything a converter finds in its environment. Nothing is inherited but where Python looks for code.

    The numeric libraries are kept to one thread: more are not allowed, and they end the process over it.
    """
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LANG": "C.UTF-8",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        **({"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}),
    }


def from_main_thread() -> bool:
    """Whether the kernel may tie a child's life to this thread: no other lasts as long as the process."""
    return threading.current_thread() is threading.main_thread()
