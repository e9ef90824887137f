"""One trace for each file, from its folder to the server's answer, for whoever configures ``[telemetry]``.

    file ── claim ── convert ─┬─ jail      ── deliver ── post
                              └─ offer

Nothing travels for it: a file's id is as long as a trace's, so it *is* the trace's, and every process tells
its own part under it. A span carries ids and numbers, never what is in a file or where it lies. Off, which
is the default, it costs a call that does nothing.
"""

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from wats_worker.version import RELEASE

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanContext

log = logging.getLogger(__name__)

Fact = str | int | float | bool

#: Spans are sent together after so many milliseconds; a process that is killed loses no more.
_EVERY_MS: Final = 1000
#: Seconds for the collector to take them. Nothing waits for it.
_PATIENCE_S: Final = 5


@dataclass
class Span:
    """One piece of work on a file, while it is under way."""

    file_id: str
    number: int = 0
    facts: dict[str, Fact] = field(default_factory=dict)
    failed: str = ""  #: why, in a word

    def add(self, **facts: Fact | None) -> None:
        """What is known only now."""
        self.facts |= {name: value for name, value in facts.items() if value is not None}


class Traces(Protocol):
    """Tells spans, or keeps them to itself."""

    def span(
        self, name: str, file_id: str, *, within: Span | None = None, **facts: Fact
    ) -> AbstractContextManager[Span]:
        """A piece of work on a file, for as long as the block lasts.

        Args:
            name: What is done.
            file_id: To which file.
            within: The larger piece of work that it belongs to.
            facts: Ids and numbers.
        """

    def past(self, name: str, file_id: str, *, lasted_s: float, **facts: Fact) -> None:
        """A piece of work on a file that has just ended."""

    def whole(self, file_id: str, *, began_at: float, failed: str = "", **facts: Fact) -> None:
        """A file has come to its end, well or not: the span that holds all others of it."""

    @property
    def on(self) -> bool:
        """Whether anybody listens, for what would have to be asked for first."""

    def close(self) -> None:
        """Send what is left."""


class Silence:
    """Tells nothing."""

    on = False

    def span(
        self, name: str, file_id: str, *, within: Span | None = None, **facts: Fact
    ) -> AbstractContextManager[Span]:
        """Nothing."""
        del name, file_id, within, facts
        return _NOTHING

    def past(self, name: str, file_id: str, *, lasted_s: float, **facts: Fact) -> None:
        """Nothing."""

    def whole(self, file_id: str, *, began_at: float, failed: str = "", **facts: Fact) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class _Deaf(Span):
    """A span that nobody hears of, so nothing has to be kept."""

    def add(self, **facts: Fact | None) -> None:
        """Nothing."""


_NOTHING: Final = nullcontext[Span](_Deaf(""))
SILENCE: Final = Silence()


class Wanted(Protocol):
    """The ``[telemetry]`` section."""

    @property
    def endpoint(self) -> str | None:
        """Where the collector is."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What it wants to be told with every request."""


def traces(wanted: Wanted, stage: str, worker: str) -> Traces:
    """What tells the spans of this process; silence if nobody wants them.

    Args:
        wanted: The configuration.
        stage: What this process does.
        worker: Its name.
    """
    if wanted.endpoint is None:
        return SILENCE
    try:
        return _Told(wanted.endpoint, wanted.headers, stage, worker)
    except ImportError as missing:
        # A line without traces works, so this stops nothing; but somebody wanted them.
        hint = "pip install 'wats-worker[otel]', or take [telemetry] endpoint out"
        log.error("traces_not_told", extra={"reason": str(missing), "hint": hint})
        return SILENCE


class _Told:
    """Tells a collector, over OTLP and HTTP."""

    on = True

    def __init__(self, endpoint: str, headers: Mapping[str, str], stage: str, worker: str) -> None:
        # An extra, and slow to load: nobody else should pay for it.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

        exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=_PATIENCE_S)
        self._processor: SpanProcessor = BatchSpanProcessor(exporter, schedule_delay_millis=_EVERY_MS)
        self._scope = InstrumentationScope("wats-worker", RELEASE)
        self._resource = Resource(
            {
                "service.name": "wats-worker",
                "service.version": RELEASE,
                "service.instance.id": worker,
                "wats.stage": stage,
            }
        )

    @contextmanager
    def span(self, name: str, file_id: str, *, within: Span | None = None, **facts: Fact) -> Iterator[Span]:
        """A piece of work on a file, for as long as the block lasts."""
        span = Span(file_id, _number(), dict(facts))
        began, at = time.time_ns(), time.monotonic_ns()
        try:
            yield span
        except BaseException as error:
            span.failed = type(error).__name__
            raise
        finally:
            parent = within.number if within and within.number else _root(file_id)
            self._tell(name, span, parent, began, began + time.monotonic_ns() - at)

    def past(self, name: str, file_id: str, *, lasted_s: float, **facts: Fact) -> None:
        """A piece of work on a file that has just ended."""
        now = time.time_ns()
        span = Span(file_id, _number(), dict(facts))
        self._tell(name, span, _root(file_id), now - round(lasted_s * 1e9), now)

    def whole(self, file_id: str, *, began_at: float, failed: str = "", **facts: Fact) -> None:
        """A file has come to its end."""
        span = Span(file_id, _root(file_id), dict(facts), failed)
        self._tell("file", span, None, int(began_at * 1e9), time.time_ns())

    def close(self) -> None:
        """Send what is left."""
        self._processor.shutdown()

    def _tell(self, name: str, span: Span, parent: int | None, began_ns: int, ended_ns: int) -> None:
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415  as above
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        told = ReadableSpan(
            name=name,
            context=_context(span.file_id, span.number),
            parent=None if parent is None else _context(span.file_id, parent),
            resource=self._resource,
            attributes={
                f"wats.{key}": value for key, value in (span.facts | {"file_id": span.file_id}).items()
            },
            status=Status(StatusCode.ERROR, span.failed) if span.failed else Status(StatusCode.OK),
            start_time=began_ns,
            end_time=max(began_ns, ended_ns),
            instrumentation_scope=self._scope,
        )
        self._processor.on_end(told)


def _number() -> int:
    return secrets.randbits(64) or 1


def _root(file_id: str) -> int:
    """The number of the span that holds all others of a file, known to each process."""
    return int(file_id[:16], 16) or 1


def _context(file_id: str, number: int) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415  as above

    return SpanContext(
        int(file_id, 16) or 1, number, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
