"""What a monitor does: asks a door that is really served, with or without a token."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prometheus_client.parser import text_string_to_metric_families

from wats_worker.control.descriptors import BY_NAME
from wats_worker.control.place import Place


@contextmanager
def asked(place: Place, *, token: str | None = None) -> Iterator[httpx.Client]:
    """A plain HTTP client, as curl is one: it knows nothing of protocols."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=str(place.socket)),
        base_url="http://line",
        headers=headers,
        timeout=30,
    ) as http:
        yield http


def samples(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """By metric and label values in their descriptor's order, what a scrape told."""
    told: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        metric = BY_NAME.get(family.name) or BY_NAME[f"{family.name}_total"]
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in (*metric.labels, "le") if name in sample.labels)
            told.setdefault(sample.name, {})[labels] = sample.value
    return told
