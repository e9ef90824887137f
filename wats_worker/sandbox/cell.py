"""One zygote with its scratch folder, for all converters that are granted the same."""

import os
import stat
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wats_worker.sandbox import interpret, kernel, wire
from wats_worker.sandbox.handle import Silent, ZygoteProcess, from_main_thread
from wats_worker.sandbox.inlet import Inlet
from wats_worker.sandbox.outcome import Broken, Fault, Outcome, Probed, Usage
from wats_worker.sandbox.policy import Setup
from wats_worker.sandbox.result import ResultReader, Take
from wats_worker.sandbox.scratch import Scratch


class Cell:
    """Runs jobs one after the other, on a zygote that is started when it is needed.

    Args:
        setup: What the zygote is told; the scratch folder in it is the root below which this cell makes
            its own.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._scratch: Scratch | None = None
        self._zygote: ZygoteProcess | None = None

    def run(self, job: Mapping[str, Any], path: Path, take: Take) -> Outcome | Probed:
        """Do one job on a file, and give the reports that it makes to ``take`` as they come.

        Raises:
            OSError: the file can't be read.
            ValueError: the job is too long for a message.
            JailUnavailable: there is no zygote and none could be started.
        """
        message = wire.encode(job)
        source = _open(path)
        try:
            return self._do(message, source, take)
        finally:
            os.close(source)

    def _do(self, message: bytes, source: int, take: Take) -> Outcome | Probed:
        zygote = self._ready()
        limits = self._setup.limits
        reader = ResultReader(limits, take)
        log = kernel.sealed_memory("log", limits.log_kb << 10)
        inlet = Inlet(reader)
        began = time.monotonic()
        try:
            zygote.send(message, (source, inlet.writing, log))
            inlet.hand_over()
            answer = zygote.answer(inlet, wall_s=limits.wall_s)
            answer = {**answer, "whole_s": time.monotonic() - began}
            return self._conclude(answer, reader, self._read(log))
        except wire.Closed:
            said = self._read(log) + zygote.log()
            self.discard()
            return Broken(Fault.CRASHED, "the zygote died with the job", said, Usage())
        except Silent:
            self.discard()
            return Broken(Fault.TIMED_OUT, f"no answer within {limits.wall_s:g} s", self._read(log), Usage())
        except BaseException:
            self.discard()  # a time limit or Ctrl-C struck, perhaps before the answer was taken out
            raise
        finally:
            inlet.close()
            os.close(log)

    def start(self) -> None:
        """Have a zygote ready.

        Raises:
            JailUnavailable: none could be started.
        """
        self._ready()

    def discard(self) -> None:
        """End the zygote, if there is one; the next job gets a new one."""
        zygote, self._zygote = self._zygote, None
        if zygote is not None and zygote.owner == os.getpid():
            zygote.close()
        elif zygote is not None:
            zygote.forget()

    def close(self) -> None:
        """End the zygote and remove the scratch folder."""
        self.discard()
        self._leave_scratch()

    def _leave_scratch(self) -> None:
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.close()

    def _ready(self) -> ZygoteProcess:
        if self._zygote is not None and (self._zygote.owner != os.getpid() or not self._zygote.alive()):
            self.discard()
        if self._zygote is None:
            self._zygote = self._start()
        return self._zygote

    def _start(self) -> ZygoteProcess:
        self._leave_scratch()  # a zygote that died may have died over what it could not remove
        self._scratch = Scratch(self._setup.scratch)
        return ZygoteProcess.start(
            replace(
                self._setup,
                owner=os.getpid(),
                dies_with_owner_thread=from_main_thread(),
                scratch=self._scratch.path,
            )
        )

    def _conclude(self, answer: Mapping[str, Any], reader: ResultReader, log: bytes) -> Outcome | Probed:
        limits = self._setup.limits
        if reader.stopped:  # whatever became of the child that was not read to its end
            return Broken(*reader.stopped, log, interpret.usage(answer))
        if answer["ending"] != "answered":
            fault, detail = interpret.ending(answer, limits)
            return Broken(fault, detail, log, interpret.usage(answer))
        return interpret.answered(reader, answer, limits, log)

    def _read(self, log: int) -> bytes:
        return wire.read_log(log, self._setup.limits.log_kb << 10)


def _open(path: Path) -> int:
    """Open a regular file for reading. Non-blocking, or a pipe by that name would hang us for ever."""
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(source).st_mode):
        os.close(source)
        raise OSError(f"{path} is not a regular file")
    return source
