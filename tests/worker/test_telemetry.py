"""One trace for each file, told to a collector that is really there."""

import sys
import time
import timeit

import pytest
from collector import collecting

from wats_worker.settings.telemetry import TelemetrySettings
from wats_worker.telemetry import SILENCE, traces

FILE = "0123456789abcdef" * 2


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


def told(collector, **settings):
    return traces(TelemetrySettings(endpoint=collector.endpoint, **settings), "convert", "h-convert-1")


def test_the_trace_of_a_file_has_the_files_own_id(collector):
    """So each process finds it without being told, and a log line leads to it."""
    tracer = told(collector)
    with tracer.span("convert", FILE, source="ict") as span, tracer.span("jail", FILE, within=span) as jailed:
        jailed.add(converter="stdf", missing=None)
    tracer.whole(FILE, began_at=1.0)
    tracer.close()

    whole, convert, jail = collector.spans(FILE)

    assert (whole["name"], whole["id"], whole["parent"], whole["start"]) == ("file", FILE[:16], "", 10**9)
    assert (convert["name"], convert["parent"], convert["wats.source"]) == ("convert", FILE[:16], "ict")
    assert (jail["parent"], jail["wats.converter"], jail["stage"]) == (convert["id"], "stdf", "convert")
    assert jail["wats.file_id"] == FILE
    assert "wats.missing" not in jail


def test_a_span_that_is_left_by_an_error_says_so(collector):
    """With the error's kind; its text may hold what is nobody's business."""
    tracer = told(collector)
    with pytest.raises(ValueError, match="secret"), tracer.span("post", FILE):
        raise ValueError("secret")
    tracer.past("claim", FILE, lasted_s=2)
    tracer.close()

    claim, post = collector.spans(FILE)

    assert post["failed"] == "ValueError"
    assert claim["end"] - claim["start"] == 2_000_000_000
    assert b"secret" not in collector.everything()


def test_the_collector_is_told_who_comes(collector):
    """If it asks for it; the token is in a file like every other secret."""
    tracer = told(collector, authorization="Bearer abc")
    tracer.past("claim", FILE, lasted_s=1)
    tracer.close()

    assert collector.headers[0]["authorization"] == "Bearer abc"


def test_a_collector_that_is_away_is_in_nobodys_way():
    """Work goes on, and the span is lost."""
    tracer = traces(TelemetrySettings(endpoint="http://127.0.0.1:9"), "convert", "h-convert-1")
    began = time.monotonic()
    with tracer.span("convert", FILE):
        pass
    worked_s = time.monotonic() - began
    tracer.close()

    assert worked_s < 0.5
    assert time.monotonic() - began < 10


def test_without_a_collector_nothing_is_told():
    """And nothing that tells is loaded."""
    assert traces(TelemetrySettings(), "convert", "h-convert-1") is SILENCE


def test_silence_costs_next_to_nothing():
    """A handful of these is a file's share: far below anything that could be measured on a line."""

    def work():
        with SILENCE.span("convert", FILE, source="ict") as span:
            span.add(state="converted")

    assert min(timeit.repeat(work, number=1000, repeat=5)) / 1000 < 20e-6


def test_traces_without_the_extra_are_an_error_in_the_log(collector, monkeypatch, caplog):
    """The line works all the same; whoever wanted them reads what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    assert told(collector) is SILENCE
    assert "wats-worker[otel]" in caplog.records[0].hint
