"""Short JSON messages between owner, zygote and child, and what a child has printed.

Messages travel over a SEQPACKET socket: one send is one receive, descriptors ride along. Nothing here trusts
the other side. The result of a job goes its own way, see ``result``.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final

LONGEST_MESSAGE: Final = 128 * 1024


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
        raise TypeError("a message is a JSON object")
    return message


def read_log(descriptor: int, size: int) -> bytes:
    """What was printed into a log memory: up to where the last writer stood, never more than there is."""
    written = min(os.lseek(descriptor, 0, os.SEEK_CUR), size)
    return os.pread(descriptor, written, 0).rstrip(b"\0")
