"""Messages between owner, zygote and child."""

import os
import socket

import pytest

from wats_worker.sandbox import wire
from wats_worker.sandbox.kernel import sealed_memory

SIZE = 4096


@pytest.fixture
def memory():
    descriptor = sealed_memory("test", SIZE)
    yield descriptor
    os.close(descriptor)


def test_a_message_comes_with_its_descriptors():
    """Or it is no message of ours."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        wire.forward(ours, wire.encode({"job": 1}), (0, 1))
        body, descriptors = wire.receive(theirs, 2)
        for descriptor in descriptors:
            os.close(descriptor)
        wire.forward(ours, wire.encode({"job": 2}), (0,))

        assert wire.read(body) == {"job": 1}
        assert len(descriptors) == 2
        with pytest.raises(wire.Closed):
            wire.receive(theirs, 2)


def test_a_log_ends_where_its_writer_stood(memory):
    """And never beyond the memory, wherever the writer moved to."""
    os.write(memory, b"said")
    said = wire.read_log(memory, SIZE)
    os.lseek(memory, 1 << 50, os.SEEK_SET)

    assert said == b"said"
    assert wire.read_log(memory, SIZE) == b"said"
