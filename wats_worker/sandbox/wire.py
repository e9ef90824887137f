"""What crosses the borders of the jail, and how: short JSON messages, and one framed result.

Messages travel over a SEQPACKET socket: one send is one receive, descriptors ride along. The result of a
conversion lies in sealed memory that the child fills and the owner reads once the child has answered:

    offset 0   magic, offset of the header, length of the header   (16 bytes, little endian)
    offset 16  the documents, one after the other
    then       the header: JSON, with the length of each document

Nothing here trusts the other side. What does not fit exactly is a ``BadResult``.
"""

import json
import mmap
import os
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

LONGEST_MESSAGE: Final = 128 * 1024
_LONGEST_HEADER: Final = 1024 * 1024
_START: Final = struct.Struct("<4sQI")
_MAGIC: Final = b"WJR1"


class BadResult(Exception):
    """What lies in the result memory is not a result."""


class Full(Exception):
    """The result does not fit into the memory it was given."""


class Closed(Exception):
    """The other side has closed the socket, or is gone."""


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as it travels.

    Raises:
        ValueError: it is longer than the other side would take.
    """
    body = json.dumps(message, separators=(",", ":")).encode()
    if len(body) > LONGEST_MESSAGE:
        raise ValueError(f"a message to the jail may have {LONGEST_MESSAGE} bytes, this one has {len(body)}")
    return body


def send(channel: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one message.

    Raises:
        ValueError: it is too long.
        Closed: nobody is there.
    """
    forward(channel, encode(message))


def forward(channel: socket.socket, body: bytes, descriptors: Sequence[int] = ()) -> None:
    """Send a message that is encoded already, with descriptors."""
    try:
        socket.send_fds(channel, [body], list(descriptors))
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Closed from error


def receive(channel: socket.socket, descriptors: int = 0) -> tuple[bytes, list[int]]:
    """The next message and the descriptors that came with it; see ``read``.

    Raises:
        Closed: nobody is there any more.
    """
    try:
        body, arrived, flags, _ = socket.recv_fds(
            channel, LONGEST_MESSAGE, descriptors, socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError as error:
        raise Closed from error
    if not body:
        raise Closed
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(arrived) != descriptors:
        for descriptor in arrived:
            os.close(descriptor)
        raise Closed  # not our protocol: there is nobody to talk to
    return body, arrived


def read(body: bytes) -> dict[str, Any]:
    """A message as a dictionary.

    >>> read(b'{"job":1}')
    {'job': 1}
    """
    message = json.loads(body)
    if not isinstance(message, dict):
        raise BadResult("a message is a JSON object")
    return message


class ResultWriter:
    """Fills the result memory, document by document, in the child.

    Through a mapping and not with write(2): the file size limit of the jail is made for scratch files and
    need not be as large as the largest result. Takes over the descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, 0)
        os.close(descriptor)
        self._position = _START.size
        self._lengths: list[int] = []

    def add(self, document: bytes) -> None:
        """Append one document.

        Raises:
            Full: it does not fit.
        """
        self._put(document)
        self._lengths.append(len(document))

    def drop(self) -> None:
        """Forget the documents: the conversion did not come to its end."""
        self._position = _START.size
        self._lengths = []

    def close(self, header: Mapping[str, Any]) -> None:
        """Write the header; only now there is a result."""
        body = json.dumps({**header, "lengths": self._lengths}).encode()
        at = self._position
        if len(body) > _LONGEST_HEADER:
            raise Full
        self._put(body)
        self._memory[: _START.size] = _START.pack(_MAGIC, at, len(body))

    def _put(self, content: bytes) -> None:
        end = self._position + len(content)
        if end > len(self._memory):
            raise Full
        self._memory[self._position : end] = content
        self._position = end


@dataclass(frozen=True)
class Result:
    """What a child left in the result memory."""

    header: Mapping[str, Any]
    documents: tuple[bytes, ...]


def read_result(descriptor: int, *, most_documents: int) -> Result:
    """Read the result memory, believing nothing.

    The bytes are copied out before they are looked at: a child that is not quite dead yet could still
    change the memory.

    Raises:
        BadResult: it does not hold exactly one well-formed result.
    """
    size = os.fstat(descriptor).st_size
    magic, at, length = _START.unpack(os.pread(descriptor, _START.size, 0))
    if magic != _MAGIC:
        raise BadResult("the converter left no result")
    if length > _LONGEST_HEADER or at < _START.size or at + length > size:
        raise BadResult("the result's header lies outside the result")
    header = _read_header(os.pread(descriptor, length, at))
    lengths = header.pop("lengths", None)
    if not isinstance(lengths, list) or len(lengths) > most_documents:
        raise BadResult("the result's list of lengths is not one, or too long")
    if not all(type(one) is int and one > 0 for one in lengths) or sum(lengths) != at - _START.size:
        raise BadResult("the lengths do not add up to the documents")
    return Result(header, tuple(_split(os.pread(descriptor, at - _START.size, _START.size), lengths)))


def _split(body: bytes, lengths: Iterable[int]) -> Iterable[bytes]:
    start = 0
    for length in lengths:
        document = body[start : start + length]
        if not (document.startswith(b"{") and document.endswith(b"}")):
            raise BadResult("a document is not a JSON object")
        yield document
        start += length


def _read_header(body: bytes) -> dict[str, Any]:
    try:
        header = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadResult(f"the result's header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise BadResult("the result's header is not a JSON object")
    return header


def read_log(descriptor: int, size: int) -> bytes:
    """What was printed into a log memory: up to where the last writer stood, never more than there is."""
    written = min(os.lseek(descriptor, 0, os.SEEK_CUR), size)
    return os.pread(descriptor, written, 0).rstrip(b"\0")
