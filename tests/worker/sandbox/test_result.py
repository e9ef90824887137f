"""The stream that a result comes in, and its reader, who believes nothing."""

import contextlib
import json
import os
import struct
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wats_worker.sandbox import interpret
from wats_worker.sandbox.inlet import Inlet
from wats_worker.sandbox.outcome import Fault, Usage
from wats_worker.sandbox.policy import Limits
from wats_worker.sandbox.result import BadResult, ResultReader, ResultWriter, Unwanted

CONVERTED = {"kind": "converted", "warnings": []}
REPORTS = st.lists(st.binary(max_size=40).map(lambda inner: b"{" + inner + b"}"), max_size=20)


def written(reports, header):
    """The bytes that a child sends."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        writer = ResultWriter(writing)
        for report in reports:
            writer.add(report)
        writer.close(header)
        os.close(writing)
        return stream.read()


def read(stream, pieces=1, limits=None):
    """What a reader makes of a stream that comes in pieces of this length."""
    taken = []
    reader = ResultReader(limits or Limits(), taken.append)
    for at in range(0, len(stream), pieces):
        if not reader.stopped:
            reader.feed(stream[at : at + pieces])
    return reader, taken


@given(reports=REPORTS, pieces=st.integers(1, 300))
def test_what_is_written_is_read(reports, pieces):
    """Every report byte for byte, in order, however the stream is cut."""
    reader, taken = read(written(reports, CONVERTED), pieces)

    assert taken == reports
    assert reader.result().header == CONVERTED
    assert reader.result().reports == len(reports)


def test_a_report_is_there_before_the_next_one_is_made():
    """Or a file of a thousand units would be held in memory after all."""
    first = written([b"{1}"], {})[:8]

    reader, taken = read(first)

    assert taken == [b"{1}"]
    assert reader.stopped is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    header=st.one_of(
        st.binary(max_size=100),
        st.dictionaries(
            st.sampled_from(["kind", "warnings", "scores", "faults", "reason", "detail", "trace", "peak_kb"]),
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
        ).map(lambda values: json.dumps(values).encode()),
    ),
    length=st.integers(0, 2**32 - 1) | st.integers(0, 60) | st.none(),
    kind=st.sampled_from([b"H", b"R", b"X"]),
    body=st.binary(max_size=60),
)
def test_no_bytes_make_the_reader_stumble(header, length, kind, body):
    """Whatever comes, it is a result or it is refused by name."""
    frame = struct.pack("<cI", kind, len(header) if length is None else length) + header
    reader, _ = read(body + frame, pieces=7)

    if not reader.stopped:
        answer = {"wall_s": 0.0, "cpu_s": 0.0}
        interpret.answered(reader, answer, Limits(), b"")


@pytest.mark.parametrize(
    ("limits", "reports", "fault"),
    [
        (Limits(output_mb=1), [b"{" + b"x" * 600_000 + b"}"] * 2, Fault.TOO_MUCH_OUTPUT),
        (Limits(reports=2), [b"{}"] * 3, Fault.TOO_MUCH_OUTPUT),
        (Limits(report_mb=1), [b"{" + b"x" * 2_000_000 + b"}"], Fault.TOO_MUCH_OUTPUT),
        (Limits(report_values=9), [b"{" + b"," * 9 + b"}"], Fault.BAD_RESULT),
    ],
)
def test_more_than_is_granted_stops_the_reader(limits, reports, fault):
    """It takes nothing that goes beyond, and says by what it was stopped."""
    stream = b"".join(struct.pack("<cI", b"R", len(report)) + report for report in reports)

    reader, taken = read(stream, pieces=4096, limits=limits)

    assert reader.stopped[0] is fault
    assert len(taken) < len(reports)


@pytest.mark.parametrize("cut", [0, 3, 7, 9, 20])
def test_a_result_without_its_end_is_none(cut):
    """As it is when a child died early, or lied about having finished."""
    reader, _ = read(written([b"{1}"], CONVERTED)[:cut])

    with pytest.raises(BadResult, match="no result"):
        reader.result()


def test_a_child_whose_owner_reads_no_further_is_told():
    """It need not work on for nobody."""
    inlet = Inlet(ResultReader(Limits(reports=1), bytes))
    writer = ResultWriter(inlet.writing)
    told = threading.Event()

    def work():
        with contextlib.suppress(Unwanted):
            while True:
                writer.add(b"{" + b" " * 100_000 + b"}")
        told.set()

    worker = threading.Thread(target=work)
    worker.start()
    while inlet.open is not None:
        inlet.pull()
    worker.join(10)
    inlet.close()

    assert told.is_set()


def test_usage_takes_no_number_that_is_none():
    """The child tells its peak memory itself."""
    measured = {"wall_s": 1.0, "cpu_s": 0.5}

    assert interpret.usage(measured, {"peak_kb": 2048}) == Usage(1.0, 0.5, 2.0)
    assert interpret.usage(measured, {"peak_kb": -1}).peak_mb == 0
    assert interpret.usage(measured, {"peak_kb": True}).peak_mb == 0
    assert interpret.usage(measured, {"peak_kb": "1"}).peak_mb == 0
