"""The cell of ``Level.PROCESS``: a fresh Python for each job, with nothing that only Linux has.

It is no jail. What it does is that a converter that hangs, crashes or leaves something behind takes neither
the worker nor the next file with it. Each job costs the start of a Python and the import of the converters.
"""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, cast

from wats_worker.sandbox import environment, interpret, wire
from wats_worker.sandbox.errors import JailUnavailable
from wats_worker.sandbox.outcome import Broken, Fault, Outcome, Probed
from wats_worker.sandbox.policy import Setup
from wats_worker.sandbox.result import ResultReader, Take

#: The child's exit code when it could not even get ready; what it printed says why.
UNREADY: Final = 111
#: The names of a job's folders begin so; the jail's own are called otherwise.
_FOLDER: Final = "job-"
#: A folder older than this is of a worker that was killed: no job lasts so long.
_FORGOTTEN_S: Final = 7 * 86400
_START_S: Final = 60.0
#: How long what a dead child has printed may take to arrive.
_LAST_WORDS_S: Final = 2.0
#: The result on its way: so many pieces wait at most, each of so many bytes.
_PIECES: Final = 16
_PIECE_BYTES: Final = 64 * 1024


class Lone:
    """Runs jobs one after the other, each in a process of its own.

    Args:
        setup: What the child is told; the scratch folder in it is the root for the folders of jobs.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def start(self) -> None:
        """Let a child get ready and go again.

        Raises:
            JailUnavailable: it can't.
        """
        with self._folder() as folder:
            child = _Child(self._setup, folder, {"job": None})
            if child.wait(_START_S) != 0:
                raise _unready(child)

    def run(self, job: Mapping[str, Any], path: Path, take: Take) -> Outcome | Probed:
        """Do one job on a file, and give the reports that it makes to ``take`` as they come.

        Raises:
            OSError: the file can't be read.
            ValueError: the job is too long for a message.
            JailUnavailable: the child could not get ready.
        """
        wire.encode(job)  # for its length: what the jail does not take is not taken here
        if not path.is_file() or path.is_symlink():
            raise OSError(f"{path} is not a regular file")
        path.open("rb").close()
        limits = self._setup.limits
        with self._folder() as folder:
            reader = ResultReader(limits, take)
            started = time.monotonic()
            child = _Child(self._setup, folder, {"job": job, "file": str(path)})
            code = child.wait(limits.wall_s, reader)
            answer = {"wall_s": time.monotonic() - started}
            if code == UNREADY:
                raise _unready(child)
            if reader.stopped:
                return Broken(*reader.stopped, child.said, interpret.usage(answer))
            if code is None:
                detail = f"no answer within {limits.wall_s:g} s"
                return Broken(Fault.TIMED_OUT, detail, child.said, interpret.usage(answer))
            if code != 0:
                fault, detail = interpret.exit_code(code, limits)
                return Broken(fault, detail, child.said, interpret.usage(answer))
            return interpret.answered(reader, answer, limits, child.said)

    def close(self) -> None:
        """Nothing is left between two jobs."""

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """An empty folder for one job."""
        root = self._setup.scratch
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(root)
        with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=root, ignore_cleanup_errors=True) as folder:
            yield Path(folder)


class _Child:
    """The process of one job. Its standard input is the line that its life hangs on.

    Threads of ours read what it prints and what it gives: nothing else can wait for both on every system.
    """

    def __init__(self, setup: Setup, folder: Path, job: Mapping[str, Any]) -> None:
        self._log_bytes = setup.limits.log_kb << 10
        self._said = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "wats_worker.sandbox.lone_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment.clean(folder), **dict(setup.capabilities.environment)},
            cwd=folder,
            start_new_session=True,  # so that all it starts can be ended with it; Windows has no such thing
        )
        self._line = cast("IO[bytes]", self._process.stdin)
        self._given: queue.Queue[bytes] = queue.Queue(_PIECES)
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._receiver = threading.Thread(target=self._receive, args=(self._process.stdout,), daemon=True)
        self._listener.start()
        self._receiver.start()
        message = {"setup": setup.to_json(), **job}
        with contextlib.suppress(BrokenPipeError):  # it is gone already; its exit code says so
            self._line.write(json.dumps(message).encode() + b"\n")
            self._line.flush()

    def wait(self, seconds: float, reader: ResultReader | None = None) -> int | None:
        """Its exit code, None if its time is over. Nothing of it is left afterwards.

        Args:
            seconds: How long it may take.
            reader: Is fed the result. Once it has enough the child is ended.
        """
        deadline = time.monotonic() + seconds
        try:
            while piece := self._given.get(timeout=max(0, deadline - time.monotonic())):
                if reader:
                    reader.feed(piece)
                    if reader.stopped:
                        return None
            return self._process.wait(max(0, deadline - time.monotonic()))
        except (queue.Empty, subprocess.TimeoutExpired):
            return None
        finally:
            self._end()

    @property
    def said(self) -> bytes:
        """What it has printed, as much as is kept."""
        return self._said

    def _listen(self, stream: IO[bytes]) -> None:
        """Read to the end, or it would stand still; printing too much fails no conversion."""
        with stream:
            while part := os.read(stream.fileno(), 65536):
                self._said += part[: self._log_bytes - len(self._said)]

    def _receive(self, stream: IO[bytes]) -> None:
        """Pass the result on; an empty piece is its end."""
        with stream:
            while piece := os.read(stream.fileno(), _PIECE_BYTES):
                self._given.put(piece)
            self._given.put(b"")

    def _end(self) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: all of them are dead
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        self._listener.join(_LAST_WORDS_S)
        with contextlib.suppress(queue.Empty):
            while self._receiver.is_alive():  # it may stand waiting for room; nobody wants what it has
                self._given.get(timeout=_LAST_WORDS_S)
        with contextlib.suppress(BrokenPipeError):
            self._line.close()


def _unready(child: _Child) -> JailUnavailable:
    said = child.said.decode(errors="backslashreplace").strip()
    return JailUnavailable(f"no process can be had to convert in: {said or 'it said nothing'}")


def _sweep(root: Path) -> None:
    """Remove the folders that killed workers left."""
    for folder in root.glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError):  # somebody else was faster
            if folder.stat().st_mtime < time.time() - _FORGOTTEN_S:
                shutil.rmtree(folder)
