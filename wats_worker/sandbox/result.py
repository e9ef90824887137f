"""The result of a job on its way out of the jail: the reports one by one as they are made, the header last.

    kind (1 byte: R a report, H the header), length (4 bytes, little endian), so many bytes; and so on

It goes through a pipe that the owner reads while the child works. So neither of them holds more than one
report, however many a file has, and a child that is faster than its owner waits. What comes before the header
counts for nothing until the header says that the conversion came to its end.

The reader believes nothing. What does not fit exactly is no result.
"""

import json
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wats_worker.sandbox.outcome import Fault
from wats_worker.sandbox.policy import Limits

#: Is given each report as it comes.
Take = Callable[[bytes], object]

_FRAME: Final = struct.Struct("<cI")
_REPORT: Final = b"R"
_HEADER: Final = b"H"
_LONGEST_HEADER: Final = 1024 * 1024
#: Small reports travel together: a system call for each would cost more than most of them.
_PORTION: Final = 128 * 1024
_BEHIND: Final = "something comes behind the header of the result"


class BadResult(Exception):
    """What came out of the jail is not a result."""


class Unwanted(Exception):
    """The owner reads no further. Raised in the child, for which there is nothing left to do."""


class ResultWriter:
    """Writes the result, in the child. Takes over the descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = descriptor
        self._waiting = bytearray()
        self.reports = 0  #: how many were made

    def add(self, document: bytes) -> None:
        """Send one report.

        Raises:
            Unwanted: nobody reads it.
        """
        self._put(_REPORT, document)
        self.reports += 1
        if len(self._waiting) >= _PORTION:
            self._flush()

    def drop(self) -> None:
        """Forget what is not sent yet: the conversion did not come to its end."""
        self._waiting.clear()

    def close(self, header: Mapping[str, Any]) -> None:
        """Send the header; only now there is a result.

        Raises:
            Unwanted: nobody reads it.
        """
        self._put(_HEADER, json.dumps(header).encode())
        self._flush()

    def _put(self, kind: bytes, content: bytes) -> None:
        self._waiting += _FRAME.pack(kind, len(content))
        self._waiting += content

    def _flush(self) -> None:
        with memoryview(self._waiting) as waiting:
            sent = 0
            while sent < len(waiting):
                try:
                    sent += os.write(self._pipe, waiting[sent : sent + _PORTION])
                except BrokenPipeError:
                    raise Unwanted from None
        self._waiting.clear()


@dataclass(frozen=True)
class Result:
    """What a child had to say when it was through."""

    header: Mapping[str, Any]
    reports: int  #: how many were taken


class ResultReader:
    """Takes a result apart as it comes, in the owner.

    Args:
        limits: How much of it there may be.
        take: Is given each report.
    """

    def __init__(self, limits: Limits, take: Take) -> None:
        self._limits = limits
        self._take = take
        self._rest = bytearray()
        self._reports = 0
        self._bytes = 0
        self._header: Mapping[str, Any] | None = None
        #: Why no more of it is wanted, if that is so.
        self.stopped: tuple[Fault, str] | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the stream, of any length. Nothing more may come once it has stopped."""
        self._rest += piece
        at = 0
        try:
            while self.stopped is None and (end := self._frame_end(at)) is not None:
                with memoryview(self._rest) as rest:
                    kind, content = bytes(rest[at : at + 1]), bytes(rest[at + _FRAME.size : end])
                self._frame(kind, content)
                at = end
        except BadResult as bad:
            self.stopped = Fault.BAD_RESULT, str(bad)
        del self._rest[:at]

    def result(self) -> Result:
        """What it came to.

        Raises:
            BadResult: its end is missing.
        """
        if self._header is None:
            raise BadResult("the converter left no result")
        if self._rest:
            raise BadResult(_BEHIND)
        return Result(self._header, self._reports)

    def _frame_end(self, at: int) -> int | None:
        """Where the frame ends that begins here; None while it is not all there, or if it is too long.

        Raises:
            BadResult: it is none that could be meant.
        """
        if len(self._rest) - at < _FRAME.size:
            return None
        kind, length = _FRAME.unpack_from(self._rest, at)
        if self._header is not None:
            raise BadResult(_BEHIND)
        if kind not in {_REPORT, _HEADER}:
            raise BadResult("what came out is no result")
        if kind == _HEADER and length > _LONGEST_HEADER:
            raise BadResult(f"a header of {length} bytes")
        if kind == _REPORT and length > self._limits.report_mb << 20:
            most = f"{self._limits.report_mb} MB is the most that is read"
            self.stopped = Fault.TOO_MUCH_OUTPUT, f"a report of {length >> 20} MB; {most}"
            return None
        end: int = at + _FRAME.size + length
        return end if end <= len(self._rest) else None

    def _frame(self, kind: bytes, content: bytes) -> None:
        if kind == _HEADER:
            self._header = _read_header(content)
        else:
            self._report(content)

    def _report(self, document: bytes) -> None:
        if not (document.startswith(b"{") and document.endswith(b"}")):
            raise BadResult("a report is not a JSON object")
        # Nothing else bounds what becomes of it: "[]," takes three bytes here and a hundred where it is read.
        if sum(map(document.count, (b",", b"[", b"{"))) > self._limits.report_values:
            raise BadResult(f"a report of more than {self._limits.report_values} values")
        self._reports += 1
        self._bytes += len(document)
        if self._bytes > self._limits.output_mb << 20:
            self.stopped = Fault.TOO_MUCH_OUTPUT, f"more than {self._limits.output_mb} MB of reports"
        elif self._reports > self._limits.reports:
            self.stopped = Fault.TOO_MUCH_OUTPUT, f"more than {self._limits.reports} reports"
        else:
            self._take(document)


def _read_header(body: bytes) -> dict[str, Any]:
    try:
        header = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadResult(f"the result's header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise BadResult("the result's header is not a JSON object")
    return header
