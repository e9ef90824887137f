"""``/metrics``: the whole factory in numbers, for a Prometheus. The same from every replica."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from wats_broker.access import Scope
from wats_broker.errors import BrokerError
from wats_broker.metrics import Histogram, Labels, Metrics, Readings
from wats_worker.control.descriptors import METRICS, Kind, Metric
from wats_worker.control.desk import Desk
from wats_worker.control.door import needs
from wats_worker.control.fresh import Fresh
from wats_worker.control.gauges import gauges, spool_gauges

#: The two formats, for the document.
_TOLD: Final = {
    kind: {"schema": {"type": "string"}} for kind in ("text/plain", "application/openmetrics-text")
}
#: Seconds for which an answer is good enough for another scraper.
_FRESH_S: Final = 1.0
#: Seconds after which it is asked again which converters there are.
_CONVERTERS_S: Final = 60.0
#: Told where nothing is known yet, and for what the configuration does not know.
_NONE, _OTHER = "none", "other"


def router(desk: Desk) -> APIRouter:
    """The route."""
    rooms = APIRouter(tags=["metrics"])
    scraped = Fresh(Factory(desk).read, for_s=_FRESH_S)
    closed = [] if desk.settings.control.open_metrics else [Depends(needs(Scope.READ))]

    @rooms.get("/metrics", dependencies=closed, response_class=Response, responses={200: {"content": _TOLD}})
    def metrics(request: Request) -> Response:
        """Tell the factory's metrics, in the format of Prometheus or of OpenMetrics."""
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(_Once(scraped.get())), headers={"Content-Type": content_type})

    return rooms


class Factory:
    """Reads all metrics of one factory."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept = Metrics(desk.redis, desk.keys)
        self._converters = Fresh(self._converter_names, for_s=_CONVERTERS_S)

    def read(self) -> list[Family]:
        """Every metric that is described, in that order. Without the broker little has a value."""
        values: dict[str, dict[Labels, float]] = {}
        histograms: dict[str, dict[Labels, Histogram]] = {}
        try:
            readings = self._kept.read()
            for name, labels, value in gauges(self._desk):
                values.setdefault(name, {})[labels] = value
            values["wats_events_total"] = self._events()
            for metric in METRICS:
                if metric.kind is Kind.COUNTER and metric.family:
                    values[metric.name] = self._counter(metric, readings)
                elif metric.kind is Kind.HISTOGRAM:
                    histograms[metric.name] = self._histogram(metric, readings)
            values["wats_broker_up"] = {(): 1}
        except (RedisError, BrokerError):
            values = {"wats_broker_up": {(): 0}}
        for name, labels, value in spool_gauges(self._desk):
            values.setdefault(name, {})[labels] = value
        return [
            _family(metric, values.get(metric.name, {}), histograms.get(metric.name, {}))
            for metric in METRICS
        ]

    def _events(self) -> dict[Labels, float]:
        counters = self._desk.journal.counters()
        return {
            (name.removeprefix("event:"),): count
            for name, count in counters.items()
            if name.startswith("event:")
        }

    def _counter(self, metric: Metric, readings: Readings) -> dict[Labels, float]:
        told: dict[Labels, float] = {}
        share = 1_000_000 if metric.name.endswith("_seconds_total") else 1  # kept in microseconds
        for labels, count in readings.counter(metric.family).items():
            folded = self._fold(metric, labels)
            told[folded] = told.get(folded, 0) + count / share
        return told

    def _histogram(self, metric: Metric, readings: Readings) -> dict[Labels, Histogram]:
        told: dict[Labels, Histogram] = {} if metric.labels else {(): Histogram()}
        for labels, found in readings.histogram(metric.family).items():
            told.setdefault(self._fold(metric, labels), Histogram()).add(found)
        return told

    def _fold(self, metric: Metric, labels: Labels) -> Labels:
        """What the configuration does not know is told as one, so that no label ever has many values."""
        known: Mapping[str, Callable[[], Collection[str]]] = {
            "source": lambda: self._sources,
            "converter": self._converters.get,
        }
        return tuple(
            value if value == _NONE or name not in known or value in known[name]() else _OTHER
            for name, value in zip(metric.labels, labels, strict=True)
        )

    @property
    def _sources(self) -> set[str]:
        return {source.name for source in self._desk.settings.all_sources()}

    def _converter_names(self) -> set[str]:
        return {card.name for card in self._desk.neighbours.converters() if card.name}


class _Once(Collector):
    """What was read, as the encoder wants it."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families


def _family(metric: Metric, values: Mapping[Labels, float], histograms: Mapping[Labels, Histogram]) -> Family:
    if metric.kind is Kind.HISTOGRAM:
        told = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
        for labels, found in sorted(histograms.items()):
            buckets = [(_le(bound), count) for bound, count in found.cumulated()]
            told.add_metric(labels, buckets, found.sum_s)
        return told
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.text, labels=metric.labels)
    for labels, value in sorted(values.items()):
        family.add_metric(labels, float(value))
    return family


def _le(bound: float) -> str:
    """A bucket's bound as Prometheus writes it."""
    return "+Inf" if bound == float("inf") else repr(bound)
