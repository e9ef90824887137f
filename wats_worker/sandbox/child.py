"""The life of one forked child: confine itself, wait for a file, work on it, answer, be killed.

The child is forked before its file is known, so that confining costs the file nothing. It gets three
descriptors with the job: the file, a pipe for the result, the memory for what it prints.
"""

import contextlib
import gc
import io
import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any, Final, NoReturn

from wats_worker.sandbox import wire, work
from wats_worker.sandbox.confine import Confinement
from wats_worker.sandbox.loading import Shelf
from wats_worker.sandbox.result import ResultWriter

#: One byte, whatever the result: the zygote only has to know that all of it is in the pipe.
ANSWER: Final = b"!"
#: The exit code of a child that could not confine itself. It never sees a file.
UNCONFINED: Final = 112


def live(shelf: Shelf, channel: socket.socket, confinement: Confinement, zygote: int) -> NoReturn:
    """Never returns and never raises: what is above on the stack belongs to the zygote."""
    try:
        _confine(channel, confinement, zygote)
        body, (source, result, log) = wire.receive(channel, 3)
        _redirect(log)
        job = wire.read(body)
        # A conversion makes hundreds of thousands of dictionaries and hardly a cycle among them.
        gc.set_threshold(100_000, 20, 20)
        work.run(job, work.source_of(source, job["name"]), ResultWriter(result), shelf)
        sys.stdout.flush()
        channel.send(ANSWER)
        channel.recv(1)  # until SIGKILL comes: leaving by ourselves would only take time
    except BaseException:  # noqa: BLE001 - the zygote takes silence for a failure; here is why
        traceback.print_exc()
    finally:
        os._exit(1)


def run_errand(
    errand: Callable[[], bytes], channel: socket.socket, confinement: Confinement, zygote: int
) -> NoReturn:
    """Do something for the zygote that it should not do itself, and send it the bytes."""
    try:
        _confine(channel, confinement, zygote)
        channel.sendall(errand())
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
    finally:
        os._exit(1)


def _confine(channel: socket.socket, confinement: Confinement, zygote: int) -> None:
    try:
        confinement.child(zygote=zygote, keep=channel.fileno())
    except BaseException as error:  # noqa: BLE001 - whatever the reason, this child must not go on
        os.write(2, f"a child could not confine itself: {error!r}\n".encode())
        os._exit(UNCONFINED)


def _redirect(log: int) -> None:
    """Let everything that prints, from Python or from C, end up in the log."""
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    printer = io.TextIOWrapper(
        io.BufferedWriter(_Log()), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    sys.stdout = sys.stderr = printer


class _Log(io.RawIOBase):
    """Writes to stdout until the log is full and drops the rest: printing too much fails no conversion."""

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        with contextlib.suppress(OSError):
            os.write(1, content)
        return len(content)
