"""The framing of results, and its reader, who believes nothing."""

import os
import socket
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wats_worker.sandbox import interpret, wire
from wats_worker.sandbox.kernel import sealed_memory
from wats_worker.sandbox.outcome import Usage
from wats_worker.sandbox.policy import Limits

SIZE = 4096


@pytest.fixture
def memory():
    descriptor = sealed_memory("test", SIZE)
    yield descriptor
    os.close(descriptor)


def writer(memory: int) -> wire.ResultWriter:
    return wire.ResultWriter(os.dup(memory))


@given(documents=st.lists(st.binary(max_size=40).map(lambda inner: b"{" + inner + b"}"), max_size=20))
def test_what_is_written_is_read(documents):
    """Every document byte for byte, in order."""
    memory = sealed_memory("test", SIZE)
    filled = writer(memory)
    for document in documents:
        filled.add(document)
    filled.close({"kind": "converted"})
    result = wire.read_result(memory, most_documents=20)
    os.close(memory)

    assert result.documents == tuple(documents)
    assert result.header == {"kind": "converted"}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    header=st.one_of(
        st.binary(max_size=100),
        st.dictionaries(
            st.sampled_from(
                ["kind", "lengths", "warnings", "scores", "faults", "reason", "detail", "trace", "peak_kb"]
            ),
            st.recursive(
                st.none()
                | st.booleans()
                | st.integers()
                | st.floats()
                | st.sampled_from(["converted", "probed", "failed"]),
                lambda inner: (
                    st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
                ),
                max_leaves=6,
            ),
        ).map(lambda values: wire.json.dumps(values).encode()),
    ),
    at=st.integers(0, 2**64 - 1) | st.integers(10, 60),
    length=st.integers(0, 2**32 - 1) | st.integers(0, 60) | st.none(),
    body=st.binary(max_size=60),
)
def test_no_bytes_make_the_reader_stumble(header, at, length, body):
    """Whatever lies in the memory, it is a result or it is refused by name."""
    memory = sealed_memory("test", SIZE)
    os.pwrite(memory, struct.pack("<4sQI", b"WJR1", at, len(header) if length is None else length), 0)
    os.pwrite(memory, body, 16)
    if at < SIZE - len(header):
        os.pwrite(memory, header, at)
    try:
        result = wire.read_result(memory, most_documents=20)
        interpret.outcome(
            result, Limits(), interpret.usage({"wall_s": 0.0, "cpu_s": 0.0}, result.header), b""
        )
    except wire.BadResult:
        pass
    finally:
        os.close(memory)


def test_an_empty_memory_is_no_result(memory):
    """As it is when a child died early, or lied about having finished."""
    with pytest.raises(wire.BadResult, match="no result"):
        wire.read_result(memory, most_documents=1)


def test_a_result_that_does_not_fit_is_full(memory):
    """The writer notices; the kernel would not let it grow anyway."""
    filled = writer(memory)

    with pytest.raises(wire.Full):
        filled.add(bytes(SIZE))

    with pytest.raises(PermissionError):
        os.ftruncate(memory, SIZE + 1)


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


def test_usage_takes_no_number_that_is_none():
    """The child tells its peak memory itself."""
    measured = {"wall_s": 1.0, "cpu_s": 0.5}

    assert interpret.usage(measured, {"peak_kb": 2048}) == Usage(1.0, 0.5, 2.0)
    assert interpret.usage(measured, {"peak_kb": -1}).peak_mb == 0
    assert interpret.usage(measured, {"peak_kb": True}).peak_mb == 0
    assert interpret.usage(measured, {"peak_kb": "1"}).peak_mb == 0
