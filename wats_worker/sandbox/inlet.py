"""The owner's end of the pipe that a result comes through."""

import contextlib
import fcntl
import os
from typing import Final

from wats_worker.sandbox.result import ResultReader

#: What the kernel lets a pipe hold at most, unless it is told otherwise.
_PIPE_BYTES: Final = 1024 * 1024


class Inlet:
    """A pipe into a reader. Its other end, ``writing``, is for the child.

    Args:
        reader: Is fed what comes.
    """

    def __init__(self, reader: ResultReader) -> None:
        self._reader = reader
        self._reading: int | None
        self._reading, writing = os.pipe2(os.O_CLOEXEC)
        self.writing = writing
        self._handed_over = False
        os.set_blocking(self._reading, False)
        with contextlib.suppress(OSError):  # many pipes of this user are that large; a small one will do
            fcntl.fcntl(self._reading, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def open(self) -> int | None:
        """What to wait on; None when nothing more is to come."""
        return self._reading

    def hand_over(self) -> None:
        """The child has its end now: with ours gone, the stream ends when the child does."""
        if not self._handed_over:
            self._handed_over = True
            os.close(self.writing)

    def pull(self) -> bool:
        """Take in what is there; whether there was anything."""
        if self._reading is None:
            return False
        try:
            piece = os.read(self._reading, _PIPE_BYTES)
        except BlockingIOError:
            return False
        if piece:
            self._reader.feed(piece)
        if not piece or self._reader.stopped:
            self._shut()  # a child that is still writing learns by this that it need not
        return bool(piece)

    def drain(self) -> None:
        """Take in all that is there."""
        while self.pull():
            pass

    def close(self) -> None:
        """Let go of both ends."""
        self.hand_over()
        self._shut()

    def _shut(self) -> None:
        if self._reading is not None:
            os.close(self._reading)
            self._reading = None
